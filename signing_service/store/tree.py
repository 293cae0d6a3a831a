"""The record's tree as it is stored: hashes, proofs, tiles and entries, read from one snapshot.

Example::

    with database.read() as session:
        proof = inclusion_proof(index, checkpoint.size, hash_reader(session))
"""

from __future__ import annotations

import functools

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError, RecordError
from signing_service.record.tiles import TILE_HEIGHT, Tile, encode_entries, encode_tile
from signing_service.record.tree import Frontier, ReadHash, leaf_hash
from signing_service.store.driver import Driver
from signing_service.store.tables import Entry, Node

_ENTRY = 'SELECT data FROM entries WHERE "index" = :index'
_NODE = 'SELECT hash FROM nodes WHERE level = :level AND "index" = :index'


def hash_reader(session: Session) -> ReadHash:
    """``read_hash(level, index)`` over the stored tree, for inclusion_proof and consistency_proof.

    What was read is remembered, so many proofs of one checkpoint read each hash once. It raises RecordError on a
    subtree that is not complete.
    """
    known: dict[tuple[int, int], bytes] = {}

    def read_hash(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = _read_hash(session, level, index)
        return known[level, index]

    return read_hash


def frontier_at(session: Session, size: int) -> Frontier:
    """The frontier of the first ``size`` entries, in one query; raises RecordError if there are fewer."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    if not levels:
        return Frontier()
    rows = Driver(session.connection()).rows(
        _hashes_at(tuple(levels)), {f"i{level}": (size >> level) - 1 for level in levels}
    )
    if len(rows) != len(levels):
        raise RecordError(f"the record does not hold the tree of {size} entries")
    return Frontier(size, tuple(leaf_hash(value) if level == 0 else value for level, value in rows))


@functools.lru_cache(maxsize=256)
def _hashes_at(levels: tuple[int, ...]) -> str:
    """One statement for one subtree of each level, largest first; of level 0 it gives the entry."""
    parts = [
        'SELECT 0, data FROM entries WHERE "index" = :i0'
        if level == 0
        else f'SELECT level, hash FROM nodes WHERE level = {level} AND "index" = :i{level}'
        for level in levels
    ]
    return " UNION ALL ".join(parts) + " ORDER BY 1 DESC"


def read_entries(session: Session, start: int, end: int) -> list[bytes]:
    """The entries from ``start`` up to, not including, ``end``; raises RecordError if one is missing."""
    query = select(Entry.data).where(Entry.index >= start, Entry.index < end).order_by(Entry.index)
    entries = list(session.scalars(query))
    if len(entries) != end - start:
        raise RecordError(f"the record does not hold all entries from {start} to {end}")
    return entries


def read_tile(session: Session, tile: Tile, size: int) -> bytes:
    """The bytes of a hash tile or entry bundle in the tree of ``size``; raises NotFoundError beyond it."""
    level = 0 if tile.level is None else tile.level * TILE_HEIGHT
    start = tile.index << TILE_HEIGHT
    end = start + tile.width
    if end > size >> level:
        raise NotFoundError(f"the record of {size} entries has no {tile.path}")
    if tile.level is None:
        return encode_entries(read_entries(session, start, end))
    if level == 0:
        return encode_tile([leaf_hash(entry) for entry in read_entries(session, start, end)])
    query = select(Node.hash).where(Node.level == level, Node.index >= start, Node.index < end).order_by(Node.index)
    hashes = list(session.scalars(query))
    if len(hashes) != tile.width:
        raise RecordError(f"the record lacks a hash of {tile.path}")
    return encode_tile(hashes)


def _read_hash(session: Session, level: int, index: int) -> bytes:
    driver = Driver(session.connection())
    row = driver.row(_ENTRY, {"index": index}) if level == 0 else driver.row(_NODE, {"level": level, "index": index})
    if row is None:
        raise RecordError(f"the record lacks the hash {index} of level {level}")
    value: bytes = row[0]
    return leaf_hash(value) if level == 0 else value
