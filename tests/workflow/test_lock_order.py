"""Rows are locked before the log, and people in one order, so that officers who act at once never wait in a circle."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint, event, select, text
from sqlalchemy.orm import Session

from signing_service.errors import NotAllowedError
from signing_service.store import agreements, ledger, mandates, people
from signing_service.store.tables import Base, Installation, OutboxMail
from signing_service.workflow.approvals import Password
from signing_service.workflow.corrections import Correction, correct_person
from signing_service.workflow.drafts import create_correction
from signing_service.workflow.enrolment import accept_invitation, invite
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.officers import add_officer
from signing_service.workflow.offices import give_office
from signing_service.workflow.people import NewPerson
from signing_service.workflow.permissions import OPERATOR
from signing_service.workflow.refusal import refuse
from signing_service.workflow.reminders import remind_all
from signing_service.workflow.rotation import rotate_record
from signing_service.workflow.withdrawal import withdraw
from tests.cast import LIN, PASSWORD, SECOND_OFFICER, SOMCHAI
from tests.workflow.test_extension import closing, extend_to
from tests.workflow.test_paper import put_on_record, with_rules
from tests.workflow.world import World, corrected

PATIENCE = 60  # seconds
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def hold_links(session: Session, world: World) -> None:
    """As naming Lin under any other agreement does, before it records that."""
    assert people.revoke_invitations(session, world.ids[LIN], now=world.clock(), purpose="invitation")


def hold_predecessor(session: Session, world: World) -> None:
    """As every act under the corrected agreement does, before it is recorded."""
    agreements.lock(session, world.agreement)


def wait_until_it_waits(session: Session, publishing: Future[Any]) -> None:
    while not session.execute(WAITING).scalar_one():
        assert not publishing.done(), "it waited for nothing"


@on_postgresql
@pytest.mark.parametrize("hold", [hold_links, hold_predecessor])
def test_who_publishes_waits_for_the_rows_of_others_without_holding_the_log(
    world: World, hold: Callable[[Session, World], None]
):
    world.publish()
    draft = create_correction(world.service, world.officer, world.agreement, corrected())
    second = replace(world, agreement=draft)
    with ThreadPoolExecutor(1) as pool:
        with world.service.database.begin() as session:
            hold(session, world)
            publishing = pool.submit(second.publish)
            wait_until_it_waits(session, publishing)
            ledger.append(session, world.agreement, "test", {}, world.clock())
        publishing.result(PATIENCE)
    with world.service.database.read() as session:
        assert agreements.get(session, draft).state == "published"


def correct_lin(world: World) -> frozenset[str]:
    changed = Correction("Lin Another", None, "another.lin@njupt.example")
    return correct_person(world.service, world.officer, world.ids[LIN], changed)


def mandate_of_lin(world: World) -> str:
    with world.service.database.read() as session:
        return mandates.in_force(session, world.agreement, LIN.signer).digest


@on_postgresql
@pytest.mark.parametrize("published", [False, True])
def test_a_name_that_is_corrected_while_a_draft_is_published_leaves_its_mandates_as_they_are_recorded(
    world: World, published: bool
):
    before = mandate_of_lin(world)
    with ThreadPoolExecutor(1) as pool:
        with world.service.database.begin() as session:
            row = agreements.lock(session, world.agreement)
            correcting = pool.submit(correct_lin, world)
            wait_until_it_waits(session, correcting)
            expires = world.clock() + timedelta(days=1)
            people.invite(session, world.ids[LIN], "invitation", now=world.clock(), expires=expires)
            if published:
                row.state = "published"
        assert correcting.result(PATIENCE) == {"name", "native_name", "email"}
    assert (mandate_of_lin(world) == before) is published


@on_postgresql
def test_who_is_invited_while_the_address_is_corrected_gets_the_link_at_the_new_one(world: World):
    with ThreadPoolExecutor(1) as pool:
        with world.service.database.begin() as session:
            people.correct(session, people.get(session, world.ids[LIN]), {"email": "another.lin@njupt.example"})
            people.revoke_invitations(session, world.ids[LIN], now=world.clock())
            inviting = pool.submit(invite, world.service, world.officer, world.ids[LIN])
            wait_until_it_waits(session, inviting)
        assert inviting.result(PATIENCE)
    with world.service.database.read() as session:
        mails = session.scalars(select(OutboxMail).where(OutboxMail.person == world.ids[LIN]))
        assert [mail.recipient for mail in mails] == ["another.lin@njupt.example"]


def test_a_link_that_was_opened_before_it_was_withdrawn_brings_nobody_in(world: World):
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    with world.service.database.begin() as session:
        opened = people.open_invitation(session, token, now=world.clock())
        people.revoke_invitations(session, world.ids[LIN], now=world.clock())
        with pytest.raises(NotAllowedError, match="used already"):
            people.use_invitation(session, opened, now=world.clock())
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    assert accept_invitation(world.service, token, None, address="192.0.2.7", agent="Firefox")


def invited_in_order(world: World, act: Callable[[], object]) -> list[str]:
    """Whose links are withdrawn by ``act``, one after the other."""
    held: list[str] = []
    everybody = set(world.ids.values())

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith("UPDATE invitations"):
            values = parameters.values() if isinstance(parameters, dict) else parameters
            held.extend(value for value in values if value in everybody)

    event.listen(world.service.database.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(world.service.database.engine, "before_cursor_execute", note)
    return held


def test_those_who_are_invited_or_reminded_together_are_in_one_order(world: World):
    assert invited_in_order(world, world.publish) == sorted(world.ids.values())
    with world.service.database.begin() as session:
        for person_id in world.ids.values():
            people.get(session, person_id).password_hash = None
    world.clock.forward(days=2)
    reminded = invited_in_order(world, lambda: remind_all(world.service, world.officer, world.agreement))
    assert len(reminded) > 2
    assert reminded == sorted(reminded)
    assert invited_in_order(world, lambda: invite(world.service, world.officer, world.ids[LIN])) == [world.ids[LIN]]


def withdrawn(world: World) -> None:
    withdraw(world.service, world.officer, world.agreement, "A mistake in the text.")


def refused(world: World) -> None:
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "Not now.", Password(PASSWORD))


def signed(world: World) -> None:
    world.sign(LIN)


def countersigned(world: World) -> None:
    for person in world.ids:
        world.sign(person)
    world.countersign()


def mandated(world: World) -> None:
    authority = Authority("Senate", world.clock().date())
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority, "It ended.")


def attested(world: World) -> None:
    put_on_record(with_rules(world, "counts"))


def extended(world: World) -> None:
    extend_to(closing(world), world.clock() + timedelta(days=300))


def corrected_elsewhere(world: World) -> None:
    changed = Correction("Somchai", None, "another.somchai@andaman.example")
    correct_person(world.service, world.officer, world.ids[SOMCHAI], changed)


def lead_officer(world: World) -> str:
    newcomer = NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email)
    return add_officer(world.service, world.officer, newcomer, "lead-officer")


ACTS = {
    "withdrawal": withdrawn,
    "refusal": refused,
    "issuance": signed,
    "signature": signed,
    "countersignature": countersigned,
    "mandate": mandated,
    "paper": attested,
    "extension": extended,
    "person-corrected": corrected_elsewhere,
}


@on_postgresql
@pytest.mark.parametrize("type", ACTS)
def test_an_address_that_is_corrected_while_its_person_acts_waits_for_the_act_alone(
    world: World, type: str, monkeypatch: pytest.MonkeyPatch
):
    world.publish()
    second, append = lead_officer(world), ledger.append
    correcting: list[Future[Any]] = []
    theirs = (world.ids[LIN], world.officer)

    def correct(pool: ThreadPoolExecutor, person: str) -> Future[Any]:
        changed = Correction("Another", None, f"{person}@njupt.example")
        return pool.submit(correct_person, world.service, second, person, changed)

    def append_meanwhile(session: Session, scope: str, of: str, *given: Any) -> ledger.Appended:
        appended = append(session, scope, of, *given)
        if of == type and not correcting:  # the act holds the log; the corrections change their rows, and want it too
            correcting.extend(correct(pool, person) for person in theirs)
            for one in correcting:
                wait_until_it_waits(session, one)
        return appended

    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(ledger, "append", append_meanwhile)
        ACTS[type](world)
        assert len(correcting) == 2
        assert [one.result(PATIENCE) for one in correcting]


@on_postgresql
def test_a_key_is_rotated_while_somebody_changes_the_trust_file(world: World):
    with ThreadPoolExecutor(1) as pool:
        with world.service.database.begin() as session:
            session.execute(select(Installation).with_for_update(key_share=True))
            rotating = pool.submit(rotate_record, world.service, "It is time.")
            wait_until_it_waits(session, rotating)
            ledger.append(session, world.agreement, "test", {}, world.clock())
        rotating.result(PATIENCE)


UNCHANGED = {"credentials.credential_id", "credentials.key_sha256", "entries.scope", "entries.sequence"}
OWN = {"attempts.spki"}  # only who holds the row makes others that point at it


def test_no_column_that_is_changed_is_a_key_that_rows_could_point_at():
    """PostgreSQL would let acts wait for the change, and the change for the log that they hold (tables.people)."""
    tables = Base.metadata.tables.values()
    pointed_at = {key.column.table for table in tables for key in table.foreign_keys}
    found = set()
    for table in pointed_at:
        keys = [one for one in table.constraints if isinstance(one, UniqueConstraint) and one._ddl_if is None]
        whole = [one for one in table.indexes if one.unique and one.dialect_options["postgresql"]["where"] is None]
        names = {column.name for one in keys for column in one.columns}
        names |= {column.name for one in whole for column in one.columns}
        found |= {f"{table.name}.{name}" for name in names - {key.parent.name for key in table.foreign_keys}}
    assert found == UNCHANGED | OWN


@on_postgresql
def test_who_leaves_while_an_office_is_given_to_them_gets_none(world: World):
    somebody = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    with ThreadPoolExecutor(1) as pool:
        with world.service.database.begin() as session:
            people.get(session, somebody).ended = world.clock()
            session.flush()
            giving = pool.submit(give_office, world.service, world.officer, somebody, OPERATOR)
            wait_until_it_waits(session, giving)
        with pytest.raises(NotAllowedError, match="may not act any more"):
            giving.result(PATIENCE)
