"""Whoever asks, dies, stalls or reserves in whatever order: the queue is a plain list, and nobody waits for long.

Hypothesis plays browsers against the queue's table and against a list in memory that says what should come of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete

from signing_service.store import turns
from signing_service.store.database import Database
from signing_service.store.tables import Turn
from tests.cast import ALES, HOA, LIN, NOON, SOMCHAI
from tests.store.world import AGREEMENT, add_person, begin_attempt, give_mandate, publish_agreement

LEASE, ASKS = 10, 3  # seconds of a lease, and between two questions of who waits
HELD, RESERVATION = (int(span.total_seconds()) for span in (turns.HELD, turns.RESERVATION))
RESERVER, *BROWSERS = range(4)
WAITERS = st.sampled_from((RESERVER, *BROWSERS))


@dataclass
class Place:
    """A ticket, as it should be."""

    who: int
    lease: int
    held: int | None = None

    def stands(self, now: int) -> bool:
        """Whether others still have to wait for it; a place for other software is no browser's that stalls."""
        stalled = self.held is not None and now - self.held >= HELD
        return self.lease > now and (self.who == RESERVER or not stalled)


class Queue(RuleBasedStateMachine):
    """Browsers that ask for their turn; ``world`` and ``attempts`` are set for each run of the machine."""

    world: Database
    attempts: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.now, self.places = 0, list[Place]()
        self.ended = ExitStack()
        self.session = self.ended.enter_context(self.world.begin())  # one for all steps, since commits take time
        self.session.execute(delete(Turn))

    @rule(who=WAITERS)
    def ask(self, who: int) -> None:
        self._ask(who)

    @precondition(lambda self: self.places and self.places[0].lease > self.now)
    @rule()
    def sign(self) -> None:
        self._leave(self.places[0].who)

    @rule(seconds=st.sampled_from([1, 4, LEASE - 1, LEASE, HELD]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    def teardown(self) -> None:
        """One of them asks and never signs: all others, who ask as they are told, get through in one turn's time."""
        with self.ended:
            self.now += RESERVATION
            (hostile, *others), began = BROWSERS, self.now
            self._ask(hostile)
            while others:
                if (self.now - began) % (LEASE - 1) == 0:  # as late as it can
                    self._ask(hostile)
                for who in list(others):
                    if self._ask(who) == 0:
                        self._leave(who)
                        others.remove(who)
                assert self.now - began <= HELD, "somebody holds the others up"
                self.now += ASKS
            assert self._ask(hostile) == 0, "who lost the turn cannot sign any more"

    def _ask(self, who: int) -> int:
        self.places = [one for one in self.places if one.who == who or one.stands(self.now)]
        own = next((one for one in self.places if one.who == who), None)
        if own is not None and own.held is not None and self.now - own.held >= HELD:
            self.places.remove(own)
            own = None
        if own is None:
            self.places.append(own := Place(who, 0))
        own.lease = self.now + LEASE
        if own is self.places[0] and own.held is None:
            own.held = self.now
        lease, now = timedelta(seconds=LEASE), self._moment(0)
        place = turns.take(self.session, AGREEMENT, self.attempts[who], now=now, lease=lease)
        assert place == self.places.index(own), "the queue is no list"
        if who == RESERVER and place == 0:
            own.lease = self.now + RESERVATION
            turns.hold(self.session, self.attempts[RESERVER], self._moment(RESERVATION))
        return place

    def _leave(self, who: int) -> None:
        self.places = [one for one in self.places if one.who != who]
        turns.release(self.session, self.attempts[who])

    def _moment(self, seconds: int) -> datetime:
        return NOON + timedelta(seconds=self.now + seconds)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_any_order_the_queue_is_a_list_that_moves_on(
    open_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
):
    database = open_database()
    with database.begin() as session:
        publish_agreement(session)
        people = [add_person(session, person) for person in (HOA, LIN, SOMCHAI, ALES)]
        mandates = [give_mandate(session, person, f"party{n}:president") for n, person in enumerate(people)]
        attempts = [begin_attempt(session, one, own_certificate=n == RESERVER).id for n, one in enumerate(mandates)]
    monkeypatch.setattr(Queue, "world", database, raising=False)
    monkeypatch.setattr(Queue, "attempts", attempts, raising=False)
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    plan = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Queue, settings=plan)
