"""Pools of connections to SQLite or PostgreSQL, set up so that a commit that returned is on the disk.

SQLite runs with WAL, ``synchronous=FULL``, foreign keys and ``BEGIN IMMEDIATE`` for writers; PostgreSQL in the
isolation that is asked for, with UTF-8 and a bound on how long it waits for locks, for a machine that has lost its
power or network, and for a client that has stopped in the middle of a transaction. What the URL itself says of these
holds.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from signing_service.errors import ConfigurationError
from signing_service.store.driver import Driver

BUSY_TIMEOUT = 30  # seconds that a writer waits for others before it gives up
UNASKED = 1.0  # seconds for which a connection that was given back is taken to be alive
IDLE_TIMEOUT = 60  # seconds after which PostgreSQL ends a transaction whose client asks nothing, and frees its locks
OVERFLOW = 10  # connections above a pool's size that are opened while many ask, and closed again
READ_ONLY = "signing_service_read_only"  # execution option of a reader's connections
Isolation = Literal["READ COMMITTED", "AUTOCOMMIT"]
_LIVENESS = {  # of libpq; by themselves, a machine that is gone is noticed after two hours, or a quarter of one
    "keepalives": 1,
    "keepalives_idle": 5,  # seconds without a word before it is asked whether it is there
    "keepalives_interval": 2,  # seconds between two such questions
    "keepalives_count": 3,  # unanswered ones
    "tcp_user_timeout": 15_000,  # milliseconds until what was sent is acknowledged
}
_OPTIONS = f"-c lock_timeout={BUSY_TIMEOUT}s -c idle_in_transaction_session_timeout={IDLE_TIMEOUT}s"
_USED = "used"  # key of a pooled connection's info: when it was given back
_SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is erased is overwritten in the file; the default of many builds, but not of all
    "cache_size = -16000",  # KiB
    "wal_autocheckpoint = 4000",  # pages of 4 KiB: the same few pages of the record are written back less often
)


def make_engine(url: URL, pool_size: int, isolation: Isolation = "READ COMMITTED") -> Engine:
    """A pool that keeps up to ``pool_size`` connections; ``isolation`` is PostgreSQL's."""
    if url.get_backend_name() == "sqlite":
        _create_private_file(Path(str(url.database)))
        engine = create_engine(url, pool_size=pool_size, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=OVERFLOW,
            hide_parameters=True,  # what people typed has no place in an error or a log
            isolation_level=isolation,
            connect_args=connection_of(url),
        )
        event.listen(engine, "connect", _check_encoding)
        event.listen(engine, "connect", _listen_for_cancelled_waits)
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", functools.partial(_check_alive, engine.dialect))
    return engine


def connection_of(url: URL) -> dict[str, Any]:
    """Libpq's parameters beside the URL's own; of two options with one name PostgreSQL takes the later one."""
    return {
        **{name: value for name, value in _LIVENESS.items() if name not in url.query},
        "application_name": "signing-service",
        "client_encoding": "utf8",
        "connect_timeout": 10,
        "options": " ".join((_OPTIONS, *url.normalized_query.get("options", ()), "-c timezone=UTC")),
    }


def _note_use(_connection: Any, record: ConnectionPoolEntry | None) -> None:
    if record is not None:
        record.info[_USED] = time.monotonic()


def _check_alive(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let the pool replace a connection that was cut while it lay there; one that was used just now is not asked.

    Where such a one was cut all the same, its transaction fails and the pool makes all connections anew.
    """
    if time.monotonic() - record.info.get(_USED, -UNASKED) < UNASKED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _check_encoding(connection: Any, _record: object) -> None:
    """Refuse a database that would not keep names in twelve scripts as they were given."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            f"DATABASE_URL: the database {connection.info.dbname} is encoded as {encoding}, not as UTF8",
            hint="make it anew: createdb --encoding=UTF8 --template=template0 NAME",
        )


class _CancelledWaits(threading.local):
    """Of this thread: whether a commit gave up waiting for the standby, which it had to wait for."""

    seen = False


_cancelled = _CancelledWaits()


def _listen_for_cancelled_waits(connection: Any, _record: object) -> None:
    """PostgreSQL reports a commit whose wait an administrator has cancelled as done, and only warns beside it."""

    def listen(notice: Any) -> None:
        if notice.source_function == "SyncRepWaitForLSN":  # the words are in the server's language
            _cancelled.seen = True

    connection.add_notice_handler(listen)


def forget_cancelled_waits() -> None:
    """Before a transaction: an earlier one whose connection was ended with its wait has failed, and that was said."""
    _cancelled.seen = False


def wait_was_cancelled() -> bool:
    """Whether the commit that has just returned in this thread lacks its synchronous standby; says so once."""
    seen, _cancelled.seen = _cancelled.seen, False
    return seen


def _create_private_file(path: Path) -> None:
    """Make the database file readable by its owner alone; SQLite gives its WAL the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"DATABASE_URL: {path}: {error.strerror}", hint="make the folder, writable by the service's user"
        ) from error


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reader = connection.get_execution_options().get(READ_ONLY, False)
    # run beneath SQLAlchemy: every transaction begins here, and a statement of its own costs more than the begin
    Driver(connection).run("BEGIN" if reader else "BEGIN IMMEDIATE")
