"""Reminding who has not signed: by hand and by schedule, never twice in a day, never who signed or declined."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from signing_service.agreement.terms import Terms
from signing_service.errors import InputError, NotAllowedError
from signing_service.store import agreements, listing
from signing_service.store.tables import Agreement, OutboxMail, Person
from signing_service.workflow import reminders
from signing_service.workflow.reminders import Manners, manners, remind_all, remind_due, set_manners
from signing_service.workflow.state import load_terms
from tests.cast import ALES, HOA, LIN, SOMCHAI
from tests.workflow.world import World

WEEKLY = Manners(remind_every=7, publicity="parties")


def told_since(world: World, moment: datetime) -> dict[str, str]:
    """Whom mails were written to after a moment, and of which kind the last one was."""
    with world.service.database.read() as session:
        mails = session.scalars(select(OutboxMail).where(OutboxMail.created > moment).order_by(OutboxMail.id))
        return {mail.recipient: mail.kind for mail in mails}


def test_by_hand_all_are_reminded_who_have_not_signed_and_were_not_written_to_today(world: World) -> None:
    world.publish()
    assert remind_all(world.service, world.officer, world.agreement) == 0, "all were invited just now"
    world.sign(LIN)
    published = world.clock.now
    world.clock.forward(days=2)
    assert remind_all(world.service, world.officer, world.agreement) == 3
    assert set(told_since(world, published)) == {SOMCHAI.email, ALES.email, HOA.email}
    assert remind_all(world.service, world.officer, world.agreement) == 0


def test_who_was_never_here_gets_a_new_link_and_others_a_reminder(world: World) -> None:
    world.publish()
    with world.service.database.begin() as session:
        session.get_one(Person, world.ids[HOA]).password_hash = None
    published = world.clock.now
    world.clock.forward(days=2)
    remind_all(world.service, world.officer, world.agreement)
    told = told_since(world, published)
    assert told[HOA.email] == "invitation"
    assert told[SOMCHAI.email] == "reminder"


def test_the_worker_reminds_by_schedule_and_stops_when_signing_is_over(world: World) -> None:
    world.publish()
    set_manners(world.service, world.officer, world.agreement, WEEKLY)
    counts = []
    for _ in range(15):
        world.clock.forward(days=1)
        counts.append(remind_due(world.service))
    assert counts == [0] * 6 + [4] + [0] * 6 + [4, 0]
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    world.clock.forward(days=8)
    assert remind_due(world.service) == 0


def test_what_was_looked_at_is_not_looked_at_again_before_somebody_is_due_or_a_day_has_passed(world: World) -> None:
    world.publish()
    set_manners(world.service, world.officer, world.agreement, WEEKLY)
    remind_due(world.service)
    found = []
    for _ in range(4):
        world.clock.forward(hours=8)
        with world.service.database.read() as session:
            latest = world.clock.now + timedelta(days=2)
            found.append(listing.to_remind(session, world.clock.now, latest, 9))
    assert found == [[], [], [world.agreement], [world.agreement]]


def test_a_clock_that_was_set_back_leaves_nobody_unreminded(world: World) -> None:
    world.publish()
    set_manners(world.service, world.officer, world.agreement, WEEKLY)
    world.clock.forward(days=3650)
    remind_due(world.service)
    world.clock.forward(days=-3640)
    remind_due(world.service)
    with world.service.database.read() as session:
        noted = agreements.get(session, world.agreement).next_reminder
    assert noted is not None
    assert noted <= world.clock.now + timedelta(days=1)


def test_without_a_schedule_the_worker_reminds_nobody(world: World) -> None:
    world.publish()
    world.clock.forward(days=30)
    assert remind_due(world.service) == 0


@pytest.mark.parametrize("chosen", [Manners(5, "parties"), Manners(None, "everybody")])
def test_a_choice_that_is_none_is_refused(world: World, chosen: Manners) -> None:
    with pytest.raises(InputError):
        set_manners(world.service, world.officer, world.agreement, chosen)
    assert manners(world.service, world.officer, world.agreement) == Manners(None, "parties")


def test_only_officers_choose(world: World) -> None:
    with pytest.raises(NotAllowedError):
        set_manners(world.service, world.ids[LIN], world.agreement, WEEKLY)


def test_an_agreement_whose_reminder_fails_does_not_hold_up_the_next_of_its_batch(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish()
    set_manners(world.service, world.officer, world.agreement, WEEKLY)
    world.clock.forward(days=8)
    failures = [ValueError("unreadable")]

    def load_but_fail_once(row: Agreement) -> Terms:
        if failures:
            raise failures.pop()
        return load_terms(row)

    monkeypatch.setattr(reminders, "load_terms", load_but_fail_once)
    monkeypatch.setattr(listing, "to_remind", lambda *_: [world.agreement, world.agreement])
    assert remind_due(world.service) == 4
    assert "unreadable" in caplog.text


def test_a_reminder_that_failed_is_tried_again_an_hour_later_and_not_with_every_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    set_manners(world.service, world.officer, world.agreement, WEEKLY)
    world.clock.forward(days=8)
    tries: list[Agreement] = []

    def fail(row: Agreement) -> Terms:
        tries.append(row)
        raise ValueError("unreadable")

    monkeypatch.setattr(reminders, "load_terms", fail)
    assert [remind_due(world.service) for _ in range(3)] == [0, 0, 0]
    assert len(tries) == 1
    monkeypatch.undo()
    world.clock.forward(minutes=59)
    assert remind_due(world.service) == 0
    world.clock.forward(minutes=1)
    assert remind_due(world.service) == 4
