"""Openings: the events behind the record's entries, for feeds, bundles and pages.

Example::

    with database.read() as session:
        for opening in openings.of_scope(session, agreement_id):
            print(opening.sequence, opening.event)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store.driver import Driver
from signing_service.store.tables import Entry, Event

_SEQUENCE = 'SELECT sequence FROM entries WHERE "index" = :index'
_BY_INDEX = (
    'SELECT e."index", e.scope, e.sequence, v.type, e.data, v.event, v.salt '
    'FROM entries AS e JOIN events AS v ON v."index" = e."index" WHERE e."index" = :index'
)
BATCH = 500  # openings held at once


@dataclass(frozen=True, slots=True)
class Opening:
    """An entry and, unless it was erased, the event and salt that open its commitment."""

    index: int
    scope: str
    sequence: int
    type: str
    entry: bytes
    event: bytes | None
    salt: bytes | None


def of_scope(session: Session, scope: str, size: int | None = None) -> list[Opening]:
    """All openings of a scope in order; of the first ``size`` entries of the record if given."""
    query = _query().where(Entry.scope == scope).order_by(Entry.sequence)
    return _openings(session, query if size is None else query.where(Entry.index < size))


def of_scope_from(session: Session, scope: str, start: int, limit: int) -> list[Opening]:
    """The openings of a scope from record index ``start`` on, at most ``limit``."""
    first = select(func.min(Entry.sequence)).where(Entry.scope == scope, Entry.index >= start).scalar_subquery()
    query = _query().where(Entry.scope == scope, Entry.sequence >= first)
    return _openings(session, query.order_by(Entry.sequence).limit(limit))


def of_type(session: Session, scope: str, *types: str) -> list[Opening]:
    """The openings of certain types in a scope, in order."""
    return _openings(session, _query().where(Entry.scope == scope, Event.type.in_(types)).order_by(Entry.sequence))


def by_index(session: Session, indices: Sequence[int]) -> list[Opening]:
    """The openings of these entries, ascending; raises NotFoundError if one is missing."""
    driver = Driver.of(session)
    found = [Opening(*row) for index in sorted(set(indices)) for row in driver.rows(_BY_INDEX, {"index": index})]
    if len(found) != len(set(indices)):
        raise NotFoundError("the record has no such entry")
    return found


def sequence_of(session: Session, index: int) -> int:
    """An entry's number in its scope; raises NotFoundError where there is no such entry."""
    row = Driver.of(session).row(_SEQUENCE, {"index": index})
    if row is None:
        raise NotFoundError("the record has no such entry")
    return int(row[0])


def opened(session: Session) -> Iterator[Opening]:
    """Every opening of the record that was not erased, in order, read a batch at a time."""
    query = _query().where(Event.event.is_not(None)).order_by(Entry.index)
    for row in session.execute(query.execution_options(yield_per=BATCH)):
        yield Opening(*row)


def end_of_scope(session: Session, scope: str) -> int:
    """How many entries a tree must have to hold all of a scope's: one more than the last one's index, 0 for none."""
    query = select(Entry.index).where(Entry.scope == scope).order_by(Entry.sequence.desc()).limit(1)
    last = session.scalar(query)
    return 0 if last is None else last + 1


_Rows = Select[int, str, int, str, bytes, bytes | None, bytes | None]


def erase(session: Session, index: int) -> bool:
    """Forget the event and the salt that open an entry, which stays itself; False if they were gone already."""
    opened = update(Event).where(Event.index == index, Event.event.is_not(None))
    return session.execute(opened.values(event=None, salt=None).returning(Event.index)).first() is not None


def _query() -> _Rows:
    columns = (Entry.index, Entry.scope, Entry.sequence, Event.type, Entry.data, Event.event, Event.salt)
    return select(*columns).join(Event, Event.index == Entry.index)


def _openings(session: Session, query: _Rows) -> list[Opening]:
    return [Opening(*row) for row in session.execute(query)]
