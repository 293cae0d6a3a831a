"""People: added by officers, one by one or from a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.addresses import check_address
from signing_service.agreement.names import clean_name
from signing_service.store import people
from signing_service.store.tables import Person
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who is to act in agreements."""

    name: str
    """In Latin letters."""
    email: str
    native_name: str | None = None
    locale: str = "en"
    time_zone: str = "UTC"


def add_person(service: Service, officer_id: str, person: NewPerson) -> str:
    """Add a person and return the id; raises InputError on a bad name or address, ConflictError on one in use."""
    with service.database.begin() as session:
        require_officer(session, officer_id)
        return store_person(session, person, service.clock()).id


def person_for_officer(service: Service, officer_id: str, person_id: str) -> Person:
    """A person, for an officer; raises NotAllowedError for all others, NotFoundError."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        return people.get(session, person_id)


def store_person(session: Session, person: NewPerson, now: datetime, *, office: str = "") -> Person:
    """Store a person within the caller's transaction; raises as add_person."""
    return people.add(
        session,
        name=clean_name(person.name),
        email=check_address(person.email),
        now=now,
        native_name=clean_name(person.native_name) if person.native_name else None,
        office=office,
        locale=person.locale,
        time_zone=person.time_zone,
    )
