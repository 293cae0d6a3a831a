"""The fair queue of an agreement: first come, first served, and whoever died loses the turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from signing_service.store import turns
from signing_service.store.database import Database
from tests.cast import NOON, SOMCHAI, SOPHEA
from tests.store.world import (
    AGREEMENT,
    OTHER_AGREEMENT,
    add_person,
    begin_attempt,
    give_mandate,
    publish_agreement,
)

LEASE = timedelta(seconds=10)


def queue_up(database: Database, count: int) -> list[str]:
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        return [begin_attempt(session, mandate).id for _ in range(count)]


def test_who_came_first_is_served_first(database: Database):
    first, second, third = queue_up(database, 3)
    with database.begin() as session:
        assert [turns.take(session, AGREEMENT, a, now=NOON, lease=LEASE) for a in (first, second, third)] == [0, 1, 2]
        assert turns.take(session, AGREEMENT, second, now=NOON, lease=LEASE) == 1
        turns.release(session, first)
        turns.release(session, first)

        assert turns.take(session, AGREEMENT, third, now=NOON, lease=LEASE) == 1
        assert turns.take(session, AGREEMENT, second, now=NOON, lease=LEASE) == 0
        assert turns.waiting(session, AGREEMENT, now=NOON) == 2


def test_a_dead_browser_loses_its_turn_and_comes_back_last(database: Database):
    dead, living = queue_up(database, 2)
    with database.begin() as session:
        turns.take(session, AGREEMENT, dead, now=NOON, lease=LEASE)
        turns.take(session, AGREEMENT, living, now=NOON + LEASE / 2, lease=LEASE)

        assert turns.waiting(session, AGREEMENT, now=NOON + LEASE) == 1
        assert turns.take(session, AGREEMENT, living, now=NOON + LEASE, lease=LEASE) == 0
        assert turns.take(session, AGREEMENT, dead, now=NOON + LEASE, lease=LEASE) == 1


def test_looking_where_one_stands_renews_no_lease_and_counts_the_living(database: Database):
    dead, living, third = queue_up(database, 3)
    with database.begin() as session:
        turns.take(session, AGREEMENT, dead, now=NOON, lease=LEASE)
        turns.take(session, AGREEMENT, living, now=NOON + LEASE / 2, lease=LEASE)
        turns.take(session, AGREEMENT, third, now=NOON + LEASE / 2, lease=LEASE)
        end = NOON + LEASE / 2 + LEASE
        later = NOON + LEASE

        assert turns.standing(session, third, now=NOON + LEASE / 2) == turns.Standing(end, 2, end, 1)
        assert turns.standing(session, third, now=later) == turns.Standing(end, 1, end, 1)
        assert turns.standing(session, living, now=later) == turns.Standing(end, 0, end, 1)
        assert turns.standing(session, dead, now=later) is None
        assert turns.standing(session, third, now=end) is None


def test_a_reservation_ahead_is_seen_by_its_long_lease(database: Database):
    holder, waiting = queue_up(database, 2)
    with database.begin() as session:
        for attempt in (holder, waiting):
            turns.take(session, AGREEMENT, attempt, now=NOON, lease=LEASE)
        turns.hold(session, holder, NOON + turns.RESERVATION)

        standing = turns.standing(session, waiting, now=NOON)
        assert standing == turns.Standing(NOON + LEASE, 1, NOON + turns.RESERVATION, 1)


def test_agreements_do_not_wait_for_each_other(database: Database):
    (first,) = queue_up(database, 1)
    with database.begin() as session:
        publish_agreement(session, OTHER_AGREEMENT)
        mandate = give_mandate(session, add_person(session, SOPHEA), "tonle:president", OTHER_AGREEMENT)
        other = begin_attempt(session, mandate).id

        assert turns.take(session, AGREEMENT, first, now=NOON, lease=LEASE) == 0
        assert turns.take(session, OTHER_AGREEMENT, other, now=NOON, lease=LEASE) == 0


def test_of_many_at_once_one_holds_the_turn(open_database: Callable[..., Database]):
    databases = [open_database() for _ in range(4)]
    attempts = queue_up(databases[0], 12)
    places: list[int] = []

    def take(database: Database, own: list[str]) -> None:
        for attempt in own:
            with database.begin() as session:
                places.append(turns.take(session, AGREEMENT, attempt, now=NOON, lease=LEASE))

    threads = [threading.Thread(target=take, args=(databases[n], attempts[n::4])) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(places) == list(range(12))


def test_who_renews_again_and_again_without_signing_gives_the_turn_up(database: Database):
    holder, waiting, third = queue_up(database, 3)
    with database.begin() as session:

        def take(attempt: str, seconds: int) -> int:
            return turns.take(session, AGREEMENT, attempt, now=NOON + timedelta(seconds=seconds), lease=LEASE)

        places = [(take(holder, now), take(waiting, now), take(third, now)) for now in range(0, 30, 5)]

        assert places == [(0, 1, 2)] * 6  # within its time nobody takes the turn from it
        assert (take(holder, 30), take(waiting, 30), take(third, 30)) == (2, 0, 1)
        assert (take(holder, 35), take(waiting, 35)) == (2, 0)
        turns.release(session, waiting)
        turns.release(session, third)
        assert take(holder, 40) == 0  # served again, once the others are


def test_time_spent_waiting_is_no_time_of_holding_the_turn(database: Database):
    holder, waiting = queue_up(database, 2)
    with database.begin() as session:
        for seconds in range(0, 30, 5):
            now = NOON + timedelta(seconds=seconds)
            turns.take(session, AGREEMENT, holder, now=now, lease=LEASE)
            assert turns.take(session, AGREEMENT, waiting, now=now, lease=LEASE) == 1
        turns.release(session, holder)

        for seconds in range(30, 60, 5):
            now = NOON + timedelta(seconds=seconds)
            assert turns.take(session, AGREEMENT, waiting, now=now, lease=LEASE) == 0
            assert turns.take(session, AGREEMENT, holder, now=now, lease=LEASE) == 1


def test_who_waits_for_nobody_keeps_the_turn(database: Database):
    (alone,) = queue_up(database, 1)
    with database.begin() as session:
        for seconds in range(0, 120, 5):
            now = NOON + timedelta(seconds=seconds)
            assert turns.take(session, AGREEMENT, alone, now=now, lease=LEASE) == 0


def test_many_attempts_of_one_signer_hold_one_place(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        own = [begin_attempt(session, mandate, created=NOON + timedelta(seconds=n)).id for n in range(5)]
        mandate = give_mandate(session, add_person(session, SOPHEA), "tonle:president")
        other = begin_attempt(session, mandate).id
        now = NOON + timedelta(seconds=5)
        for attempt in own:
            turns.take(session, AGREEMENT, attempt, now=now, lease=LEASE)

        assert turns.take(session, AGREEMENT, other, now=now, lease=LEASE) == 1
        assert turns.take(session, AGREEMENT, own[0], now=now, lease=LEASE) == 2
        assert turns.take(session, AGREEMENT, own[4], now=now, lease=LEASE) == 0
        assert turns.take(session, AGREEMENT, other, now=now, lease=LEASE) == 1
