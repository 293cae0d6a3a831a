"""Logged-in browsers: server-side sessions that can be listed and ended.

Example::

    token = sessions.start(session, person.id, now=now, address="192.0.2.7", agent="Firefox")
    login = sessions.find(session, token, now=now, idle=timedelta(hours=1), absolute=timedelta(hours=12))
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from signing_service.store.driver import Driver, read_moment
from signing_service.store.identifiers import hash_token, new_token
from signing_service.store.tables import LoginSession

METHODS = ("passkey", "password+code", "password", "university", "link", "table")
_BEHIND = (  # every request asks
    "SELECT s.created, s.last_seen, s.step_up, s.method, s.table_officer, s.table_agreement, s.table_signer, "
    "p.id, p.name, p.native_name, p.email, p.office, p.locale FROM sessions AS s JOIN people AS p ON p.id = s.person "
    "WHERE s.token_sha256 = :token AND s.ended IS NULL AND p.ended IS NULL"
)
TOUCH_INTERVAL = timedelta(minutes=1)  # last_seen is written no oftener: reading pages stays cheap


class Login(NamedTuple):
    """A living session, and of the person behind it what every request needs."""

    created: datetime
    last_seen: datetime
    step_up: datetime | None
    """When the person last proved presence."""
    method: str | None
    """One of METHODS."""
    table_officer: str | None
    """Who unlocked the signing table, where the session is the table's; the next two say for what."""
    table_agreement: str | None
    table_signer: str | None
    person: str
    """The person's id."""
    name: str
    native_name: str | None
    email: str
    office: str
    locale: str


@dataclass(frozen=True, slots=True)
class Table:
    """The one signature that a session at the signing table is for."""

    officer: str
    """Who unlocked it."""
    agreement: str
    signer: str


def start(
    session: Session,
    person_id: str,
    *,
    now: datetime,
    address: str,
    agent: str,
    step_up: bool = True,
    method: str | None = None,
    table: Table | None = None,
) -> str:
    """Begin a session and give the cookie's token; ``step_up``: the person has just proved presence.

    ``method``: how, one of METHODS; ``table``: what the session may be used for, where it is the signing table's.
    """
    token = new_token()
    session.add(
        LoginSession(
            token_sha256=hash_token(token),
            person=person_id,
            created=now,
            last_seen=now,
            step_up=now if step_up else None,
            address=address[:64],
            agent=agent[:255],
            method=method,
            table_officer=table.officer if table else None,
            table_agreement=table.agreement if table else None,
            table_signer=table.signer if table else None,
        )
    )
    session.flush()
    return token


def find(session: Session | Driver, token: str, *, now: datetime, idle: timedelta, absolute: timedelta) -> Login | None:
    """The living session behind a cookie; None if it is ended, idle or old, or its person has left."""
    row = Driver.of(session).row(_BEHIND, {"token": hash_token(token)})
    if row is None:
        return None
    created, last_seen, step_up = read_moment(row[0]), read_moment(row[1]), row[2]
    if last_seen + idle <= now or created + absolute <= now:
        return None
    return Login(created, last_seen, None if step_up is None else read_moment(step_up), *row[3:])


def needs_touch(login: Login, *, now: datetime) -> bool:
    """Whether last_seen is old enough to be worth a write."""
    return login.last_seen + TOUCH_INTERVAL <= now


def touch(session: Session, token: str, *, now: datetime) -> None:
    """Remember that the browser was seen."""
    _change(session, token, last_seen=now)


def step_up(session: Session, token: str, *, now: datetime) -> None:
    """Remember that the person has just proved presence."""
    _change(session, token, step_up=now, last_seen=now)


def end(session: Session, token: str, *, now: datetime) -> None:
    """End the session behind a token; ending it again changes nothing."""
    _change(session, token, ended=now)


def end_all(
    session: Session, person_id: str, *, now: datetime, but: str | None = None, method: str | None = None
) -> None:
    """End a person's sessions, except the one of the token ``but``; only those that began by ``method``, if given."""
    query = update(LoginSession).where(LoginSession.person == person_id, LoginSession.ended.is_(None))
    if method is not None:
        query = query.where(LoginSession.method == method)
    if but is not None:
        query = query.where(LoginSession.token_sha256 != hash_token(but))
    session.execute(query.values(ended=now))


def living(
    session: Session, person_id: str, *, now: datetime, idle: timedelta, absolute: timedelta
) -> list[LoginSession]:
    """A person's sessions that can still be used, the last seen first."""
    query = select(LoginSession).where(
        LoginSession.person == person_id,
        LoginSession.ended.is_(None),
        LoginSession.last_seen > now - idle,
        LoginSession.created > now - absolute,
    )
    return list(session.scalars(query.order_by(LoginSession.last_seen.desc(), LoginSession.created.desc())))


def upgrade(session: Session, token: str, method: str) -> None:
    """Note that the session rests on more than it began with."""
    _change(session, token, method=method)


def is_of(login: LoginSession, token: str) -> bool:
    """Whether that is the session behind a cookie's token."""
    return login.token_sha256 == hash_token(token)


def public_id(login: LoginSession) -> str:
    """A name for a session in pages: a hash of the token's hash, good for nothing else."""
    return hashlib.sha256(b"signing-service/session-id" + login.token_sha256).hexdigest()[:32]


def end_one(session: Session, person_id: str, session_id: str, *, now: datetime) -> bool:
    """End the person's session of that public id; False where there is none."""
    query = select(LoginSession).where(LoginSession.person == person_id, LoginSession.ended.is_(None))
    for login in session.scalars(query):
        if public_id(login) == session_id:
            login.ended = now
            session.flush()
            return True
    return False


def count_living(session: Session, *, now: datetime, idle: timedelta, absolute: timedelta) -> int:
    """How many browsers are signed in."""
    living = (LoginSession.ended.is_(None), LoginSession.last_seen > now - idle, LoginSession.created > now - absolute)
    return session.scalar(select(func.count()).select_from(LoginSession).where(*living)) or 0


def last_seen(session: Session, person_ids: Collection[str]) -> dict[str, datetime]:
    """When each of these people was seen last, signed in, by person."""
    query = select(LoginSession.person, func.max(LoginSession.last_seen)).where(LoginSession.person.in_(person_ids))
    return dict(session.execute(query.group_by(LoginSession.person)).all())


def _change(session: Session, token: str, **values: datetime | str) -> None:
    query = update(LoginSession).where(LoginSession.token_sha256 == hash_token(token), LoginSession.ended.is_(None))
    session.execute(query.values(**values))
