"""Logging in and out, and who is behind a session's cookie."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.errors import DatabaseDownError
from signing_service.store import people, sessions
from signing_service.store.tables import Person
from signing_service.workflow import codes
from signing_service.workflow.passwords import WrongPasswordError, password_matches
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service

TABLE_IDLE_LIMIT = timedelta(minutes=5)  # at the signing table, where the next person waits
TABLE_LIMIT = timedelta(minutes=30)

__all__ = [
    "SessionPerson",
    "WrongPasswordError",
    "check_password",
    "check_password_of",
    "require_officer",
    "session_person",
    "sign_in",
]


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """Who is behind a session."""

    person_id: str
    name: str
    native_name: str | None
    email: str
    office: str
    """As Person.office; empty at the signing table."""
    locale: str
    expires: datetime
    """UTC; the earlier of the idle and the absolute limit."""
    last: datetime
    """UTC; the absolute limit, which nothing but signing in again moves."""
    fresh: bool = False
    """Whether the person proved presence lately, as what needs a proof asks."""
    unprotected: bool = False
    """Whether a password alone opened the session although the settings ask for more."""
    at_table: bool = False
    """Whether it is the signing table: a shared device, unlocked by an officer for this person."""
    table_agreement: str | None = None
    table_signer: str | None = None


def sign_in(service: Service, email: str, password: str, code: str = "", *, address: str, agent: str) -> str:
    """Check address, password and (where the person has set that up) code, open a session; return its token.

    Raises WrongPasswordError, with the same words and in similar time whichever of the three is wrong.
    """
    with service.database.read() as session:
        person = people.by_email(session, email.strip())
    stored = person.password_hash if person and person.ended is None else None
    if not password_matches(password, stored) or person is None:
        raise _wrong()
    now, needs_code = service.clock(), service.settings.password_needs_code
    with service.database.begin() as session:
        try:
            with_code = codes.take(session, service, person.id, code)
        except WrongPasswordError as error:
            raise _wrong() from error
        method = "password+code" if with_code else "password"
        proof = with_code or not needs_code
        return sessions.start(session, person.id, now=now, address=address, agent=agent, step_up=proof, method=method)


def _wrong() -> WrongPasswordError:
    return WrongPasswordError(
        "the e-mail address, the password or the code is wrong", hint="ask the secretariat for a new link"
    )


def session_person(service: Service, token: str, *, seen: bool = True) -> SessionPerson | None:
    """Say who is behind a session token; None when it is unknown, ended, idle or too old.

    ``seen``: whether this counts as something that the person did, so that the idle limit begins anew.
    """
    now, settings = service.clock(), service.settings
    idle, absolute = settings.session_idle, settings.session_absolute
    with service.database.ask() as driver:
        login = sessions.find(driver, token, now=now, idle=idle, absolute=absolute)
    if login is None:
        return None
    at_table = login.table_officer is not None
    if at_table:
        idle, absolute = min(idle, TABLE_IDLE_LIMIT), min(absolute, TABLE_LIMIT)
    last = login.created + absolute
    if min(login.last_seen + idle, last) <= now:
        return None
    seen_at = login.last_seen
    if seen and sessions.needs_touch(login, now=now):
        with contextlib.suppress(DatabaseDownError):  # who only reads goes on while nothing can be stored
            with service.database.begin() as session:
                sessions.touch(session, token, now=now)
            seen_at = now
    return SessionPerson(
        login.person,
        login.name,
        login.native_name,
        login.email,
        "" if at_table else login.office,
        login.locale,
        expires=min(seen_at + idle, last),
        last=last,
        fresh=_is_fresh(service, login, now),
        unprotected=login.method == "password" and settings.password_needs_code,
        at_table=at_table,
        table_agreement=login.table_agreement,
        table_signer=login.table_signer,
    )


def _is_fresh(service: Service, login: sessions.Login, now: datetime) -> bool:
    return login.step_up is not None and now < login.step_up + service.settings.proof_lifetime


def stay(service: Service, token: str) -> None:
    """The person wants to stay: the idle limit begins anew."""
    with service.database.begin() as session:
        sessions.touch(session, token, now=service.clock())


def sign_out(service: Service, token: str) -> None:
    """End a session; an unknown token is no error."""
    with service.database.begin() as session:
        sessions.end(session, token, now=service.clock())


def check_password(service: Service, person_id: str, password: str) -> None:
    """Raise WrongPasswordError unless ``password`` is the person's."""
    with service.database.read() as session:
        person = people.get(session, person_id)
    check_password_of(person.password_hash if person.ended is None else None, password)


def check_password_of(stored: str | None, password: str) -> None:
    """The same for a person who was looked up already; ``stored`` is the hash, None of who has none or has left."""
    if not password_matches(password, stored):
        raise WrongPasswordError("the password is wrong", hint="type the password that you chose for this service")


def require_officer(session: Session, person_id: str) -> Person:
    """Return the person if an officer who may still log in; raises NotAllowedError."""
    return require(session, person_id, "secretariat")
