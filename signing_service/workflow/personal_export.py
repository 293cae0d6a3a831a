"""All that the service holds about one person, as JSON: rows and events, for the person to take away. ::

    export_person(service, "lin@njupt.example")

Every table with a column that names a person is in it (a test compares), each row whole but for secrets, which would
only help whoever steals the export, and for the bulk of documents that others hold too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.orm import Session

from signing_service.encoding import format_time, parse_canonical_json, to_base64url
from signing_service.errors import FormatError, NotFoundError
from signing_service.store import openings, people
from signing_service.store.tables import Base, Credential, Enrolment, Mandate, Person, RateCounter, RateHit
from signing_service.workflow.service import Service

VERSION = 1
HIDDEN = {
    "people": {"password_hash"},
    "invitations": {"token_sha256"},
    "sessions": {"token_sha256"},
    "feeds": {"token_sha256"},
    "challenges": {"challenge"},
    "code_seeds": {"sealed", "last_step"},
}
"""Secrets, and hashes of secrets: only whether there is one is told."""
BULK = {
    "agreements": {"terms", "layout"},
    "attempts": {
        "prepared_delta",
        "prepared_contents_offset",
        "prepared_startxref",
        "prepared_size",
        "signed_attributes",
    },
}
"""Columns of documents that the person can download as such."""


def export_person(service: Service, email: str) -> dict[str, Any]:
    """Everything about the person with that address, as JSON values; raises NotFoundError."""
    with service.database.read() as session:
        person = people.by_email(session, email.strip())
        if person is None:
            raise NotFoundError(f"there is no person with the address {email.strip()}")
        rows = {table.name: _rows(session, table, person) for table in tables_about_people()}
        return {
            "v": VERSION,
            "service": service.settings.public_url,
            "exported": format_time(service.clock()),
            "person": person.id,
            "rows": {name: found for name, found in rows.items() if found},
            "events": _events(session, person),
            "left_out": "secrets (shown as whether there is one), documents' bytes, log lines, backups; "
            "evidence bundles that were handed out are with those who have them",
        }


def tables_about_people() -> list[Table]:
    """The tables that name people, by a foreign key or (limits of attempts) by their address."""
    by_key = [table for table in Base.metadata.sorted_tables if table.name == "people" or _person_columns(table)]
    by_address = [Base.metadata.tables[row.__tablename__] for row in (RateCounter, RateHit)]
    return [*by_key, *by_address]


def _person_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns for key in column.foreign_keys if key.column.table.name == "people"]


def _rows(session: Session, table: Table, person: Person) -> list[dict[str, Any]]:
    found = session.execute(select(table).where(_about(table, person))).mappings()
    hidden, bulk = HIDDEN.get(table.name, set()), BULK.get(table.name, set())
    shown = [{name: value for name, value in row.items() if name not in bulk} for row in found]
    return [
        {name: value is not None if name in hidden else _plain(value) for name, value in row.items()} for row in shown
    ]


def _about(table: Table, person: Person) -> ColumnElement[bool]:
    if table.name == "people":
        return table.c.id == person.id
    if table.name in (RateCounter.__tablename__, RateHit.__tablename__):
        return table.c.key.contains(person.email, autoescape=True)
    conditions: list[ColumnElement[bool]] = [table.c[name] == person.id for name in _person_columns(table)]
    if table.name == Enrolment.__tablename__:
        own = select(Credential.id).where(Credential.person == person.id)
        conditions.append(table.c.credential.in_(own))
    return or_(*conditions)


def _plain(value: object) -> Any:
    """A column's value as JSON: bytes that are JSON as such, others as base64url; times as everywhere."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return parse_canonical_json(value)
        except FormatError:
            return to_base64url(value)
    return value


def _events(session: Session, person: Person) -> list[dict[str, Any]]:
    """The opened events that name the person: by id, by a mandate, by a passkey."""
    mandates = session.scalars(select(Mandate.digest).where(Mandate.person == person.id))
    keys = session.scalars(select(Credential.key_sha256).where(Credential.person == person.id))
    marks = [mark.encode() for mark in (person.id, *mandates, *keys)]
    return [_event(opening) for opening in openings.opened(session) if _names(opening, marks)]


def _names(opening: openings.Opening, marks: Iterable[bytes]) -> bool:
    return opening.event is not None and any(b'"%s"' % mark in opening.event for mark in marks)


def _event(opening: openings.Opening) -> dict[str, Any]:
    return {
        "index": opening.index,
        "entry": parse_canonical_json(opening.entry),
        "event": parse_canonical_json(opening.event or b""),
        "salt": to_base64url(opening.salt or b""),
    }
