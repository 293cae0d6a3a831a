"""Whatever order requests come, come twice or come late in: each signer signs at most once, receipts stay true.

Hypothesis plays three representatives with up to two browser tabs each against one agreement: begins, approvals,
signatures of old and new preparations, repeated requests, and time that passes in between. After each step the
invariants of exactly-once are held against the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from signing_service.encoding import parse_canonical_json
from signing_service.errors import SigningServiceError
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.store import agreements, openings, tables
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from signing_service.workflow import attempts
from signing_service.workflow.prefixes import Prefixes
from signing_service.workflow.prepared import LEASE, Prepared
from signing_service.workflow.signing import Reprepared, complete_attempt
from tests.cast import ALES, LIN, PASSWORD, SOMCHAI, Person
from tests.workflow.world import Clock, Signing, World

PEOPLE = (LIN, SOMCHAI, ALES)


@contextmanager
def refusals_are_fine() -> Iterator[None]:
    """A request may be refused; what counts is what is stored."""
    try:
        yield
    except SigningServiceError:
        pass


class Interleaving(RuleBasedStateMachine):
    """Requests of several tabs; ``world`` is set for each run of the machine."""

    make_world: Callable[[], World]
    tabs = Bundle("tabs")
    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.receipts: dict[str, bytes] = {}  # by attempt

    @rule(target=tabs, person=st.sampled_from(PEOPLE))
    def begin(self, person: Person) -> Signing | None:
        try:
            return self.world.signing(person)
        except SigningServiceError:
            return None

    @rule(tab=tabs)
    def approve(self, tab: Signing | None) -> None:
        if tab is not None:
            with refusals_are_fine():
                tab.approve()

    @rule(target=sent, tab=tabs)
    def sign(self, tab: Signing | None) -> tuple[Signing, Prepared] | None:
        if tab is None or tab.prepared is None:
            return None
        self._send(tab, tab.prepared)
        return tab, tab.prepared

    @rule(request=sent)
    def repeat(self, request: tuple[Signing, Prepared] | None) -> None:
        if request is not None:
            self._send(*request)

    @rule(tab=consumes(tabs))
    def close(self, tab: Signing | None) -> None:
        """The browser dies; its place in the queue is left behind."""

    @rule(seconds=st.sampled_from([1, LEASE.seconds + 1, 16 * 60]))
    def wait(self, seconds: int) -> None:
        self.world.clock.forward(seconds=seconds)

    def _send(self, tab: Signing, prepared: Prepared) -> None:
        attempt, raw = tab.attempt["attempt"], tab.key.sign(prepared.signed_attributes)
        try:
            receipt = complete_attempt(self.world.service, tab.person_id, attempt, raw, prepared.revision)
        except Reprepared as error:
            if isinstance(error.prepared, Prepared):
                tab.prepared = error.prepared
            return
        except SigningServiceError:
            return
        assert self.receipts.setdefault(attempt, receipt) == receipt, "a repeated request got another receipt"

    @invariant()
    def nobody_signs_twice_and_every_receipt_is_true(self) -> None:
        service, agreement = self.world.service, self.world.agreement
        with service.database.read() as session:
            check_everything(session, service.guard)
            events = [parse_canonical_json(one.event) for one in openings.of_scope(session, agreement) if one.event]
            newest = agreements.newest_end(session, agreement).number
            turns = select(func.count()).select_from(tables.Turn).join(tables.Attempt)
            done = session.scalar(turns.where(tables.Attempt.state == "complete"))
        assert done == 0, "who has signed holds up the others"
        signed: list[dict[str, Any]] = [event for event in events if event["type"] == "signature"]
        assert len({event["signer"] for event in signed}) == len(signed) == newest
        assert len({event["certificate_sha256"] for event in signed}) == len(signed)
        for receipt in map(parse_receipt, self.receipts.values()):
            verify_receipt(receipt, service.trust)
            assert parse_canonical_json(receipt.event) in signed

    def teardown(self) -> None:
        """Whoever has not signed can still: nothing is stuck."""
        self.world.clock.forward(minutes=16)
        for person in PEOPLE:
            with refusals_are_fine():
                self.world.sign(person)
        with self.world.service.database.read() as session:
            assert agreements.newest_end(session, self.world.agreement).number == len(PEOPLE)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_order_of_requests_signs_twice_or_loses_a_receipt(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
):
    first = make_world().publish()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with first.service.database.begin() as session:
        session.execute(update(tables.Person).values(password_hash=cheap))
    original, folder = Path(str(first.service.database.url.database)), first.service.guard.path.with_name("copy")
    first.service.database.dispose()
    folder.mkdir()
    guard = Guard(folder / first.service.guard.path.name)
    database = Database(f"sqlite:///{folder / original.name}", guard=guard)

    def another() -> World:
        """The same service on a fresh copy of its database and guard, at the same place."""
        database.dispose()
        for path in (original, first.service.guard.path):
            shutil.copyfile(path, folder / path.name)
        clock = Clock(first.clock.now)
        service = replace(first.service, database=database, guard=guard, clock=clock, prefixes=Prefixes())
        return replace(first, service=service, clock=clock)

    monkeypatch.setattr(attempts, "_preview", lambda *_: b"")  # a picture for people, dear and beside the point
    monkeypatch.setattr(Interleaving, "make_world", staticmethod(another), raising=False)
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    plan = settings(max_examples=4, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Interleaving, settings=plan)
