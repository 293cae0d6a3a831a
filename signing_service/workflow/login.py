"""Logging in and out, and who is behind a session's cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.errors import NotAllowedError
from signing_service.store import people, sessions
from signing_service.store.tables import Person
from signing_service.workflow.passwords import password_matches
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service

IDLE_LIMIT = timedelta(minutes=60)
ABSOLUTE_LIMIT = timedelta(hours=12)
TABLE_IDLE_LIMIT = timedelta(minutes=5)  # at the signing table, where the next person waits
TABLE_LIMIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """Who is behind a session."""

    person_id: str
    name: str
    office: str
    """As Person.office; empty at the signing table."""
    locale: str
    expires: datetime
    """UTC; the earlier of the idle and the absolute limit."""
    at_table: bool = False
    """Whether it is the signing table: a shared device, unlocked by an officer for this person."""


def sign_in(service: Service, email: str, password: str, *, address: str, agent: str) -> str:
    """Check address and password and open a session; return its token.

    Raises NotAllowedError, with the same words and in similar time for unknown people and wrong passwords.
    """
    with service.database.read() as session:
        person = people.by_email(session, email.strip())
    stored = person.password_hash if person and person.ended is None else None
    if not password_matches(password, stored) or person is None:
        raise NotAllowedError("the e-mail address or the password is wrong", hint="ask the secretariat for a new link")
    with service.database.begin() as session:
        return sessions.start(session, person.id, now=service.clock(), address=address, agent=agent)


def session_person(service: Service, token: str) -> SessionPerson | None:
    """Say who is behind a session token; None when it is unknown, ended, idle or too old."""
    now = service.clock()
    with service.database.read() as session:
        found = sessions.find(session, token, now=now, idle=IDLE_LIMIT, absolute=ABSOLUTE_LIMIT)
    if found is None:
        return None
    login, person = found
    at_table = login.table_officer is not None
    idle, absolute = (TABLE_IDLE_LIMIT, TABLE_LIMIT) if at_table else (IDLE_LIMIT, ABSOLUTE_LIMIT)
    expires = min(login.last_seen + idle, login.created + absolute)
    if expires <= now:
        return None
    if sessions.needs_touch(login, now=now):
        with service.database.begin() as session:
            sessions.touch(session, token, now=now)
    office = "" if at_table else person.office
    return SessionPerson(person.id, person.name, office, person.locale, expires, at_table)


def sign_out(service: Service, token: str) -> None:
    """End a session; an unknown token is no error."""
    with service.database.begin() as session:
        sessions.end(session, token, now=service.clock())


class WrongPasswordError(NotAllowedError):
    """The password at a step-up is not the person's; attempts are to be limited."""


def check_password(service: Service, person_id: str, password: str) -> None:
    """Step-up: raise WrongPasswordError unless ``password`` is the person's."""
    with service.database.read() as session:
        person = people.get(session, person_id)
    stored = person.password_hash if person.ended is None else None
    if not password_matches(password, stored):
        raise WrongPasswordError("the password is wrong", hint="type the password that you chose for this service")


def require_officer(session: Session, person_id: str) -> Person:
    """Return the person if an officer who may still log in; raises NotAllowedError."""
    return require(session, person_id, "secretariat")
