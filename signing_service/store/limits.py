"""Rate limits counted in the service's own database, so that all processes and machines share them.

A storage of the ``limits`` library::

    storage = DatabaseStorage(database=database, clock=lambda: datetime.now(UTC))
    MovingWindowRateLimiter(storage).hit(parse("5/minute"), "login", "achara@mekong.example")

Flask-Limiter takes it as ``storage_uri="signing-service://"`` with ``storage_options={"database": …, "clock": …}``.

Fixed and moving windows are supported. Keys are the caller's: per account and per address, never one for all, so that
nobody locks others out.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from limits.storage import MovingWindowSupport, Storage
from sqlalchemy import case, delete, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from signing_service.errors import UnavailableError
from signing_service.store.database import Database
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import RateCounter, RateHit

# What every approval by password asks.
_HITS = "SELECT count(*), min(time) FROM rate_hits WHERE key = :key AND time > :since"
_TAKE = (
    "INSERT INTO rate_hits (key, time, expires) SELECT CAST(:key AS VARCHAR), :time, :expires "
    "WHERE (SELECT count(*) FROM rate_hits WHERE key = :key AND time > :since) + :amount <= :limit"
)
_AGAIN = "INSERT INTO rate_hits (key, time, expires) VALUES (:key, :time, :expires)"
_GIVE_BACK = "DELETE FROM rate_hits WHERE id = (SELECT max(id) FROM rate_hits WHERE key = :key)"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('rate'), hashtext(:key))"
MAX_OWED = 10_000  # keys whose hits a process remembers to give back; beyond, they end with their window
MAX_KEY = 255  # characters; longer keys are cut, which only makes limits stricter


class DatabaseStorage(Storage, MovingWindowSupport):
    """Counters in ``rate_counters``, single hits in ``rate_hits``; ``clock`` gives an aware time."""

    STORAGE_SCHEME = ["signing-service"]  # noqa: RUF012 (the library's interface)

    def __init__(
        self,
        uri: str | None = None,
        *,
        database: Database,
        clock: Callable[[], datetime],
        wrap_exceptions: bool = False,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._database = database
        self._clock = clock
        self._owed: Counter[str] = Counter()  # what could not be given back, by key
        self._owing = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a database that does not answer raises."""
        return UnavailableError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` in the key's window, which began with its first hit and lasts ``expiry`` seconds."""
        now = self._clock()
        row = {"key": key[:MAX_KEY], "count": amount, "expires": now + timedelta(seconds=expiry)}
        add = (sqlite_insert if self._database.dialect == "sqlite" else postgresql_insert)(RateCounter).values(row)
        over = RateCounter.expires <= now
        change = {
            "count": case((over, amount), else_=RateCounter.count + amount),
            "expires": case((over, row["expires"]), else_=RateCounter.expires),
        }
        counted = add.on_conflict_do_update(index_elements=["key"], set_=change).returning(RateCounter.count)
        with self._database.begin() as session:
            return session.execute(counted).scalar_one()

    def get(self, key: str) -> int:
        """The count of the key's window; 0 when it is over."""
        query = select(RateCounter.count).where(RateCounter.key == key[:MAX_KEY], RateCounter.expires > self._clock())
        with self._database.read() as session:
            return session.scalar(query) or 0

    def get_expiry(self, key: str) -> float:
        """When the key's window is over, in seconds since 1970; now if there is none."""
        now = self._clock()
        query = select(RateCounter.expires).where(RateCounter.key == key[:MAX_KEY], RateCounter.expires > now)
        with self._database.read() as session:
            return (session.scalar(query) or now).timestamp()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take ``amount`` of the ``limit`` within the last ``expiry`` seconds; False when there is not so much left."""
        name = key[:MAX_KEY]
        with self._owing:
            owed = self._owed.pop(name, 0)
        try:
            return self._acquire(name, limit, expiry, amount, owed)
        except UnavailableError:
            self._owe(name, owed)
            raise

    def _acquire(self, name: str, limit: int, expiry: int, amount: int, owed: int) -> bool:
        now = self._clock()
        window = timedelta(seconds=expiry)
        with self._database.begin() as session:
            driver = Driver.of(session)
            hit = {"key": name, "time": driver.moment(now), "expires": driver.moment(now + window)}
            enough = {"since": driver.moment(now - window), "amount": amount, "limit": limit}
            give_back = (_GIVE_BACK, {"key": name})
            if not driver.run_all([*self._alone(driver, name), *[give_back] * owed, (_TAKE, {**hit, **enough})]):
                return False
            driver.run_all([(_AGAIN, hit)] * (amount - 1))
        return True

    def release_entry(self, key: str) -> None:
        """Give back the newest hit of a key: what it stood for came out well, or to nothing.

        While the database does not answer that is put off until the key is used again: its outage locks nobody out.
        """
        name = key[:MAX_KEY]
        try:
            with self._database.begin() as session:
                driver = Driver.of(session)
                driver.run_all([*self._alone(driver, name), (_GIVE_BACK, {"key": name})])
        except UnavailableError:
            self._owe(name, 1)

    def _owe(self, name: str, count: int) -> None:
        with self._owing:
            if count and (name in self._owed or len(self._owed) < MAX_OWED):
                self._owed[name] += count

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest hit within the last ``expiry`` seconds, in seconds since 1970, and how many there are."""
        now = self._clock()
        with self._database.read() as session:
            count, first = self._hits(session, key[:MAX_KEY], now - timedelta(seconds=expiry))
        return (first or now).timestamp(), count

    def check(self) -> bool:
        """Whether the database answers."""
        try:
            with self._database.read() as session:
                session.execute(text("SELECT 1"))
        except UnavailableError:
            return False
        return True

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._database.begin() as session:
            session.execute(delete(RateCounter).where(RateCounter.key == key[:MAX_KEY]))
            session.execute(delete(RateHit).where(RateHit.key == key[:MAX_KEY]))

    def reset(self) -> int | None:
        """Forget all keys; gives how many counters there were."""
        with self._database.begin() as session:
            session.execute(delete(RateHit))
            return len(session.execute(delete(RateCounter).returning(RateCounter.key)).all())

    def forget_expired(self) -> None:
        """Remove what no window can see any more; for the worker, now and then."""
        now = self._clock()
        with self._database.begin() as session:
            session.execute(delete(RateHit).where(RateHit.expires <= now))
            session.execute(delete(RateCounter).where(RateCounter.expires <= now))

    @staticmethod
    def _alone(driver: Driver, key: str) -> list[tuple[str, dict[str, str]]]:
        """What keeps others off the key until commit; SQLite has one writer anyway."""
        return [(_LOCK, {"key": key})] if driver.locks_rows else []

    @staticmethod
    def _hits(session: Session, key: str, since: datetime) -> tuple[int, datetime | None]:
        driver = Driver.of(session)
        row = driver.row(_HITS, {"key": key, "since": driver.moment(since)})
        assert row is not None, "an aggregate gives one row"
        return row[0], None if row[1] is None else read_moment(row[1])
