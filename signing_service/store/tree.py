"""The record's tree as it is stored: hashes, proofs, tiles and entries, read from one snapshot.

Example::

    with database.read() as session:
        read_hash = hashes_for(session, lambda read: inclusion_proof(index, size, read))
        proof = inclusion_proof(index, size, read_hash)
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError, RecordError
from signing_service.record.tiles import TILE_HEIGHT, Tile, encode_entries, encode_tile
from signing_service.record.tree import HASH_SIZE, Frontier, ReadHash, leaf_hash
from signing_service.store.driver import Driver
from signing_service.store.tables import Entry, Node

_ENTRY = 'SELECT 0, "index", data FROM entries WHERE "index" = :index'
_NODE = 'SELECT level, "index", hash FROM nodes WHERE level = :level AND "index" = :index'
_TOGETHER = (  # one text whatever is asked for, so that PostgreSQL plans it once
    'SELECT 0, "index", data FROM entries WHERE "index" = ANY(CAST(:leaves AS bigint[])) '
    'UNION ALL SELECT n.level, n."index", n.hash '
    "FROM unnest(CAST(:levels AS integer[]), CAST(:indices AS bigint[])) AS wanted(level, place) "
    'JOIN nodes AS n ON n.level = wanted.level AND n."index" = wanted.place'
)



def hash_reader(session: Session) -> ReadHash:
    """``read_hash(level, index)`` over the stored tree, for who cannot say beforehand which hashes are needed.

    What was read is remembered. It raises RecordError on a subtree that is not complete.
    """
    known: dict[tuple[int, int], bytes] = {}

    def read_hash(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known.update(_read_hashes(session, [(level, index)]))
        return known[level, index]

    return read_hash


def hashes_for(session: Session, walk: Callable[[ReadHash], object]) -> ReadHash:
    """``read_hash(level, index)`` over all that ``walk`` reads, asked of the database in one question.

    ``walk`` runs once over hashes of zeros: what it reads may not depend on what they are, as in any proof. Raises
    RecordError on a subtree that is not complete.
    """
    wanted: dict[tuple[int, int], None] = {}

    def note(level: int, index: int) -> bytes:
        wanted[level, index] = None
        return bytes(HASH_SIZE)

    walk(note)
    known = _read_hashes(session, list(wanted))
    return lambda level, index: known[level, index]


def frontier_at(session: Session, size: int) -> Frontier:
    """The frontier of the first ``size`` entries, in one question; raises RecordError if there are fewer."""
    return Frontier.read(size, hashes_for(session, lambda read_hash: Frontier.read(size, read_hash)))


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


def _read_hashes(session: Session, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of complete subtrees by level and index; of level 0 they are made of the entries."""
    leaves = [index for level, index in wanted if level == 0]
    nodes = [place for place in wanted if place[0]]
    driver = Driver.of(session)
    if driver.locks_rows:  # each question to PostgreSQL goes through a socket
        levels, indices = [level for level, _ in nodes], [index for _, index in nodes]
        rows = driver.rows(_TOGETHER, {"leaves": leaves, "levels": levels, "indices": indices})
    else:
        rows = [row for index in leaves for row in driver.rows(_ENTRY, {"index": index})]
        rows += [row for level, index in nodes for row in driver.rows(_NODE, {"level": level, "index": index})]
    found = {(level, index): leaf_hash(value) if level == 0 else value for level, index, value in rows}
    for level, index in wanted:
        if (level, index) not in found:
            raise RecordError(f"the record lacks the hash {index} of level {level}")
    return found
