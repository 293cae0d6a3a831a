"""The installation: the one row that ``init`` writes, and that never changes afterwards but for the trust file."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError
from signing_service.store.database import Database
from signing_service.store.tables import Installation

THE_ROW = 1
_FIND = select(Installation).where(Installation.id == THE_ROW)  # built once: every publication asks


def find(session: Session) -> Installation | None:
    """The installation; None before ``init``."""
    return session.scalar(_FIND)


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
        raise ConflictError("there is no installation", hint="run `signing-service init` once")
    installed.trust_file = trust_file
    session.flush()
