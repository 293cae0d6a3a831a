"""The tile by tile part of an audit: leaf hashes from entries, levels from leaves, and whose fault a difference is.

When an entry bundle and its hash tile contradict each other, the tile one level up decides which of them
was altered, and where that does not tell (the ragged right edge, a missing tile) the signed root does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from signing_service.errors import FormatError
from signing_service.record.checkpoint import Checkpoint
from signing_service.record.scopes import ScopeChains
from signing_service.record.sources import fetch_each
from signing_service.record.tiles import TILE_WIDTH, Fetch, Tile, decode_entries, decode_tile, tiles_at_level
from signing_service.record.tree import LEAF_PREFIX, Frontier, root_of

CHECKPOINT = "checkpoint"
MAX_FINDINGS = 1000  # a log that lies about its size would otherwise be searched for ever

Hashes = list[bytes]


class TooManyFindings(Exception):
    """The list of findings is full."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the resource at ``path``; an ``open_question`` is what could not be told."""

    path: str
    problem: str
    open_question: bool = False
    served: bytes | None = None
    """Digest of the hashes that the resource holds or leads to, by which swapped ones are recognised."""
    expected: bytes | None = None


class TileAudit:
    """One pass over all bundles and tiles of a log at a verified checkpoint."""

    def __init__(self, fetch: Fetch, checkpoint: Checkpoint, earlier: Sequence[Checkpoint], workers: int) -> None:
        self.findings: list[Finding] = []
        self.chains = ScopeChains()
        self._fetch, self._size, self._root, self._workers = fetch, checkpoint.size, checkpoint.root, workers
        self._earlier = earlier
        self._nodes: list[bytes | None] = []  # the hash of each full bundle; None where nothing tells
        self._kept: dict[int, Hashes] = {}  # leaf hashes of the bundles in which a checkpoint ends
        self._ends = {size // TILE_WIDTH for size in (self._size, *(seen.size for seen in earlier))}
        self._conflicts: dict[int, tuple[Hashes, Hashes]] = {}  # from entries and from the tile, by index

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Do the pass; ``findings`` and ``chains`` then say what there is to say. Raises TooManyFindings."""
        for bundle, entries, tile, hashes in self._bundles():
            self._take(bundle, self._leaves(bundle, entries), self._decoded(tile, hashes, decode_tile))
            progress(bundle.index * TILE_WIDTH + bundle.width, self._size)
        self._audit_upper_tiles()
        self._audit_root()
        self._audit_earlier()
        self._audit_formats()
        self.findings = named_swaps(self.findings)

    def _bundles(self) -> Iterator[tuple[Tile, bytes | None, Tile, bytes | None]]:
        pairs = ((tile, replace(tile, level=0)) for tile in tiles_at_level(None, self._size))
        resources = self._fetched(itertools.chain.from_iterable(pairs))
        for (bundle, entries), (tile, hashes) in zip(resources, resources, strict=True):
            yield bundle, entries, tile, hashes

    def _fetched(self, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, bytes | None]]:
        asked, answered = itertools.tee(tiles)
        paths = (tile.path for tile in asked)
        return zip(answered, fetch_each(self._fetch, paths, self._workers), strict=True)

    def _decoded(self, tile: Tile, data: bytes | None, decode: Callable[[bytes, int], Hashes]) -> Hashes | None:
        """The tile's hashes or bundle's entries; None, and a finding, if it is missing or malformed.

        A partial tile may be gone where the full one that replaced it is there (tlog-tiles, "Partial Tiles").
        """
        width = tile.width
        if data is None and not tile.is_full:
            width = TILE_WIDTH
            data = next(fetch_each(self._fetch, [replace(tile, width=width).path]))
        if data is None:
            self._find(tile, "is missing")
            return None
        try:
            return decode(data, width)[: tile.width]
        except FormatError as error:
            self._find(tile, f"is truncated or altered: {error.message}")
            return None

    def _leaves(self, bundle: Tile, data: bytes | None) -> Hashes | None:
        entries = self._decoded(bundle, data, decode_entries)
        if entries is None:
            return None
        for problem in self.chains.add(bundle.index * TILE_WIDTH, entries):
            self._find(bundle, problem)
        return [sha256(LEAF_PREFIX + entry).digest() for entry in entries]

    def _take(self, bundle: Tile, leaves: Hashes | None, hashes: Hashes | None) -> None:
        chosen = leaves if leaves is not None else hashes
        if leaves is not None and hashes is not None and leaves != hashes:
            self._conflicts[bundle.index] = (leaves, hashes)
        if bundle.is_full:
            self._nodes.append(root_of(chosen) if chosen is not None else None)
        if bundle.index in self._ends and chosen is not None:
            self._kept[bundle.index] = chosen

    def _audit_upper_tiles(self) -> None:
        nodes, level = self._nodes, 1
        while nodes:
            above: list[bytes | None] = []
            for tile, data in self._fetched(tiles_at_level(level, self._size)):
                hashes = self._decoded(tile, data, decode_tile)
                if hashes is not None:
                    self._compare(tile, nodes, hashes)
                known = [node for node in nodes[tile.index * TILE_WIDTH :][: tile.width] if node is not None]
                if tile.is_full:
                    above.append(root_of(known) if len(known) == TILE_WIDTH else None)
            nodes, level = above, level + 1

    def _compare(self, tile: Tile, nodes: list[bytes | None], hashes: Hashes) -> None:
        """Compare a tile of level 1 or above with what the level below gives; fill what that cannot give."""
        start = tile.index * TILE_WIDTH
        for number, served in enumerate(hashes, start):
            if tile.level == 1 and number in self._conflicts:
                self._settle(number, served)
            if nodes[number] is None:
                nodes[number] = served
        computed = [node for node in nodes[start : start + tile.width] if node is not None]
        wrong = sum(node != served for node, served in zip(computed, hashes, strict=True))
        if wrong:
            problem = f"is altered: {wrong} of {tile.width} hashes are not those of the level below"
            self._find(tile, problem, served=_digest(hashes), expected=_digest(computed))

    def _settle(self, number: int, node: bytes) -> None:
        leaves, hashes = self._conflicts[number]
        if node == root_of(leaves):
            self._blame_tile(number)
        elif node == root_of(hashes):
            self._blame_entries(number)

    def _blame_tile(self, number: int) -> None:
        leaves, hashes = self._conflicts.pop(number)
        tile = self._tile(0, number)
        wrong = sum(leaf != served for leaf, served in zip(leaves, hashes, strict=True))
        problem = f"is altered: {wrong} of {tile.width} hashes are not those of the entries"
        self._find(tile, problem, served=_digest(hashes), expected=_digest(leaves))

    def _blame_entries(self, number: int) -> None:
        leaves, hashes = self._conflicts.pop(number)
        self._choose(number, hashes)
        wrong = [at for at, (leaf, served) in enumerate(zip(leaves, hashes, strict=True)) if leaf != served]
        problem = f"is altered: entry {number * TILE_WIDTH + wrong[0]} is not what the signed tree holds"
        if len(wrong) > 1:
            problem += f", nor are {len(wrong) - 1} more"
        self._find(self._tile(None, number), problem, served=_digest(leaves), expected=_digest(hashes))

    def _choose(self, number: int, leaves: Hashes) -> None:
        if number < len(self._nodes):
            self._nodes[number] = root_of(leaves)
        if number in self._kept:
            self._kept[number] = leaves

    def _audit_root(self) -> None:
        """Compare with the signed root; conflicts that are still open end as the root says."""
        unsettled = sorted(self._conflicts)
        if self._root_at(self._size) == self._root:
            for number in unsettled:
                self._blame_tile(number)
            return
        for number in unsettled:
            self._choose(number, self._conflicts[number][1])
        root = self._root_at(self._size)
        if root == self._root:
            for number in unsettled:
                self._blame_entries(number)
            return
        for number in unsettled:
            self._find(self._tile(None, number), f"and {self._tile(0, number).path} contradict each other")
        if root is None:
            self._add(Finding(CHECKPOINT, "its root cannot be recomputed from what is there", open_question=True))
        else:
            self._add(Finding(CHECKPOINT, f"its root is not that of the {self._size} entries: altered or forked"))

    def _audit_earlier(self) -> None:
        for seen in self._earlier:
            root = self._root_at(seen.size)
            if root is None:
                problem = f"the earlier one of size {seen.size} cannot be compared with what is there"
                self._add(Finding(CHECKPOINT, problem, open_question=True))
            elif root != seen.root:
                problem = (
                    f"forked: the earlier one of size {seen.size} has another root than the first {seen.size} entries"
                )
                self._add(Finding(CHECKPOINT, problem))

    def _audit_formats(self) -> None:
        if self.chains.own and self.chains.foreign is not None:
            tile = self._tile(None, self.chains.foreign // TILE_WIDTH)
            self._find(
                tile, f"entry {self.chains.foreign} is not of this service's format, as {self.chains.own} others are"
            )

    def _root_at(self, size: int) -> bytes | None:
        full, rest = divmod(size, TILE_WIDTH)
        nodes = [node for node in self._nodes[:full] if node is not None]
        leaves = self._kept.get(full, [])[:rest]
        if len(nodes) != full or len(leaves) != rest:
            return None
        return Frontier(size, Frontier().extend(nodes).hashes + Frontier().extend(leaves).hashes).root()

    def _tile(self, level: int | None, index: int) -> Tile:
        return Tile(level, index, min(self._size - index * TILE_WIDTH, TILE_WIDTH))

    def _find(self, tile: Tile, problem: str, served: bytes | None = None, expected: bytes | None = None) -> None:
        self._add(Finding(tile.path, problem, served=served, expected=expected))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if len(self.findings) >= MAX_FINDINGS:
            raise TooManyFindings


def named_swaps(findings: list[Finding]) -> list[Finding]:
    """The findings, with those resources named as swapped that hold what belongs to another one."""
    owners = {(_kind(finding), finding.expected): finding.path for finding in findings if finding.expected}
    named = []
    for finding in findings:
        owner = owners.get((_kind(finding), finding.served)) if finding.served else None
        if owner and owner != finding.path:
            finding = replace(finding, problem=f"is swapped: it holds what belongs to {owner}")
        named.append(finding)
    return named


def _kind(finding: Finding) -> str:
    return "entries" if finding.path.startswith("tile/entries/") else "hashes"


def _digest(hashes: Iterable[bytes]) -> bytes:
    return sha256(b"".join(hashes)).digest()
