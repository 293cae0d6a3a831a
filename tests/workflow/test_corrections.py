"""Correcting a person's name or address: what changes, what stays, and who is told."""

from __future__ import annotations

from typing import TypedDict

import pytest

from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, InputError, NotAllowedError
from signing_service.store import mandates, openings, outbox, people
from signing_service.store.tables import OutboxMail, Person
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approvals import Password
from signing_service.workflow.corrections import Correction, correct_person, corrections_for_officer
from signing_service.workflow.download import evidence
from signing_service.workflow.enrolment import accept_invitation, invite, open_invitation
from signing_service.workflow.history import history
from signing_service.workflow.login import session_person, sign_in
from signing_service.workflow.officers import add_officer
from signing_service.workflow.overview import agreement_view, public_view
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.refusal import refuse
from signing_service.workflow.signing_page import own_signing
from signing_service.workflow.signing_table import place_at_table
from tests.cast import ALES, HOA, LIN, PASSWORD, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World


class Client(TypedDict):
    """What a request tells about its browser."""

    address: str
    agent: str


NEW = "shuyi.lin@njupt.example"
BROWSER: Client = {"address": "192.0.2.7", "agent": "Firefox"}


def correct(world: World, person: str, by: str = "", **changes: str) -> frozenset[str]:
    with world.service.database.read() as session:
        row = people.get(session, person)
        values = {"name": row.name, "native_name": row.native_name, "email": row.email, **changes}
    return correct_person(world.service, by or world.officer, person, Correction(**values))  # type: ignore[arg-type]


def person_of(world: World, person: str) -> Person:
    with world.service.database.read() as session:
        return people.get(session, person)


def told(world: World, kind: str) -> list[str]:
    """The addresses of the mails of a kind."""
    with world.service.database.read() as session:
        return sorted(mail.recipient for mail in session.query(OutboxMail) if mail.kind == kind)


def texts_of(world: World, kind: str) -> list[str]:
    """What the mails of a kind say."""
    with world.service.database.read() as session:
        return [mail.text for mail in session.query(OutboxMail) if mail.kind == kind]


def test_a_corrected_name_stands_in_drafts_and_not_in_what_is_published(world: World) -> None:
    assert correct(world, world.ids[LIN], name="Lin Shuyí") == {"name"}
    with world.service.database.read() as session:
        row = mandates.in_force(session, world.agreement, LIN.signer)
        assert parse_canonical_json(row.json)["representative"]["name"] == "Lin Shuyí"
    world.publish()
    correct(world, world.ids[LIN], name="Shuyi Lin", native_name="林書怡")
    corrections = corrections_for_officer(world.service, world.officer, world.ids[LIN])
    assert [one.name for one in corrections.old_names] == ["Lin Shuyí"], "there she would still sign so"
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    world.countersign()
    world.archive()
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.PASSED, report.problems
    assert "Lin Shuyí" in {one.signer for one in report.signatures}
    assert corrections_for_officer(world.service, world.officer, world.ids[LIN]).old_names == ()


def test_one_rule_for_names_what_is_sealed_stays_and_living_pages_tell_the_new_one(world: World) -> None:
    """The name of the mandate is signed with and shown everywhere; beside it stands how the person is called by now."""
    world.publish()
    correct(world, world.ids[LIN], name="Shuyi Lin", native_name="林書怡")
    service, officer, agreement = world.service, world.officer, world.agreement
    own = own_signing(service, world.ids[LIN], agreement, LIN.signer)
    assert (own.mandate.representative.name, own.now_named) == (LIN.name, "Shuyi Lin (林書怡)")
    place = place_at_table(service, officer, agreement, LIN.signer)
    assert (place.name, place.now_named) == (LIN.name, "Shuyi Lin (林書怡)")
    for view in (agreement_view(service, officer, agreement), public_view(service, agreement).view):
        shown = {signer.id: (signer.representative, signer.now_named) for signer in view.signers}
        assert shown[LIN.signer] == (LIN.name, "Shuyi Lin (林書怡)")
        assert shown[SOMCHAI.signer] == (SOMCHAI.name, "")
    refuse(service, world.ids[LIN], agreement, LIN.signer, "Not now.", Password(PASSWORD))
    assert all(LIN.name in text for text in texts_of(world, "refused"))
    world.sign(LIN)
    view = agreement_view(service, officer, agreement)
    assert next((one.representative, one.now_named) for one in view.signers if one.id == LIN.signer) == (
        LIN.name,
        "Shuyi Lin (林書怡)",
    )
    report = verify_evidence(evidence(service, officer, agreement)[1], world)
    assert LIN.name in {one.signer for one in report.signatures}, "the very name that the pages show is sealed"


def test_a_corrected_name_stands_in_a_draft_alone(world: World) -> None:
    correct(world, world.ids[LIN], name="Shuyi Lin")
    view = agreement_view(world.service, world.officer, world.agreement)
    shown = {signer.id: (signer.representative, signer.now_named) for signer in view.signers}
    assert shown[LIN.signer] == ("Shuyi Lin", "")


def test_a_changed_address_withdraws_old_links_and_signs_the_person_out(world: World) -> None:
    old = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    session = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    assert correct(world, world.ids[LIN], email=NEW.upper()) == {"email"}
    assert person_of(world, world.ids[LIN]).email == NEW
    with pytest.raises(NotAllowedError, match="withdrawn"):
        open_invitation(world.service, old)
    assert session_person(world.service, session) is None
    with pytest.raises(NotAllowedError):
        sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    assert sign_in(world.service, NEW, PASSWORD, **BROWSER)


def test_a_corrected_name_leaves_links_and_sessions_alone(world: World) -> None:
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    session = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    correct(world, world.ids[LIN], name="Shuyi Lin")
    assert open_invitation(world.service, token).person_name == "Shuyi Lin"
    assert session_person(world.service, session) is not None
    assert told(world, "address") == told(world, "own-address") == []


def test_a_changed_address_is_told_to_every_officer_and_to_both_addresses(world: World) -> None:
    add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    correct(world, world.ids[LIN], email=NEW)
    assert told(world, "own-address") == sorted([LIN.email, NEW])
    officers = [person_of(world, world.officer).email, SECOND_OFFICER.email]
    assert told(world, "address") == sorted(officers)
    with world.service.database.read() as session:
        text = next(mail.text for mail in session.query(OutboxMail) if mail.recipient == SECOND_OFFICER.email
                    and mail.kind == "address")  # fmt: skip
    assert f"Mei Tan changed the e-mail address of Lin Shuyi from {LIN.email} to {NEW}" in text


def test_who_was_never_here_is_told_nothing_at_the_old_address(world: World) -> None:
    newcomer = add_person(world.service, world.officer, NewPerson("Achara Specimen", "achra@mekong.example"))
    correct(world, newcomer, email="achara@mekong.example")
    assert told(world, "own-address") == []
    assert told(world, "address") == [person_of(world, world.officer).email]


def test_who_has_enrolled_at_the_signing_table_only_is_told_at_both_addresses(world: World) -> None:
    world.publish()
    Devices.in_(world).enrol(LIN)
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).password_hash = None
    correct(world, world.ids[LIN], email=NEW)
    assert told(world, "own-address") == sorted([LIN.email, NEW])


def test_somebody_elses_address_and_what_is_none_are_refused_and_nothing_changes(world: World) -> None:
    with pytest.raises(ConflictError, match=SOMCHAI.email):
        correct(world, world.ids[LIN], email=SOMCHAI.email.upper(), name="Somebody Else")
    with pytest.raises(InputError):
        correct(world, world.ids[LIN], email="nowhere")
    assert (person_of(world, world.ids[LIN]).name, person_of(world, world.ids[LIN]).email) == (LIN.name, LIN.email)
    assert told(world, "address") == []


def test_only_a_lead_officer_corrects_who_holds_an_office(world: World) -> None:
    """Whoever reads the mailbox of a lead officer comes in as one."""
    ruslan = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    with pytest.raises(NotAllowedError, match="lead officer"):
        correct(world, world.officer, by=ruslan, email="ruslan@elsewhere.example")
    with pytest.raises(NotAllowedError):
        correct(world, world.ids[LIN], by=world.ids[SOMCHAI], email=NEW)
    assert correct(world, ruslan, name="Ruslan P. Petrov") == {"name"}
    assert correct(world, world.ids[LIN], by=ruslan, email=NEW) == {"email"}


def test_the_new_mailbox_brings_no_password_no_proof_and_no_approval(world: World) -> None:
    """An officer who has changed the address reads along, and approves nothing."""
    world.publish()
    devices = Devices.in_(world)
    devices.confirm(devices.enrol(LIN), method="in-person")
    correct(world, world.ids[LIN], email="officers.own@secretariat.example")
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    session = accept_invitation(world.service, token, "a password of the thief", **BROWSER)
    thief = session_person(world.service, session)
    assert thief is not None
    assert not thief.fresh, "a login passkey of the thief's own is refused"
    with pytest.raises(NotAllowedError):
        sign_in(world.service, "officers.own@secretariat.example", "a password of the thief", **BROWSER)
    devices.of.pop(world.ids[LIN])  # the thief's device is another one
    waiting = devices.enrol(LIN)
    assert waiting.state == "waiting", "which every officer is told, and nobody has compared"
    assert len(told(world, "enrolled")) == 2


def test_the_history_and_the_record_say_who_corrected_whom(world: World) -> None:
    world.publish()
    correct(world, world.ids[LIN], email=NEW)
    correct(world, world.ids[LIN], name="Shuyi Lin", email=LIN.email)
    outsider = add_person(world.service, world.officer, NewPerson("Achara Specimen", "achara@mekong.example"))
    correct(world, outsider, name="Achara Other")
    lines = [line for line in history(world.service, world.officer, world.agreement) if line.type == "person-corrected"]
    assert [line.text for line in lines] == [
        "Mei Tan corrected the e-mail address of Shuyi Lin",
        "Mei Tan corrected the name and the e-mail address of Shuyi Lin",
    ]
    with world.service.database.read() as session:
        event = parse_canonical_json(openings.by_index(session, [lines[0].index or 0])[0].event or b"")
    assert event["by"] == world.officer
    assert (event["person"], event["changed"]) == (world.ids[LIN], ["email"])
    assert NEW not in str(event), "the service's own events cannot be erased"


def test_nothing_changed_is_no_event_and_no_mail(world: World) -> None:
    assert correct(world, world.ids[LIN]) == frozenset()
    assert corrections_for_officer(world.service, world.officer, world.ids[LIN]).made == ()
    with world.service.database.read() as session:
        assert outbox.undelivered(session) == {"waiting": 0, "failed": 0}
