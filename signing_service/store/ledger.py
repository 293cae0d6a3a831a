"""The ledger: one entry of the record for each event, in the transaction of the act itself (DESIGN 5).

Example::

    with database.begin() as session:
        ...  # everything else of the undertaking first
        appended = ledger.append(session, agreement_id, "signature", {"signer": "njupt:president", …}, now)
        session.add(Signature(…, entry_index=appended.index))

The row of ``log_state`` orders all appends: whoever holds its lock (PostgreSQL ``SELECT … FOR UPDATE``, SQLite
``BEGIN IMMEDIATE``) gives the next index, so indices are contiguous and a rolled-back transaction leaves no gap.
On PostgreSQL the lock makes all others wait until commit: append last, keep what follows short.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from signing_service.encoding import format_time
from signing_service.errors import FormatError, RecordError
from signing_service.record.entry import SALT_SIZE, VERSION, entry_digest, make_event_and_entry
from signing_service.record.tree import HASH_SIZE, Frontier, leaf_hash
from signing_service.store.database import GUARD, WALL_CLOCK, Database
from signing_service.store.driver import Driver
from signing_service.store.guard import Guard, check
from signing_service.store.wall_clock import WallClock, after

_OWN_MEMBERS = frozenset({"v", "type", "scope", "sequence", "time"})

_STATE = "SELECT size, frontier FROM log_state WHERE id = 1"
_SCOPE_HEAD = "SELECT sequence, data FROM entries WHERE scope = :scope ORDER BY sequence DESC LIMIT 1"
_ADD_ENTRY = 'INSERT INTO entries ("index", scope, sequence, data) VALUES (:index, :scope, :sequence, :data)'
_ADD_EVENT = 'INSERT INTO events ("index", type, event, salt) VALUES (:index, :type, :event, :salt)'
_ADD_NODE = 'INSERT INTO nodes (level, "index", hash) VALUES (:level, :index, :hash)'
_GROW = "UPDATE log_state SET size = :size, frontier = :frontier WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Appended:
    """An event that is in the record once the transaction commits."""

    index: int
    """The leaf's index in the record."""
    sequence: int
    """The entry's number in its scope."""
    time: datetime
    """The event's, by which `verify` judges it: the given one, or that of the entry before where that is later."""
    event: bytes
    salt: bytes
    entry: bytes


def append(session: Session, scope: str, type: str, members: Mapping[str, Any], now: datetime) -> Appended:
    """Append an event of ``scope`` (an agreement's id or ``service``) to the record.

    ``members``: those of the event's type (docs/formats.md 7); version, type, scope, sequence and time are added.
    An act that is bound to a time is judged once more by the time that this gives, before the commit.
    Raises FormatError on members that have no canonical form, ForkError when the database is not the one that the
    guard has seen, RecordError when the database has no ledger, UnavailableError while the machine's clock is wrong.
    """
    if not _OWN_MEMBERS.isdisjoint(members):
        raise FormatError("an event's members cannot name v, type, scope, sequence or time")
    session.flush()  # all other rows first: the log's lock is the last one taken
    driver = Driver.of(session)
    frontier = _read_frontier(driver, lock=driver.locks_rows)
    guard: Guard | None = session.info.get(GUARD)
    if guard is not None:
        check(session, frontier, guard)
    wall_clock: WallClock | None = session.info.get(WALL_CLOCK)
    if wall_clock is not None:
        wall_clock.check(now)
    sequence, last = _scope_head(driver, scope)
    previous = None if last is None else entry_digest(last)
    time = now if last is None else after(now, json.loads(last)["time"])
    whole = {**members, "v": VERSION, "type": type, "scope": scope, "sequence": sequence, "time": format_time(time)}
    salt = secrets.token_bytes(SALT_SIZE)
    event, entry = make_event_and_entry(whole, salt, previous)
    appended = Appended(frontier.size, sequence, time, event, salt, entry)
    _store(driver, scope, type, appended, frontier)
    return appended


def read_frontier(session: Session) -> Frontier:
    """The tree's frontier as of this transaction; raises RecordError when the database has no ledger."""
    return _read_frontier(Driver.of(session), lock=False)


def check_guard(database: Database, guard: Guard) -> None:
    """Raise ForkError unless the database extends the guard's checkpoint, whatever others publish meanwhile."""
    remembered = guard.remembered()
    with database.read() as session:
        check(session, read_frontier(session), remembered)


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Hashes of 32 bytes from one string of bytes; the other half of ``b"".join``."""
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def _read_frontier(driver: Driver, *, lock: bool) -> Frontier:
    row = driver.row(_STATE + " FOR UPDATE" if lock else _STATE)
    if row is None:
        raise RecordError("the database has no ledger", hint="run the migrations; never insert the row by hand")
    return Frontier(row[0], split_hashes(row[1]))


def _scope_head(driver: Driver, scope: str) -> tuple[int, bytes | None]:
    """The scope's next sequence, and its last entry."""
    row = driver.row(_SCOPE_HEAD, {"scope": scope})
    return (0, None) if row is None else (row[0] + 1, row[1])


def _store(driver: Driver, scope: str, type: str, appended: Appended, frontier: Frontier) -> None:
    index, leaf = appended.index, leaf_hash(appended.entry)
    completed = frontier.completed_by(leaf)
    kept = frontier.hashes[: len(frontier.hashes) - len(completed) + 1]
    grown = Frontier(index + 1, (*kept, completed[-1].hash))
    entry = {"index": index, "scope": scope, "sequence": appended.sequence, "data": appended.entry}
    nodes = [
        (_ADD_NODE, {"level": subtree.level, "index": subtree.index, "hash": subtree.hash})
        for subtree in completed[1:]  # the leaf's own hash is computed from its entry
    ]
    driver.run_all(
        [
            (_ADD_ENTRY, entry),
            (_ADD_EVENT, {"index": index, "type": type, "event": appended.event, "salt": appended.salt}),
            *nodes,
            (_GROW, {"size": grown.size, "frontier": b"".join(grown.hashes)}),
        ]
    )
