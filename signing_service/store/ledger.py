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

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from signing_service.encoding import canonical_json, format_time
from signing_service.errors import FormatError, RecordError
from signing_service.record.entry import SALT_SIZE, entry_digest, make_entry
from signing_service.record.tree import HASH_SIZE, Frontier, leaf_hash
from signing_service.store.database import GUARD
from signing_service.store.guard import Guard, check
from signing_service.store.tables import Entry, Event, LogState, Node

EVENT_VERSION = 1
_OWN_MEMBERS = frozenset({"v", "type", "scope", "sequence", "time"})


@dataclass(frozen=True, slots=True)
class Appended:
    """An event that is in the record once the transaction commits."""

    index: int
    """The leaf's index in the record."""
    sequence: int
    """The entry's number in its scope."""
    event: bytes
    salt: bytes
    entry: bytes


def append(session: Session, scope: str, type: str, members: Mapping[str, Any], now: datetime) -> Appended:
    """Append an event of ``scope`` (an agreement's id or ``service``) to the record.

    ``members``: those of the event's type (docs/formats.md 7); version, type, scope, sequence and time are added.
    Raises FormatError on members that have no canonical form, ForkError when the database is not the one that the
    guard has seen, RecordError when the database has no ledger.
    """
    if not _OWN_MEMBERS.isdisjoint(members):
        raise FormatError("an event's members cannot name v, type, scope, sequence or time")
    session.flush()  # all other rows first: the log's lock is the last one taken
    frontier = read_frontier(session, lock=True)
    guard: Guard | None = session.info.get(GUARD)
    if guard is not None:
        check(session, frontier, guard)
    sequence, previous = _scope_head(session, scope)
    event = canonical_json(
        {**members, "v": EVENT_VERSION, "type": type, "scope": scope, "sequence": sequence, "time": format_time(now)}
    )
    salt = secrets.token_bytes(SALT_SIZE)
    appended = Appended(frontier.size, sequence, event, salt, make_entry(event, salt, previous))
    _store(session, scope, type, appended, frontier)
    return appended


def read_frontier(session: Session, *, lock: bool = False) -> Frontier:
    """The tree's frontier as of this transaction; ``lock`` holds the log-state row until commit."""
    query = select(LogState.size, LogState.frontier).where(LogState.id == 1)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise RecordError("the database has no ledger", hint="run the migrations; never insert the row by hand")
    return Frontier(row.size, split_hashes(row.frontier))


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Hashes of 32 bytes from one string of bytes; the other half of ``b"".join``."""
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def _scope_head(session: Session, scope: str) -> tuple[int, bytes | None]:
    """The scope's next sequence, and the digest of its last entry."""
    query = select(Entry.sequence, Entry.data).where(Entry.scope == scope).order_by(Entry.sequence.desc()).limit(1)
    row = session.execute(query).one_or_none()
    return (0, None) if row is None else (row.sequence + 1, entry_digest(row.data))


def _store(session: Session, scope: str, type: str, appended: Appended, frontier: Frontier) -> None:
    leaf = leaf_hash(appended.entry)
    index, sequence = appended.index, appended.sequence
    session.execute(
        insert(Entry).inline(), {"index": index, "scope": scope, "sequence": sequence, "data": appended.entry}
    )
    session.execute(
        insert(Event).inline(), {"index": index, "type": type, "event": appended.event, "salt": appended.salt}
    )
    nodes = [
        {"level": subtree.level, "index": subtree.index, "hash": subtree.hash}
        for subtree in frontier.completed_by(leaf)
        if subtree.level > 0
    ]
    if nodes:
        session.execute(insert(Node).inline(), nodes)
    grown = frontier.append(leaf)
    values = {"size": grown.size, "frontier": b"".join(grown.hashes)}
    session.execute(update(LogState).where(LogState.id == 1), values)
