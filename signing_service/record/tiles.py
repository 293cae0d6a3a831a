"""Tiles and entry bundles of C2SP tlog-tiles: paths, bytes, and proofs read from them.

A tile is up to 256 hashes of one height; only full tiles feed the next level. An entry bundle is up
to 256 entries, each with a two-byte length before it. ::

    >>> Tile(0, 1234067).path
    'tile/0/x001/x234/067'
    >>> Tile(None, 0, 3).path
    'tile/entries/000.p/3'
    >>> [tile.path for tile in tiles_of(257)]
    ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']

Fetching is the caller's: ``fetch(path)`` gives a resource's bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from signing_service.errors import FormatError, NotFoundError, RecordError
from signing_service.record.tree import HASH_SIZE, MAX_TREE_SIZE, ReadHash, next_level

TILE_HEIGHT = 8  # levels of the tree in a tile
TILE_WIDTH = 1 << TILE_HEIGHT  # hashes in a full tile, entries in a full bundle
MAX_LEVEL = 63  # tlog-tiles, "Merkle Tree"
MAX_ENTRY = 2**16 - 1  # bytes; a bundle's length prefix is a big-endian uint16

Fetch = Callable[[str], bytes]

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The address of a tile (``level`` 0 to 63) or of an entry bundle (``level`` None)."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """Whether it holds all 256 hashes or entries, and so never changes and never goes away."""
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix, e.g. ``tile/0/x001/x234/067.p/8``."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        partial = "" if self.is_full else f".p/{self.width}"
        kind = "entries" if self.level is None else str(self.level)
        return f"tile/{kind}/{'/'.join(groups)}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile at ``path``; raises NotFoundError on any spelling but the one of :attr:`Tile.path`."""
    match = _PATH.match(path)
    if not match:
        raise NotFoundError(f"{path[:80]!r} is no path of a tile")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"]) if match["width"] else TILE_WIDTH
    tile = Tile(level, index, width)
    if (level or 0) > MAX_LEVEL or index > MAX_TREE_SIZE or tile.path != path:
        raise NotFoundError(f"{path[:80]!r} is no path of a tile")
    return tile


def tiles_at_level(level: int | None, size: int, start: int = 0) -> Iterator[Tile]:
    """The tiles of one level (None: entry bundles) in a log of ``size``, from tile index ``start`` on."""
    nodes = size >> (TILE_HEIGHT * (level or 0))
    for index in range(start, nodes // TILE_WIDTH):
        yield Tile(level, index)
    if nodes % TILE_WIDTH and start <= nodes // TILE_WIDTH:
        yield Tile(level, nodes // TILE_WIDTH, nodes % TILE_WIDTH)


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """All hash tiles of a log of ``size``, or those that growing from ``since`` makes or changes."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        unchanged = since >> (TILE_HEIGHT * (level + 1))  # full at ``since`` already
        if since >> (TILE_HEIGHT * level) != size >> (TILE_HEIGHT * level):
            yield from tiles_at_level(level, size, unchanged)
        level += 1


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile: 1 to 256 hashes, one after the other."""
    if not 1 <= len(hashes) <= TILE_WIDTH or any(len(value) != HASH_SIZE for value in hashes):
        raise FormatError("a tile holds 1 to 256 hashes of 32 bytes")
    return b"".join(hashes)


def decode_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile of ``width``; raises FormatError if the length is another."""
    if len(data) != width * HASH_SIZE:
        raise FormatError(f"tile has {len(data)} bytes where {width * HASH_SIZE} are needed")
    return [data[offset : offset + HASH_SIZE] for offset in range(0, len(data), HASH_SIZE)]


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """The bytes of an entry bundle: each entry after its length as a big-endian uint16."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise FormatError(f"an entry of {len(entry)} bytes does not fit into a bundle (at most {MAX_ENTRY})")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def decode_entries(data: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle; raises FormatError if it ends early or holds more."""
    entries = []
    offset = 0
    try:
        for _ in range(width):
            start = offset + 2
            offset = start + (data[offset] << 8 | data[start - 1])
            entries.append(data[start:offset])
    except IndexError:
        offset = len(data) + 1
    if offset > len(data):
        raise FormatError(f"entry bundle ends before the last of its {width} entries does")
    if offset != len(data):
        raise FormatError(f"entry bundle has {len(data) - offset} bytes after its {width} entries")
    return entries


def hash_reader(size: int, fetch: Fetch) -> ReadHash:
    """A ``read_hash`` for the tree of ``size`` that fetches the hash tiles it needs, each once.

    A partial tile that is gone (NotFoundError) is looked for in the full one that replaced it.
    The hashes are only as good as ``fetch``: verify what is made of them.
    """
    levels: dict[tuple[int, int], list[list[bytes]]] = {}

    def read_hash(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, position = divmod(index << height, TILE_WIDTH)
        pyramid = levels.get((tile_level, number))
        if pyramid is None:
            pyramid = levels[tile_level, number] = [_fetch_tile(tile_level, number, size, fetch)]
        while len(pyramid) <= height:
            pyramid.append(next_level(pyramid[-1]))
        if index + 1 << level > size:
            raise RecordError(f"subtree {index} of level {level} is not complete in a tree of {size}")
        return pyramid[height][position >> height]

    return read_hash


def _fetch_tile(level: int, index: int, size: int, fetch: Fetch) -> list[bytes]:
    width = min((size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH, TILE_WIDTH)
    if width < 1:
        raise RecordError(f"there is no tile {index} of level {level} in a tree of {size}")
    tile = Tile(level, index, width)
    try:
        return decode_tile(fetch(tile.path), width)
    except NotFoundError:
        if tile.is_full:
            raise
    return decode_tile(fetch(Tile(level, index).path), TILE_WIDTH)[:width]
