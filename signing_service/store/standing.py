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

from signing_service.store.driver import Driver
from signing_service.store.ledger import read_frontier
from signing_service.store.wall_clock import LARGEST_STEP

LOOKED = 2000  # newest entries that are looked at: none of them may be later than now
_NEWEST = 'SELECT scope, data FROM entries WHERE "index" >= :first'
_UNPUBLISHED = 'SELECT data FROM entries WHERE "index" = (SELECT COALESCE(MAX(size), 0) FROM checkpoints)'
_HEAD = "SELECT data FROM entries WHERE scope = :scope ORDER BY sequence DESC LIMIT 1"


class Standing(NamedTuple):
    """A scope whose newest event is dated in the future."""

    scope: str
    until: datetime


def newest_time(session: Session) -> datetime | None:
    """The latest of the newest events' times, which are this service's own; None in an empty record.

    When a checkpoint was published is not among them: that is signed nowhere, and a machine whose clock is wrong, which
    records nothing, still publishes what others have recorded. A log witness dates its cosignature as it likes.
    """
    return max((_time(data) for _, data in _newest_entries(session)), default=None)


def unpublished_since(session: Session | Driver) -> datetime | None:
    """The time of the first event that no released checkpoint covers; None where all are covered."""
    row = Driver.of(session).row(_UNPUBLISHED)
    return None if row is None else _time(row[0])


def standing_still(session: Session, now: datetime) -> list[Standing]:
    """The scopes in which nothing can be recorded yet, since an event of theirs among the newest is after ``now``."""
    scopes = {scope for scope, data in _newest_entries(session) if _time(data) > now + LARGEST_STEP}
    found = [(scope, stands_until(session, scope, now)) for scope in sorted(scopes)]
    return [Standing(scope, until) for scope, until in found if until is not None]


def stands_until(session: Session, scope: str, now: datetime) -> datetime | None:
    """Until when nothing can be recorded in a scope; None where its newest event's time is not in the future."""
    head = Driver.of(session).row(_HEAD, {"scope": scope})
    until = None if head is None else _time(head[0])
    return until if until is not None and until > now + LARGEST_STEP else None


def _newest_entries(session: Session) -> list[tuple[str, bytes]]:
    size = read_frontier(session).size
    return [(row[0], row[1]) for row in Driver.of(session).rows(_NEWEST, {"first": size - LOOKED})]


def _time(entry: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(entry)["time"])
