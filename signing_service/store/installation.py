"""The installation: the one row that ``init`` writes, and that never changes afterwards but for the trust file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from signing_service.errors import ConfigurationError, ConflictError
from signing_service.store.database import Database, parse_url
from signing_service.store.driver import Driver
from signing_service.store.guard import Guard
from signing_service.store.tables import Installation

THE_ROW = 1
_TRUST_FILE = "SELECT trust_file FROM installation WHERE id = :id"
_HELD = " FOR NO KEY UPDATE"
_MAKE_IT = "run `signing-service init` once, or bring a backup back: `signing-service restore FILE`"


def open_database(url: str, *, guard: Guard | None = None) -> Database:
    """The database of a service that is there; Database itself would make a file where there is none.

    Raises ConfigurationError where SQLite's file is not there, or is somebody else's.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        _check_file(Path(str(parsed.database)))
    return Database(url, guard=guard)


def _check_file(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = f"DATABASE_URL names it; where it does so rightly, {_MAKE_IT}"
        raise ConfigurationError(f"there is no database at {path}", hint=hint) from error
    except PermissionError as error:
        raise _not_ours(path) from error
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise _not_ours(file)


def _not_ours(path: Path) -> ConfigurationError:
    hint = "it is another user's: give it to the service's user (chown), or run this as that user"
    return ConfigurationError(f"DATABASE_URL: {path} cannot be read and written", hint=hint)


def missing() -> ConfigurationError:
    """What is raised where the database belongs to no service."""
    return ConfigurationError("the database is empty", hint=_MAKE_IT)


def find(session: Session) -> Installation | None:
    """The installation; None before ``init``."""
    return session.get(Installation, THE_ROW)


def trust_file(session: Session, *, hold: bool = False) -> bytes | None:
    """The current trust file alone; None before ``init``. Every publication asks.

    ``hold`` keeps others from replacing it until commit; it is held before the log.
    """
    driver = Driver.of(session)
    held = _HELD if hold and driver.locks_rows else ""
    row = driver.row(_TRUST_FILE + held, {"id": THE_ROW})
    return None if row is None else bytes(row[0])


def find_on(database: Database) -> Installation | None:
    """The installation; None before ``init``, also on a database without any table."""
    with database.read() as session:
        return find(session) if inspect(session.connection()).has_table(Installation.__tablename__) else None


def add(
    session: Session,
    *,
    public_url: str,
    record_origin: str,
    relying_party_id: str,
    trust_file: bytes,
    demo: bool,
    now: datetime,
) -> None:
    """Store the identity of a new service; raises ConflictError if there is one already."""
    if find(session) is not None:
        raise ConflictError("the database belongs to a service already", hint="init is run once; use an empty database")
    session.add(
        Installation(
            id=THE_ROW,
            public_url=public_url,
            record_origin=record_origin,
            relying_party_id=relying_party_id,
            trust_file=trust_file,
            demo=demo,
            created=now,
        )
    )
    session.flush()


def replace_trust_file(session: Session, trust_file: bytes) -> None:
    """Store the trust file's successor; whether it may succeed is for the caller to know."""
    installed = find(session)
    if installed is None:
        raise missing()
    installed.trust_file = trust_file
    session.flush()
