"""One database, SQLite or PostgreSQL, and the only two ways into it: ``begin`` to write, ``read`` to read.

Example::

    database = Database("postgresql://signing@db.example.org/signing", guard=guard)
    with database.begin() as session:  # one transaction: commits at the end, rolls back on an exception
        session.add(person)
    with database.read() as session:  # one consistent snapshot, cannot write
        person = session.get(Person, person_id)

SQLite runs with WAL, ``synchronous=FULL`` (a commit that returned survives a power loss), foreign keys,
``BEGIN IMMEDIATE`` for writers and a busy timeout; writers of one process queue on a lock instead of
polling. PostgreSQL runs READ COMMITTED for writers, whose locks order them, and REPEATABLE READ for readers.
A database that does not answer surfaces as UnavailableError: the outcome of a commit may then be unknown,
and the undertaking is repeated by its idempotency key.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from signing_service.errors import ConfigurationError, DatabaseDownError, InputError, UnavailableError
from signing_service.store.driver import Driver
from signing_service.store.engine import BUSY_TIMEOUT, READ_ONLY, make_engine
from signing_service.store.gate import Gate
from signing_service.store.guard import Guard
from signing_service.store.together import Together
from signing_service.store.wall_clock import WallClock

LOOKERS = 3  # connections for single questions that are kept: each takes a millisecond
SETTLING = 5  # seconds that a thread waits while another waits for the standby
GUARD, WALL_CLOCK = "guard", "wall clock"  # keys of Session.info, where an append finds them


class Database:
    """A pool of connections; thread-safe. After a fork each process makes its own, or leaves those to the other."""

    def __init__(self, url: str, *, guard: Guard | None = None, pool_size: int = 10) -> None:
        """Take ``sqlite:///path`` or ``postgresql://…``; raises ConfigurationError on any other.

        ``guard`` is checked in each append to the record; only ``init``, which makes it, may go without.
        """
        self.url = parse_url(url)
        self.dialect = self.url.get_backend_name()
        self.guard = guard
        self.wall_clock = WallClock()
        self.gate = Gate()
        self._writers = threading.Lock()
        self._settling = Together[None]()
        self.engine = make_engine(self.url, pool_size)
        options: dict[str, Any] = {READ_ONLY: True}
        if self.dialect == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = self.engine.execution_options(**options)
        # PostgreSQL's single questions have connections of their own, which nobody has to switch back and forth
        self._looker = self.engine if self.dialect == "sqlite" else make_engine(self.url, LOOKERS, "AUTOCOMMIT")

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction; raises UnavailableError when the database does not answer in time."""
        with (
            self.gate.passing(),
            self._writers_turn(),
            unavailable_when_down(self.url),
            Session(self.engine, **self._options()) as session,
            session.begin(),
        ):
            yield session
            self.gate.check()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot for reading; nothing that is changed in it is kept."""
        with unavailable_when_down(self.url), Session(self._reader, autoflush=False, **self._options()) as session:
            yield session
            session.expunge_all()  # what was read stays readable after the end; nothing is left to be flushed
            if self.dialect == "postgresql":
                session.commit()  # of nothing; at a rollback psycopg forgets all statements it had prepared
            else:
                session.rollback()

    @contextmanager
    def look(self) -> Iterator[Session]:
        """For a single statement that reads: PostgreSQL is spared the begin and the end of a transaction around it."""
        if self.dialect != "postgresql":
            with self.read() as session:
                yield session
            return
        with unavailable_when_down(self.url), Session(self._looker, autoflush=False, **self._options()) as session:
            yield session
            session.expunge_all()

    @contextmanager
    def ask(self) -> Iterator[Driver]:
        """As look, for what the driver alone can answer: without a session around it."""
        if self.dialect != "postgresql":
            with self.read() as session:
                yield Driver.of(session)
            return
        with unavailable_when_down(self.url), self._looker.connect() as connection:
            try:
                yield Driver(connection)
            except (OperationalError, InterfaceError):
                connection.invalidate()  # the pool did not see what the driver met
                raise

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A writing transaction without the ORM, for migrations and maintenance."""
        with (
            self.gate.passing(),
            self._writers_turn(),
            unavailable_when_down(self.url),
            self.engine.begin() as connection,
        ):
            yield connection
            self.gate.check()

    def settle(self) -> None:
        """Return once everything that could be read before this was called is kept as an own commit would be.

        A commit that waits for a synchronous standby is seen on the primary once its connection is ended, or the
        primary started anew, though the standby lacks it. So who answers for what it has only read makes a commit of
        its own, which comes after all of that and waits in turn. Nothing to do on SQLite, or without such a standby.
        Raises UnavailableError where another thread's wait takes longer than SETTLING.
        """
        if self.dialect == "postgresql":
            self._settling.run(self._commit_nothing, patience=SETTLING)

    def _commit_nothing(self) -> None:
        with self.begin() as session:
            Driver.of(session).row(_NOTHING)

    def try_to_commit(self) -> None:
        """Make a commit, though writers are refused, and let them through again once it has returned.

        It waits for the synchronous standby, however long that is away. Raises UnavailableError, at once where
        another one is under way.
        """
        with self.gate.trial(), unavailable_when_down(self.url), self.engine.begin() as connection:
            if self.dialect == "postgresql":
                Driver(connection).row(_NOTHING)

    def check_durability(self) -> None:
        """Raise ConfigurationError unless a commit that returned survives a power loss."""
        with self.read() as session:
            if self.dialect == "sqlite":
                level = session.execute(text("PRAGMA synchronous")).scalar_one()
                durable = level >= 2 and session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
                setting = f"synchronous={level}"
            else:
                values = {name: session.execute(text(f"SHOW {name}")).scalar_one() for name in _DURABILITY}
                durable = keeps_commits(values)
                setting = ", ".join(f"{name}={value}" for name, value in values.items())
        if not durable:
            raise ConfigurationError(
                f"the database may forget acknowledged commits ({setting})",
                hint="set fsync, full_page_writes and synchronous_commit to on in postgresql.conf",
            )

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._looker.dispose()

    def leave_connections(self) -> None:
        """To be called in a forked process: the connections belong to the other one, and stay open for it."""
        self.engine.dispose(close=False)
        if self._looker is not self.engine:
            self._looker.dispose(close=False)

    def _options(self) -> dict[str, Any]:
        return {"expire_on_commit": False, "info": {GUARD: self.guard, WALL_CLOCK: self.wall_clock}}

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._writers.acquire(timeout=BUSY_TIMEOUT):
            raise UnavailableError("the database is busy", hint="try again in a moment")
        try:
            yield
        finally:
            self._writers.release()


_DURABILITY = ("fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names")
_OWN_DISK = ("local", "remote_write")  # values of synchronous_commit that wait for no standby's disk


def keeps_commits(values: Mapping[str, str]) -> bool:
    """Whether PostgreSQL, set like this, has a commit that returned on its disk, and on its standby's if it has one.

    A standby that commits do not wait for may be promoted without them.
    """
    if "off" in values.values():
        return False
    return not values["synchronous_standby_names"] or values["synchronous_commit"] not in _OWN_DISK


# Something to wait for: a commit that has written nothing waits for no standby.
_NOTHING = """
    SELECT pg_logical_emit_message(true, 'signing-service', '') WHERE current_setting('synchronous_standby_names') <> ''
"""


@contextmanager
def unavailable_when_down(url: URL) -> Iterator[None]:
    """Turn a driver's "no answer" (down, locked, full, out of connections) into UnavailableError.

    What the database cannot hold (PostgreSQL no text with a zero byte) becomes InputError.
    """
    try:
        yield
    except DataError as error:
        hint = "leave out invisible characters"
        raise InputError("what was sent holds something that cannot be stored", hint=hint) from error
    except (OperationalError, InterfaceError, InternalError, PoolTimeoutError) as error:
        if isinstance(error, InternalError) and getattr(error.orig, "sqlstate", None) != _TOO_LONG_IDLE:
            raise
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        words = reason[0] if reason else type(error).__name__
        raise _unavailable(url, words, only_a_standby=any(of in str(error) for of in _STANDBYS_WORDS)) from error


def address_of(url: URL) -> str:
    """Where a database is, for operators: name and servers, or the file. Neither user nor password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    named = f"{url.host or 'localhost'}:{url.port}" if url.port else url.host or "localhost"
    return f"{url.database} at {', '.join(url.normalized_query.get('host', (named,)))}"


def _unavailable(url: URL, reason: str, *, only_a_standby: bool) -> UnavailableError:
    """Say what a driver's words mean for who is signing, and what the operator has to do."""
    if any(words in reason for words in _FULL):
        return UnavailableError(
            "the database's disk is full, so nothing more can be stored",
            hint="try again later: what was confirmed is kept; the operator has to free space",
        )
    if any(words in reason for words in _FAILING):
        return UnavailableError(
            "the database's disk does not take what is written",
            hint="try again later: what was confirmed is kept; the operator has to look at the disk",
        )
    is_file = url.get_backend_name() == "sqlite"
    reason = reason.removeprefix("connection failed: ")  # of psycopg, before libpq's own words
    words = f"the database {address_of(url)} does not answer: {reason}"  # pages say less, in the visitor's language
    advice = _PRIMARY_ADVICE if only_a_standby else _SERVER_ADVICE
    return DatabaseDownError(words, hint=_FILE_ADVICE if is_file else advice)


_SERVER_ADVICE = (
    "see that PostgreSQL runs there, takes connections from this machine, and is the one that DATABASE_URL names; "
    "a service that runs goes on by itself once it answers"
)
_PRIMARY_ADVICE = (
    "only a standby answers: the primary is dead or gone; deploy/postgresql/README.md, The primary dies"
)
_FILE_ADVICE = (
    "see which process keeps the file locked (fuser -v), and that its disk answers; "
    "a service that runs goes on by itself once it does"
)
_TOO_LONG_IDLE = "25P03"  # PostgreSQL has ended a transaction in which nothing was asked for IDLE_TIMEOUT
_FULL = ("disk is full", "No space left on device", "Disk quota exceeded")  # SQLite's words, PostgreSQL's
_STANDBYS_WORDS = ("session is read-only", "server is in hot standby mode")  # libpq's, by target_session_attrs
_FAILING = ("disk I/O error", "Input/output error", "readonly database")


def parse_url(url: str) -> URL:
    """Parse ``sqlite:///path`` or ``postgresql://…`` (psycopg 3); raises ConfigurationError."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError("DATABASE_URL is not a database URL", hint="sqlite:///var/service.db") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigurationError(
            f"DATABASE_URL names the database {parsed.drivername!r}", hint="use sqlite:///… or postgresql://…"
        )
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigurationError("DATABASE_URL names no file", hint="sqlite:///var/service.db")
    return parsed
