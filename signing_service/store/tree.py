"""The record's tree as it is stored: hashes, proofs, tiles and entries, read from one snapshot.

Example::

    with database.read() as session:
        proof = inclusion_proof(index, checkpoint.size, hash_reader(session))
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError, RecordError
from signing_service.record.tiles import TILE_HEIGHT, Tile, encode_entries, encode_tile
from signing_service.record.tree import Frontier, ReadHash, leaf_hash
from signing_service.store.tables import Entry, Node


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
    """The frontier of the first ``size`` entries; raises RecordError if there are fewer."""
    return Frontier.read(size, hash_reader(session))


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
    if level == 0:
        entry = session.scalar(select(Entry.data).where(Entry.index == index))
        value = None if entry is None else leaf_hash(entry)
    else:
        value = session.scalar(select(Node.hash).where(Node.level == level, Node.index == index))
    if value is None:
        raise RecordError(f"the record lacks the hash {index} of level {level}")
    return value
