from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from sqlalchemy import select

from signing_service.errors import UnavailableError
from signing_service.store.database import Database
from signing_service.store.limits import DatabaseStorage
from signing_service.store.tables import RateCounter, RateHit
from tests.cast import NOON

LIMIT = parse("3/minute")
WHO = ("login", "somchai@andaman.example")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(database: Database, clock: Clock) -> DatabaseStorage:
    return DatabaseStorage(database=database, clock=clock)


@pytest.mark.parametrize("strategy", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_the_fourth_try_in_a_minute_is_one_too_many(storage: DatabaseStorage, clock: Clock, strategy: type):
    limiter = strategy(storage)

    assert [limiter.hit(LIMIT, *WHO) for _ in range(5)] == [True, True, True, False, False]
    assert limiter.hit(LIMIT, "login", "sophea@tonle.example")
    clock.pass_by(seconds=61)
    assert limiter.hit(LIMIT, *WHO)


@pytest.mark.parametrize("strategy", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_looking_costs_nothing(storage: DatabaseStorage, strategy: type):
    limiter = strategy(storage)
    limiter.hit(LIMIT, *WHO)

    for _ in range(5):
        assert limiter.test(LIMIT, *WHO)
        assert limiter.get_window_stats(LIMIT, *WHO).remaining == 2


def test_what_went_well_is_given_back_and_no_more_than_was_taken(storage: DatabaseStorage):
    limiter = MovingWindowRateLimiter(storage)
    name = LIMIT.key_for(*WHO)
    storage.release_entry(name)  # nothing there, nothing gained
    assert [limiter.hit(LIMIT, *WHO) for _ in range(4)] == [True, True, True, False]
    storage.release_entry(name)
    assert [limiter.hit(LIMIT, *WHO) for _ in range(2)] == [True, False]
    storage.release_entry(LIMIT.key_for("login", "sophea@tonle.example"))
    assert not limiter.hit(LIMIT, *WHO)


def test_a_fixed_window_begins_with_its_first_hit(storage: DatabaseStorage, clock: Clock):
    storage.incr("key", 60)
    clock.pass_by(seconds=59)
    assert storage.incr("key", 60, amount=2) == 3
    assert storage.get_expiry("key") == (NOON + timedelta(seconds=60)).timestamp()
    clock.pass_by(seconds=1)

    assert storage.get("key") == 0
    assert storage.get_expiry("key") == clock.now.timestamp()
    assert storage.incr("key", 60) == 1
    assert storage.get_expiry("key") == (NOON + timedelta(seconds=120)).timestamp()


def test_a_moving_window_lets_go_of_each_hit_in_its_turn(storage: DatabaseStorage, clock: Clock):
    for _ in range(3):
        assert storage.acquire_entry("key", 3, 60)
        clock.pass_by(seconds=10)
    assert not storage.acquire_entry("key", 3, 60)
    assert storage.get_moving_window("key", 3, 60) == (NOON.timestamp(), 3)
    clock.pass_by(seconds=30)

    assert storage.get_moving_window("key", 3, 60) == ((NOON + timedelta(seconds=10)).timestamp(), 2)
    assert not storage.acquire_entry("key", 3, 60, amount=2)
    assert storage.acquire_entry("key", 3, 60)


def test_several_that_are_taken_at_once_are_counted_each(storage: DatabaseStorage):
    assert storage.acquire_entry("key", 3, 60, amount=2)
    assert storage.get_moving_window("key", 3, 60)[1] == 2
    assert not storage.acquire_entry("key", 3, 60, amount=2)
    assert storage.acquire_entry("key", 3, 60)


def test_more_than_the_limit_at_once_takes_nothing(storage: DatabaseStorage):
    assert not storage.acquire_entry("key", 3, 60, amount=4)
    assert storage.get_moving_window("key", 3, 60)[1] == 0


def test_a_key_and_all_keys_can_be_forgotten(storage: DatabaseStorage):
    for key in ("one", "two"):
        storage.incr(key, 60)
        storage.acquire_entry(key, 3, 60)
    storage.clear("one")
    assert [storage.get(key) for key in ("one", "two")] == [0, 1]

    assert storage.reset() == 1
    assert storage.get("two") == 0
    assert storage.get_moving_window("two", 3, 60)[1] == 0


def test_what_is_over_is_swept_away(storage: DatabaseStorage, database: Database, clock: Clock):
    storage.incr("old", 60)
    storage.acquire_entry("old", 3, 60)
    clock.pass_by(seconds=60)
    storage.incr("new", 60)
    storage.acquire_entry("new", 3, 60)
    storage.forget_expired()

    with database.read() as session:
        assert list(session.scalars(select(RateCounter.key))) == ["new"]
        assert list(session.scalars(select(RateHit.key))) == ["new"]


def test_a_key_of_any_length_counts(storage: DatabaseStorage):
    storage.incr("ក" * 5000, 60)

    assert storage.get("ក" * 5000) == 1


@pytest.mark.parametrize("strategy", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_tries_from_several_machines_are_counted_together(open_database: Callable[..., Database], strategy: type):
    limiters = [strategy(DatabaseStorage(database=open_database(), clock=Clock())) for _ in range(4)]
    granted: list[bool] = []

    def try_often(number: int) -> None:
        granted.extend(limiters[number].hit(parse("7/minute"), *WHO) for _ in range(5))

    threads = [threading.Thread(target=try_often, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert granted.count(True) == 7


def test_the_library_makes_the_storage_by_its_scheme(database: Database, clock: Clock):
    storage = storage_from_string("signing-service://", database=database, clock=clock)  # type: ignore[arg-type]

    assert isinstance(storage, DatabaseStorage)
    assert storage.check()


def test_a_database_that_is_down_fails_its_check_and_says_so():
    down = Database("postgresql://signing@127.0.0.1:1/signing")

    storage = DatabaseStorage(database=down, clock=lambda: datetime.now(UTC))
    assert not storage.check()
    with pytest.raises(UnavailableError):
        storage.incr("key", 60)
    with pytest.raises(StorageError):
        DatabaseStorage(database=down, clock=lambda: datetime.now(UTC), wrap_exceptions=True).incr("key", 60)


def test_what_an_outage_of_the_database_cut_off_locks_nobody_out(
    storage: DatabaseStorage, database: Database, monkeypatch: pytest.MonkeyPatch
):
    limiter = MovingWindowRateLimiter(storage)

    def down():
        raise UnavailableError("the database does not answer")

    for _ in range(4):
        assert limiter.hit(LIMIT, *WHO)
        with monkeypatch.context() as outage:
            outage.setattr(database, "begin", down)
            storage.release_entry(LIMIT.key_for(*WHO))
            with pytest.raises((StorageError, UnavailableError)):
                limiter.hit(LIMIT, *WHO)
    assert [limiter.hit(LIMIT, *WHO) for _ in range(4)] == [True, True, True, False], "wrong ones count as before"
