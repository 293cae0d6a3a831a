"""The fair queue of an agreement: first come, first served, by short leases.

Whoever waits asks again before its lease ends, and so keeps its place; a browser that died loses it when the
lease runs out. The lowest living ticket holds the turn::

    place = turns.take(session, agreement, attempt, now=now, lease=timedelta(seconds=10))
    if place > 0:
        return waiting(place)  # 202: ask again
    ...  # prepare, let the browser sign, store
    turns.release(session, attempt)

Who signs with an own certificate, in other software, reserves the turn for longer: a ticket at the head like any other,
whose lease is minutes instead of seconds::

    turns.hold(session, attempt, until)        # having taken the turn
    turns.reserved(session, agreement, now=now)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import String, bindparam, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from signing_service.store import agreements
from signing_service.store.driver import Driver
from signing_service.store.tables import Attempt, Turn, UtcTime

RESERVATION = timedelta(minutes=30)  # the lease of who signs in other software

_HEAD = "SELECT min(ticket) FROM turns WHERE agreement = :agreement"
_AHEAD = (
    "SELECT ahead.ticket FROM turns AS ahead JOIN turns AS own ON ahead.agreement = own.agreement "
    "WHERE own.attempt = :attempt AND ahead.ticket < own.ticket LIMIT 1"
)
_KEPT = select(Attempt.id).where(Attempt.agreement == bindparam("agreement"), Attempt.own_certificate)
_SET_BACK = or_(  # the clock was: nobody's lease can end so late
    Turn.lease_until > bindparam("longest"), (Turn.lease_until > bindparam("long")) & Turn.attempt.not_in(_KEPT)
)
_DROP_DEAD = (
    delete(Turn)
    .where(
        Turn.agreement == bindparam("agreement"),
        Turn.attempt != bindparam("attempt"),
        or_(Turn.lease_until <= bindparam("now"), _SET_BACK),
    )
    .execution_options(synchronize_session=False)
)
_RELEASE = delete(Turn).where(Turn.attempt == bindparam("attempt")).execution_options(synchronize_session=False)
_RESERVED = (
    select(Attempt)
    .join(Turn, Turn.attempt == Attempt.id)
    .where(Turn.agreement == bindparam("agreement"), Attempt.own_certificate, Turn.lease_until > bindparam("now"))
    .order_by(Turn.ticket)
    .limit(1)
)
_IS_RESERVED = select(_RESERVED.with_only_columns(Attempt.id).exists())
_QUEUE_UP = text(
    "INSERT INTO turns (agreement, ticket, attempt, lease_until) "
    "SELECT :agreement, coalesce(max(ticket), 0) + 1, :attempt, :lease_until FROM turns WHERE agreement = :agreement "
    "ON CONFLICT (attempt) DO UPDATE SET lease_until = excluded.lease_until RETURNING ticket"
).bindparams(
    bindparam("agreement", type_=String()),
    bindparam("attempt", type_=String()),
    bindparam("lease_until", type_=UtcTime()),
)
_OWN = select(Turn.ticket, Turn.lease_until).where(
    Turn.attempt == bindparam("attempt"), Turn.lease_until > bindparam("now")
)
_LIVING_AHEAD = select(func.count(), func.max(Turn.lease_until)).where(
    Turn.agreement == bindparam("agreement"), Turn.ticket < bindparam("ticket"), Turn.lease_until > bindparam("now")
)
_COUNT_AHEAD = select(func.count()).where(Turn.agreement == bindparam("agreement"), Turn.ticket < bindparam("ticket"))


def take(session: Session, agreement: str, attempt: str, *, now: datetime, lease: timedelta) -> int:
    """Queue up, or renew the lease; gives how many are ahead (0: this attempt holds the turn).

    Holds the agreement's row until commit, so tickets go up by one and no two attempts hold the turn.
    """
    agreements.hold(session, agreement)
    moments = {"now": now, "longest": now + RESERVATION, "long": now + 2 * lease}
    session.execute(_DROP_DEAD, {"agreement": agreement, "attempt": attempt, **moments})
    place = {"agreement": agreement, "attempt": attempt, "lease_until": now + lease}
    ticket = session.execute(_QUEUE_UP, place).scalar_one()
    return session.scalar(_COUNT_AHEAD, {"agreement": agreement, "ticket": ticket}) or 0


class Standing(NamedTuple):
    """Where an attempt stands in its queue."""

    lease_until: datetime
    ahead: int
    """Living tickets before its own."""
    longest: datetime
    """When the last lease of those ends, its own among them."""


def standing(session: Session, agreement: str, attempt: str, *, now: datetime) -> Standing | None:
    """Look where an attempt stands, without renewing its lease; None where it stands nowhere, or its lease ran out."""
    own = session.execute(_OWN, {"attempt": attempt, "now": now}).one_or_none()
    if own is None:
        return None
    ticket, lease_until = own
    row = session.execute(_LIVING_AHEAD, {"agreement": agreement, "ticket": ticket, "now": now}).one()
    return Standing(lease_until, row[0], max(lease_until, row[1]) if row[0] else lease_until)


def head(session: Session, agreement: str) -> int:
    """The lowest ticket, whose attempt holds the turn; 0 for an empty queue."""
    row = Driver(session.connection()).row(_HEAD, {"agreement": agreement})
    return row[0] if row and row[0] is not None else 0


def is_next(session: Session, attempt: str) -> bool:
    """Whether nobody stands ahead. Reads only: a ticket whose lease ran out stands until somebody takes a turn."""
    return Driver(session.connection()).row(_AHEAD, {"attempt": attempt}) is None


def release(session: Session, attempt: str) -> None:
    """Leave the queue; leaving it again changes nothing."""
    session.execute(_RELEASE, {"attempt": attempt})


def hold(session: Session, attempt: str, until: datetime) -> None:
    """Keep the turn until ``until``, for an attempt that has it."""
    session.execute(update(Turn).where(Turn.attempt == attempt).values(lease_until=until))


def reserved(session: Session, agreement: str, *, now: datetime) -> Attempt | None:
    """The attempt that has reserved the agreement's turn, as long as it lasts."""
    return session.scalar(_RESERVED, {"agreement": agreement, "now": now})


def is_reserved(session: Session, agreement: str, *, now: datetime) -> bool:
    """Whether an attempt has reserved the agreement's turn."""
    return session.scalar(_IS_RESERVED, {"agreement": agreement, "now": now}) is True


def waiting(session: Session, agreement: str, *, now: datetime) -> int:
    """How many living tickets there are."""
    query = select(func.count()).where(Turn.agreement == agreement, Turn.lease_until > now)
    return session.scalar(query) or 0
