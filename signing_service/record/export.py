"""Write a log as the static files of C2SP tlog-tiles, which any web server can serve. ::

    write_files(Path("log"), static_files(signed_checkpoint, read_entries))

``read_entries(start, end)`` gives the log's entries in that range. The checkpoint is written last, so
that whoever reads meanwhile finds all that it names; and only if it signs the very tree of the entries.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from signing_service.errors import RecordError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note
from signing_service.record.tiles import TILE_WIDTH, Tile, encode_entries, encode_tile, tiles_at_level
from signing_service.record.tree import Frontier, leaf_hash, root_of

ReadEntries = Callable[[int, int], Sequence[bytes]]


def static_files(signed_checkpoint: bytes, read_entries: ReadEntries) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file of the log at the checkpoint's size, the checkpoint last.

    Raises RecordError at the end, instead of giving the checkpoint, if its root is not the entries'.
    """
    checkpoint = parse_checkpoint(parse_note(signed_checkpoint).text)
    nodes: list[bytes] = []  # the hashes of full tiles of the level below
    rest: list[bytes] = []
    for bundle in tiles_at_level(None, checkpoint.size):
        start = bundle.index * TILE_WIDTH
        entries = read_entries(start, start + bundle.width)
        leaves = [leaf_hash(entry) for entry in entries]
        yield bundle.path, encode_entries(entries)
        yield Tile(0, bundle.index, bundle.width).path, encode_tile(leaves)
        if bundle.is_full:
            nodes.append(root_of(leaves))
        else:
            rest = leaves
    frontier = Frontier().extend(nodes)
    root = Frontier(checkpoint.size, frontier.hashes + Frontier().extend(rest).hashes).root()
    yield from _upper_tiles(nodes)
    if root != checkpoint.root:
        raise RecordError(f"the entries are not those of the checkpoint of size {checkpoint.size}")
    yield "checkpoint", signed_checkpoint


def _upper_tiles(nodes: list[bytes]) -> Iterator[tuple[str, bytes]]:
    level = 1
    while nodes:
        groups = [nodes[start : start + TILE_WIDTH] for start in range(0, len(nodes), TILE_WIDTH)]
        for index, group in enumerate(groups):
            yield Tile(level, index, len(group)).path, encode_tile(group)
        nodes = [root_of(group) for group in groups if len(group) == TILE_WIDTH]
        level += 1


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write ``files`` below ``folder``, each whole or not at all; how many there were."""
    count = 0
    for path, data in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        temporary.write_bytes(data)
        os.replace(temporary, target)
        count += 1
    return count
