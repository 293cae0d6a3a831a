"""Signing in the parties' order by mail: who waits is told so, and whose turn it becomes is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from signing_service.store.tables import OutboxMail
from signing_service.store.tables import Person as PersonRow
from signing_service.workflow.approvals import Password
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.enrolment import invite
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.overview import followed
from signing_service.workflow.paper import Page, attest, begin_attestation
from signing_service.workflow.refusal import refuse
from signing_service.workflow.reminders import remind_all
from tests.cast import ALES, HOA, LIN, PASSWORD, SOMCHAI, Person
from tests.workflow.devices import Devices
from tests.workflow.test_paper import SCAN
from tests.workflow.world import SIGNERS, World, source

IN_TURNS = 'signatures = { kind = "all" }\norder = "in-turns"\nminimum_assurance = "service"\npaper = "counts"\n'
WAITS = "Others sign before you"
TURN = "It is your turn to sign: Test Agreement (TEST/1)"


def in_turns(world: World) -> World:
    """A published agreement that Lin, Somchai and Ales sign one after the other, and Hoa as a guest."""
    agreement = create_draft(world.service, world.officer, source(rules=IN_TURNS))
    today = world.clock.now.date()
    for person in SIGNERS:
        authority = Authority("Rector's office", today, today + timedelta(days=90))
        give_mandate(world.service, world.officer, agreement, person.signer, world.ids[person], authority)
    return replace(world, agreement=agreement).publish()


@pytest.fixture
def turns(world: World) -> World:
    """As in_turns."""
    return in_turns(world)


def mails_to(world: World, person: Person) -> list[OutboxMail]:
    """The agreement's mails to a person, the oldest first."""
    with world.service.database.read() as session:
        query = select(OutboxMail).where(OutboxMail.agreement == world.agreement).order_by(OutboxMail.id)
        return list(session.scalars(query.where(OutboxMail.person == world.ids[person])))


def told_of_turn(world: World) -> list[str]:
    """To whom it was written that it is their turn."""
    with world.service.database.read() as session:
        query = select(OutboxMail.recipient).where(OutboxMail.subject == TURN).order_by(OutboxMail.id)
        return list(session.scalars(query))


def decline(world: World, person: Person) -> None:
    refuse(world.service, world.ids[person], world.agreement, person.signer, "No.", Password(PASSWORD))


def never_here(world: World, person: Person) -> None:
    with world.service.database.begin() as session:
        session.get_one(PersonRow, world.ids[person]).password_hash = None


def test_an_invitation_names_the_agreement_and_says_whether_others_sign_first(turns: World) -> None:
    for person, waits in ((LIN, False), (SOMCHAI, True), (ALES, True), (HOA, False)):
        mail = mails_to(turns, person)[-1]
        assert mail.subject == "Please sign: Test Agreement (TEST/1)"
        assert (WAITS in mail.text, WAITS in (mail.html or "")) == (waits, waits), person.name


def test_each_is_told_once_when_the_one_before_has_signed(turns: World) -> None:
    assert told_of_turn(turns) == []
    turns.sign(HOA)
    assert told_of_turn(turns) == [], "a guest's signature is in nobody's way"
    turns.sign(LIN)
    assert told_of_turn(turns) == [SOMCHAI.email]
    turns.sign(SOMCHAI)
    assert told_of_turn(turns) == [SOMCHAI.email, ALES.email]
    turns.sign(ALES)
    assert told_of_turn(turns) == [SOMCHAI.email, ALES.email]


def test_in_any_order_nobody_is_told_of_a_turn_or_of_others_before(world: World) -> None:
    world.publish()
    world.sign(LIN)
    assert told_of_turn(world) == []
    assert WAITS not in mails_to(world, SOMCHAI)[-1].text


def test_declining_passes_the_turn_on_and_signing_after_all_tells_nobody_again(turns: World) -> None:
    decline(turns, SOMCHAI)
    assert told_of_turn(turns) == [], "it was not yet the turn of who declined"
    decline(turns, LIN)
    assert told_of_turn(turns) == [ALES.email]
    turns.sign(LIN)
    assert told_of_turn(turns) == [ALES.email]


def test_a_signature_on_paper_passes_the_turn_on(turns: World) -> None:
    devices = Devices.in_(turns)
    page = Page(SCAN, turns.clock.now.date())
    begun = begin_attestation(turns.service, turns.officer, turns.agreement, LIN.signer, page)
    answer = devices.device(turns.officer).get(begun["passkey"])
    attest(turns.service, turns.officer, turns.agreement, LIN.signer, answer, SCAN)
    assert told_of_turn(turns) == [SOMCHAI.email]


def test_who_was_never_here_is_told_of_the_turn_with_a_new_link(turns: World) -> None:
    never_here(turns, SOMCHAI)
    turns.sign(LIN)
    mail = mails_to(turns, SOMCHAI)[-1]
    assert (mail.subject, mail.kind) == (TURN, "invitation")
    assert WAITS not in mail.text
    assert "/invitation#" in mail.text


def test_only_whose_turn_it_is_is_reminded_and_not_on_the_day_of_being_told(turns: World) -> None:
    turns.clock.forward(days=2)
    assert remind_all(turns.service, turns.officer, turns.agreement) == 2, "Lin, and the guest"
    assert mails_to(turns, LIN)[-1].subject == "Reminder: please sign Test Agreement (TEST/1)"
    assert len(mails_to(turns, SOMCHAI)) == 1
    turns.clock.forward(days=2)
    turns.sign(LIN)
    turns.sign(HOA)
    assert remind_all(turns.service, turns.officer, turns.agreement) == 0, "Somchai was told just now"


def test_a_new_link_reminds_whose_turn_it_is_and_nobody_else(turns: World) -> None:
    for person, begins in ((LIN, "Reminder: please sign"), (SOMCHAI, "Please sign:")):
        invite(turns.service, turns.officer, turns.ids[person], turns.agreement)
        assert mails_to(turns, person)[-1].subject == f"{begins} Test Agreement (TEST/1)"


def test_who_is_confirmed_before_the_turn_is_not_told_to_sign_now(turns: World) -> None:
    devices = Devices.in_(turns)
    for person, begins in ((LIN, "Confirmed: you can sign now"), (SOMCHAI, "Your passkey is confirmed")):
        devices.confirm(devices.enrol(person))
        mail = mails_to(turns, person)[-1]
        assert mail.subject.startswith(begins)
        assert ("you are told by mail when it is your turn" in " ".join(mail.text.split())) == (person is SOMCHAI)


def test_officers_see_whose_turn_it_is(turns: World) -> None:
    def shown() -> list[str]:
        return [one.turn for one in followed(turns.service, turns.officer, turns.agreement).signers]

    assert shown() == ["next", "later", "later", ""]
    turns.sign(LIN)
    assert shown()[1:] == ["next", "later", ""]
