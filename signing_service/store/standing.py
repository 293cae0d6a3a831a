"""Times that the record has already: a clock behind them is wrong, or they are.

Example::

    with database.read() as session:
        newest_time(session)                  # of events
        for one in standing_still(session, now):
            print(one.scope, one.until)       # nothing can be recorded there before
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store.driver import Driver
from signing_service.store.ledger import read_frontier
from signing_service.store.wall_clock import LARGEST_STEP

LOOKED = 2000  # newest entries that a process looks at when it begins: none of them may be later than now
_NEWEST = 'SELECT data FROM entries WHERE "index" >= :first'
_UNPUBLISHED = 'SELECT data FROM entries WHERE "index" = (SELECT COALESCE(MAX(size), 0) FROM checkpoints)'
# by a subquery for each agreement, from the index on (scope, sequence): a second for 100,000 agreements
_HEADS = """\
SELECT id, (SELECT data FROM entries WHERE scope = agreements.id ORDER BY sequence DESC LIMIT 1) FROM agreements"""
_HEAD = "SELECT data FROM entries WHERE scope = :scope ORDER BY sequence DESC LIMIT 1"


class Standing(NamedTuple):
    """A scope whose newest event is dated in the future."""

    scope: str
    until: datetime


def newest_time(session: Session) -> datetime | None:
    """The latest of the newest LOOKED events' times, which are this service's own; None in an empty record.

    Where a later time lies further back, the clock was confirmed while others went on.

    When a checkpoint was published is not among them: that is signed nowhere, and a machine whose clock is wrong, which
    records nothing, still publishes what others have recorded. A log witness dates its cosignature as it likes.
    """
    rows = Driver.of(session).rows(_NEWEST, {"first": read_frontier(session).size - LOOKED})
    return max((_time(data) for (data,) in rows), default=None)


def unpublished_since(session: Session | Driver) -> datetime | None:
    """The time of the first event that no released checkpoint covers; None where all are covered."""
    row = Driver.of(session).row(_UNPUBLISHED)
    return None if row is None else _time(row[0])


def standing_still(session: Session, now: datetime) -> list[Standing]:
    """The scopes in which nothing can be recorded yet, since their newest event is after ``now``, however long ago.

    Within a scope no event is before its predecessor, so its newest one tells; where the clock is confirmed by others,
    all other scopes go on meanwhile, for any number of entries.
    """
    heads = Driver.of(session).rows(_HEADS)
    times = [(scope, _time(data)) for scope, data in heads if data is not None]
    found = [Standing(scope, time) for scope, time in times if time > now + LARGEST_STEP]
    own = stands_until(session, SERVICE_SCOPE, now)
    return sorted([*found, *([Standing(SERVICE_SCOPE, own)] if own else [])])


def stands_until(session: Session, scope: str, now: datetime) -> datetime | None:
    """Until when nothing can be recorded in a scope; None where its newest event's time is not in the future."""
    head = Driver.of(session).row(_HEAD, {"scope": scope})
    until = None if head is None else _time(head[0])
    return until if until is not None and until > now + LARGEST_STEP else None


def _time(entry: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(entry)["time"])
