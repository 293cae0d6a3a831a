"""The fair queue of an agreement: first come, first served, by short leases.

Whoever waits asks again before its lease ends, and so keeps its place; a browser that died loses it when the
lease runs out. The lowest living ticket holds the turn, for HELD at the longest: who has not signed until then goes to
the end of the queue as soon as anybody else asks, however often and however late the lease was renewed. A signer's
newest attempt takes the places of that person's
earlier ones, so that many attempts wait no oftener than one::

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

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from signing_service.store import agreements
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import Attempt, Turn

RESERVATION = timedelta(minutes=30)  # the lease of who signs in other software
HELD = timedelta(seconds=30)  # how long a browser may hold the turn; an honest one signs at once

_AHEAD = (
    "SELECT ahead.ticket FROM turns AS ahead JOIN turns AS own ON ahead.agreement = own.agreement "
    "WHERE own.attempt = :attempt AND ahead.ticket < own.ticket LIMIT 1"
)
_HEAD = "SELECT min(ticket) FROM turns WHERE agreement = :agreement"
# dead, or the clock was set back: nobody's lease can end so late; or no reservation and has held the turn for HELD; or
# an earlier attempt of the same person and signer
_DROP_DEAD = (
    "DELETE FROM turns WHERE agreement = :agreement AND attempt <> :attempt AND (lease_until <= :now "
    "OR lease_until > :longest OR (lease_until > :long OR held_since <= :over) AND attempt NOT IN "
    "(SELECT id FROM attempts WHERE agreement = :agreement AND own_certificate) OR attempt IN "
    "(SELECT earlier.id FROM attempts AS own JOIN attempts AS earlier ON earlier.agreement = own.agreement "
    "AND earlier.signer = own.signer AND earlier.person = own.person AND earlier.created < own.created "
    "WHERE own.id = :attempt AND NOT earlier.own_certificate))"
)
_QUEUE_UP = (  # since when it holds the turn stands from the first time on that nobody is ahead
    "INSERT INTO turns (agreement, ticket, attempt, lease_until, held_since) VALUES (CAST(:agreement AS varchar), "
    "(SELECT coalesce(max(ticket), 0) + 1 FROM turns WHERE agreement = :agreement), :attempt, :lease_until, "
    "(SELECT CASE WHEN count(*) = 0 THEN :now END FROM turns WHERE agreement = :agreement)) "
    "ON CONFLICT (attempt) DO UPDATE SET lease_until = excluded.lease_until, held_since = CASE "
    "WHEN EXISTS (SELECT 1 FROM turns AS o WHERE o.agreement = turns.agreement AND o.ticket < turns.ticket) THEN NULL "
    "WHEN turns.held_since <= :now THEN turns.held_since ELSE :now END "
    "RETURNING ticket, coalesce(held_since <= :over, false)"
)
_COUNT_AHEAD = "SELECT count(*) FROM turns WHERE agreement = :agreement AND ticket < :ticket"
_RELEASE = "DELETE FROM turns WHERE attempt = :attempt"
_RELEASE_ALL = (
    "DELETE FROM turns WHERE agreement = :agreement AND attempt IN "
    "(SELECT id FROM attempts WHERE agreement = :agreement AND signer = :signer)"
)
_RESERVED = (
    select(Attempt)
    .join(Turn, Turn.attempt == Attempt.id)
    .where(Turn.agreement == bindparam("agreement"), Attempt.own_certificate, Turn.lease_until > bindparam("now"))
    .order_by(Turn.ticket)
    .limit(1)
)
_IS_RESERVED = (
    "SELECT 1 FROM turns AS t JOIN attempts AS a ON a.id = t.attempt "
    "WHERE t.agreement = :agreement AND a.own_certificate AND t.lease_until > :now LIMIT 1"
)
_STANDING = (
    "SELECT own.lease_until, count(ahead.ticket), max(ahead.lease_until), "
    "(SELECT min(ticket) FROM turns WHERE agreement = own.agreement) "
    "FROM turns AS own LEFT JOIN turns AS ahead "
    "ON ahead.agreement = own.agreement AND ahead.ticket < own.ticket AND ahead.lease_until > :now "
    "WHERE own.attempt = :attempt AND own.lease_until > :now GROUP BY own.agreement, own.lease_until"
)


def take(session: Session, agreement: str, attempt: str, *, now: datetime, lease: timedelta) -> int:
    """Queue up, or renew the lease; gives how many are ahead (0: this attempt holds the turn).

    Holds the agreement's row until commit, so tickets go up by one and no two attempts hold the turn.
    Who has held it for HELD gives it up here, whether it asks itself or somebody who waits.
    """
    agreements.hold(session, agreement)
    driver = Driver.of(session)
    moments = {"now": now, "longest": now + RESERVATION, "long": now + 2 * lease, "lease_until": now + lease}
    moments["over"] = now - HELD
    values = {"agreement": agreement, "attempt": attempt, **{name: driver.moment(moments[name]) for name in moments}}
    driver.run(_DROP_DEAD, values)
    queued = driver.row(_QUEUE_UP, values)
    if queued and queued[1]:
        driver.run(_RELEASE, {"attempt": attempt})
        queued = driver.row(_QUEUE_UP, values)
    ahead = driver.row(_COUNT_AHEAD, {"agreement": agreement, "ticket": queued[0] if queued else 0})
    return int(ahead[0]) if ahead else 0


class Standing(NamedTuple):
    """Where an attempt stands in its queue."""

    lease_until: datetime
    ahead: int
    """Living tickets before its own."""
    longest: datetime
    """When the last lease of those ends, its own among them."""
    head: int
    """The lowest ticket of the queue."""


def standing(session: Session | Driver, attempt: str, *, now: datetime) -> Standing | None:
    """Look where an attempt stands, without renewing its lease; None where it stands nowhere, or its lease ran out."""
    driver = Driver.of(session)
    row = driver.row(_STANDING, {"attempt": attempt, "now": driver.moment(now)})
    if row is None:
        return None
    lease_until = read_moment(row[0])
    return Standing(lease_until, row[1], max(lease_until, read_moment(row[2])) if row[1] else lease_until, row[3])


def head(session: Session, agreement: str) -> int:
    """The lowest ticket, whose attempt holds the turn; 0 for an empty queue."""
    row = Driver.of(session).row(_HEAD, {"agreement": agreement})
    return row[0] if row and row[0] is not None else 0


def is_next(session: Session | Driver, attempt: str) -> bool:
    """Whether nobody stands ahead. Reads only: a ticket whose lease ran out stands until somebody takes a turn."""
    return Driver.of(session).row(_AHEAD, {"attempt": attempt}) is None


def release(session: Session, attempt: str) -> None:
    """Leave the queue; leaving it again changes nothing."""
    Driver.of(session).run(_RELEASE, {"attempt": attempt})


def release_all(session: Session, agreement: str, signer: str) -> None:
    """Let every attempt of a signer leave the queue: who has signed in one window waits in no other."""
    Driver.of(session).run(_RELEASE_ALL, {"agreement": agreement, "signer": signer})


def hold(session: Session, attempt: str, until: datetime) -> None:
    """Keep the turn until ``until``, for an attempt that has it."""
    session.execute(update(Turn).where(Turn.attempt == attempt).values(lease_until=until))


def reserved(session: Session, agreement: str, *, now: datetime) -> Attempt | None:
    """The attempt that has reserved the agreement's turn, as long as it lasts."""
    return session.scalar(_RESERVED, {"agreement": agreement, "now": now})


def is_reserved(session: Session, agreement: str, *, now: datetime) -> bool:
    """Whether an attempt has reserved the agreement's turn."""
    driver = Driver.of(session)
    return driver.row(_IS_RESERVED, {"agreement": agreement, "now": driver.moment(now)}) is not None


def waiting(session: Session, agreement: str, *, now: datetime) -> int:
    """How many living tickets there are."""
    query = select(func.count()).where(Turn.agreement == agreement, Turn.lease_until > now)
    return session.scalar(query) or 0
