"""Does what is stored hold together? The whole record and all documents, recomputed from their bytes.

Slow and complete, for a restored backup before it serves and for an operator who wants to know::

    with database.read() as session:
        counts = check_everything(session, guard)
    counts.entries, counts.revisions

It is a check of the storage, not of the signatures: those are the verifier's, by bundle and trust file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, func, select
from sqlalchemy.orm import Session

from signing_service.errors import FormatError, RecordError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.entry import Entry as ParsedEntry
from signing_service.record.entry import entry_digest, parse_entry, verify_opening
from signing_service.record.note import parse_note
from signing_service.record.tree import Frontier, leaf_hash
from signing_service.store.guard import Guard, check
from signing_service.store.ledger import read_frontier
from signing_service.store.tables import (
    Agreement,
    ArchiveTimestamp,
    Base,
    Checkpoint,
    Entry,
    Event,
    Node,
    Revision,
    Signature,
)

BATCH = 1000  # rows held at once


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was checked."""

    entries: int
    erased: int
    """Entries whose opening was erased; their events cannot be checked."""
    checkpoints: int
    revisions: int


def check_everything(session: Session, guard: Guard | None) -> Counts:
    """Recompute record and revisions in one snapshot; raises RecordError or ForkError at the first thing wrong.

    ``guard`` was remembered before the snapshot, where others may publish.

    0. every column holds values of its type, and the guard belongs to this database
    1. entries are contiguous, chained in their scopes, and opened by their events
    2. the stored tree is that of the entries
    3. every checkpoint is one of that tree
    4. every revision has the length and digest that it claims, and that the record says
    """
    _check_types(session)
    frontier = read_frontier(session)
    if guard is not None:
        check(session, frontier, guard)  # (0)
    erased, checkpoints = _check_record(session, frontier)
    return Counts(frontier.size, erased, checkpoints, _check_revisions(session))


def _check_types(session: Session) -> None:
    """SQLite lets any column hold anything; what is not of the column's type was not written by this service."""
    if session.connection().dialect.name != "sqlite":
        return
    for table in Base.metadata.sorted_tables:
        counts = [func.count().filter(func.typeof(column).not_in([_kind(column), "null"])) for column in table.columns]
        found = session.execute(select(*counts).select_from(table)).one()
        for column, wrong in zip(table.columns, found, strict=True):
            if wrong:
                raise RecordError(f"{table.name}.{column.name} holds a value that is not {_kind(column)}")


_TYPES = {int: "integer", bool: "integer"}


def _kind(column: Column[Any]) -> str:
    return "blob" if isinstance(column.type, LargeBinary) else _TYPES.get(column.type.python_type, "text")


def _check_record(session: Session, stored: Frontier) -> tuple[int, int]:
    nodes, checkpoints = _Nodes(session), _Checkpoints(session)
    heads: dict[str, tuple[int, bytes]] = {}
    frontier, erased = Frontier(), 0
    checkpoints.check(frontier)
    for index, data, type, event, salt in _entries(session):
        if index != frontier.size:
            raise RecordError(f"the record has a gap: entry {frontier.size} is missing")
        entry = _parsed(index, data)
        _check_chain(heads, entry, data)  # (1)
        if type != entry.type:
            raise RecordError(f"entry {index} has no opening of its type")
        if event is None or salt is None:
            erased += 1
        else:
            verify_opening(data, event, salt)
        leaf = leaf_hash(data)
        nodes.check(frontier, leaf)  # (2)
        frontier = frontier.append(leaf)
        checkpoints.check(frontier)  # (3)
    if frontier != stored or nodes.count() != _complete_subtrees(frontier.size):
        raise RecordError("the stored tree is not that of the entries")
    checkpoints.finish(frontier.size)
    return erased, checkpoints.count


def _entries(session: Session) -> Iterator[tuple[int, bytes, str, bytes | None, bytes | None]]:
    columns = (Entry.index, Entry.data, Event.type, Event.event, Event.salt)
    query = select(*columns).join(Event, Event.index == Entry.index, isouter=True)
    yield from session.execute(query.order_by(Entry.index).execution_options(yield_per=BATCH))


def _parsed(index: int, data: bytes) -> ParsedEntry:
    try:
        return parse_entry(data)
    except FormatError as error:
        raise RecordError(f"entry {index} is damaged: {error.message}") from error


def _check_chain(heads: dict[str, tuple[int, bytes]], entry: ParsedEntry, data: bytes) -> None:
    sequence, previous = heads.get(entry.scope, (0, None))
    if (entry.sequence, entry.previous) != (sequence, previous):
        raise RecordError(f"entry {entry.sequence} of {entry.scope} does not follow its predecessor")
    heads[entry.scope] = (sequence + 1, entry_digest(data))


class _Nodes:
    """The stored hashes, compared as the tree is grown again from its entries."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[int, Iterator[tuple[int, bytes]]] = {}

    def check(self, frontier: Frontier, leaf: bytes) -> None:
        """Compare the subtrees that ``leaf`` completes; each level's rows are read once, in order."""
        for subtree in frontier.completed_by(leaf)[1:]:
            rows = self._rows.setdefault(subtree.level, self._of_level(subtree.level))
            if next(rows, None) != (subtree.index, subtree.hash):
                raise RecordError(f"hash {subtree.index} of level {subtree.level} is not that of the entries")

    def count(self) -> int:
        """How many hashes are stored."""
        return self._session.scalar(select(func.count()).select_from(Node)) or 0

    def _of_level(self, level: int) -> Iterator[tuple[int, bytes]]:
        start = 0
        while rows := self._batch(level, start):
            yield from rows
            start = rows[-1][0] + 1

    def _batch(self, level: int, start: int) -> list[tuple[int, bytes]]:
        query = select(Node.index, Node.hash).where(Node.level == level, Node.index >= start)
        return list(self._session.execute(query.order_by(Node.index).limit(BATCH)))


class _Checkpoints:
    """The stored checkpoints, compared as the tree reaches their sizes."""

    def __init__(self, session: Session) -> None:
        query = select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size)
        self._rows = iter(session.execute(query.execution_options(yield_per=BATCH)))
        self._next = next(self._rows, None)
        self.count = 0

    def check(self, frontier: Frontier) -> None:
        """Compare the checkpoint of that size, if there is one."""
        if self._next is not None and self._next.size == frontier.size:
            _check_checkpoint(self._next.note, frontier)
            self._next = next(self._rows, None)
            self.count += 1

    def finish(self, size: int) -> None:
        """No checkpoint may be of more entries than there are."""
        if self._next is not None:
            raise RecordError(f"a checkpoint of {self._next.size} entries is stored, but only {size} entries are")


def _complete_subtrees(size: int) -> int:
    """How many complete subtrees of level 1 and up a tree of ``size`` leaves has."""
    return sum(size >> level for level in range(1, size.bit_length()))


def _check_checkpoint(note: str, frontier: Frontier) -> None:
    try:
        checkpoint = parse_checkpoint(parse_note(note.encode()).text)
    except FormatError as error:
        raise RecordError(f"the checkpoint of {frontier.size} entries is damaged: {error.message}") from error
    if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root()):
        raise RecordError(f"the checkpoint of {frontier.size} entries is not of this record")


def _check_revisions(session: Session) -> int:
    """Step 4; gives how many revisions there are."""
    query = select(Revision.agreement, Revision.number, Revision.length, Revision.sha256, Revision.delta)
    query = query.order_by(Revision.agreement, Revision.number).execution_options(yield_per=BATCH // 50)
    agreement, number, length, digest, count = "", 0, 0, hashlib.sha256(), 0
    for row in session.execute(query):
        if row.agreement != agreement:
            agreement, number, length, digest = row.agreement, 0, 0, hashlib.sha256()
        digest.update(row.delta)
        length += len(row.delta)
        if (row.number, row.length, row.sha256) != (number, length, digest.hexdigest()):
            raise RecordError(f"revision {number} of agreement {agreement} is not the one that was stored")
        number, count = number + 1, count + 1
    _check_signed_revisions(session)
    return count


def _check_signed_revisions(session: Session) -> None:
    """The digests in the record: of publications, of signatures, of archive timestamps."""
    digests = select(Revision.agreement, Revision.number, Revision.sha256, Event.event)
    published = digests.join(Agreement, (Agreement.id == Revision.agreement) & (Revision.number == 0))
    queries = [published.join(Event, Event.index == Agreement.publication_index)]
    for table in (Signature, ArchiveTimestamp):
        same = (table.agreement == Revision.agreement) & (table.revision == Revision.number)
        queries.append(digests.join(table, same).join(Event, Event.index == table.entry_index))
    for query in queries:
        for agreement, number, sha256, event in session.execute(query.execution_options(yield_per=BATCH)):
            if event is not None and f'"pdf_sha256":"{sha256}"'.encode() not in event:
                raise RecordError(f"revision {number} of agreement {agreement} is not the one in the record")
