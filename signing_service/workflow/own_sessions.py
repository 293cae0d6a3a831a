"""Where somebody is signed in: seen and ended by themselves, and by officers. ::

    for one in own_sessions(service, person_id, token):
        ...
    end_session(service, person_id, one.id)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store import people, sessions
from signing_service.store.tables import LoginSession
from signing_service.workflow.permissions import require, require_over
from signing_service.workflow.service import Service

SHOWN_BITS = {4: 24, 6: 48}  # of an address: the network, not the machine

# What a User-Agent header holds → what people call it; the first that is found counts, since browsers name others too.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One browser in which somebody is signed in."""

    id: str
    browser: str
    """Like Firefox; empty if it says nothing that we know."""
    system: str
    """Like Windows; empty likewise."""
    address: str
    """The network only: 192.0.2.0/24."""
    method: str
    """One of sessions.METHODS; empty in old rows."""
    since: datetime
    last_seen: datetime
    current: bool
    """Whether it is the one that asks."""


def own_sessions(service: Service, person_id: str, token: str | None = None) -> list[OwnSession]:
    """A person's living sessions, the last seen first; ``token``: the one that asks."""
    with service.database.read() as session:
        return [_seen(login, token) for login in _living(session, service, person_id)]


def end_session(service: Service, person_id: str, session_id: str) -> None:
    """End one session of the person; raises NotFoundError."""
    with service.database.begin() as session:
        if not sessions.end_one(session, person_id, session_id, now=service.clock()):
            raise NotFoundError("that session is over already")


def end_others(service: Service, person_id: str, token: str) -> None:
    """End all sessions of the person but the one that asks."""
    with service.database.begin() as session:
        sessions.end_all(session, person_id, now=service.clock(), but=token)


def sessions_for_officer(service: Service, officer_id: str, person_id: str) -> list[OwnSession]:
    """The same list for an officer; raises NotAllowedError for all others, NotFoundError."""
    with service.database.read() as session:
        require(session, officer_id, "confirm")
        people.get(session, person_id)
        return [_seen(login, None) for login in _living(session, service, person_id)]


def end_all_by_officer(service: Service, officer_id: str, person_id: str) -> None:
    """Sign a person out everywhere; raises NotAllowedError for all but officers, NotFoundError."""
    with service.database.begin() as session:
        require_over(session, officer_id, person_id)
        sessions.end_all(session, person_id, now=service.clock())


def _living(session: Session, service: Service, person_id: str) -> list[LoginSession]:
    idle, absolute = service.settings.session_idle, service.settings.session_absolute
    return sessions.living(session, person_id, now=service.clock(), idle=idle, absolute=absolute)


def _seen(login: LoginSession, token: str | None) -> OwnSession:
    return OwnSession(
        sessions.public_id(login),
        _found(login.agent, _BROWSERS),
        _found(login.agent, _SYSTEMS),
        shorten(login.address),
        login.method or "",
        login.created,
        login.last_seen,
        current=token is not None and sessions.is_of(login, token),
    )


def _found(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in agent), "")


def shorten(address: str) -> str:
    """The network of an address, which tells the place without telling the machine; empty for none."""
    try:
        bits = SHOWN_BITS[ip_address(address).version]
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{bits}", strict=False))
