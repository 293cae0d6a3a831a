"""Tests of record/tiles.py: every path and byte of a tlog-tiles log as the specification's formula gives it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, NotFoundError, RecordError
from signing_service.record.tiles import (
    Tile,
    decode_entries,
    decode_tile,
    encode_entries,
    encode_tile,
    hash_reader,
    parse_tile_path,
    tiles_at_level,
    tiles_of,
)
from signing_service.record.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.record import reference

DATA = [f"entry {number}".encode() * (number % 3) for number in range(66_000)]
SIZES = [1, 2, 255, 256, 257, 511, 512, 700]
BIG = len(DATA)  # three levels of tiles
BIG_LEAVES = [leaf_hash(data) for data in DATA]


def big_log(path: str) -> bytes:
    """A tile of the big log, made when asked for."""
    tile = parse_tile_path(path)
    assert tile.level is not None
    span = 256**tile.level
    starts = range(tile.index * 256 * span, (tile.index * 256 + tile.width) * span, span)
    return encode_tile([root_of(BIG_LEAVES[start : start + span]) for start in starts])


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_of_a_log_are_those_of_the_formula(size: int):
    expected = reference.write_tiles(DATA[:size])
    tiles = [*tiles_of(size), *tiles_at_level(None, size)]
    assert sorted(tile.path for tile in tiles) == sorted(expected)


@pytest.mark.parametrize("size", SIZES)
def test_bundles_hold_the_entries_as_the_formula_spells_them(size: int):
    expected = reference.write_tiles(DATA[:size])
    for tile in tiles_at_level(None, size):
        entries = DATA[tile.index * 256 : tile.index * 256 + tile.width]
        assert encode_entries(entries) == expected[tile.path]
        assert decode_entries(expected[tile.path], tile.width) == entries


def test_the_specifications_own_examples_of_paths():
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    widths = [(tile.level, tile.index, tile.width) for tile in tiles_of(70_000) if tile.index in (0, 1, 273)]
    assert [item for item in widths if item[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert [tile.path for tile in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]


@given(st.integers(0, 800), st.integers(0, 800))
def test_growing_makes_exactly_the_tiles_that_were_not_there(old: int, new: int):
    old, new = sorted((old, new))
    fresh = {tile.path for tile in tiles_of(new, since=old)}
    before = {tile.path for tile in tiles_of(old)}
    assert fresh == {tile.path for tile in tiles_of(new)} - before


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**12), st.integers(1, 256))
def test_a_tiles_path_reads_back_the_same(level: int | None, index: int, width: int):
    tile = Tile(level, index, width)
    assert parse_tile_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "checkpoint", "tile/0", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/0000",
        "tile/0/001/002",
        "tile/0/x000/001", "tile/0/x001/x002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07", "tile/0/000.p/",
        "tile/0/000/", "/tile/0/000", "tile/entries/000\n", "tile/data/000", "tile/0/../0/000", "tile/0/٠٠٠",
        "tile/0/" + "x999/" * 40 + "999",
    ],
)  # fmt: skip
def test_a_path_in_any_other_spelling_is_not_there(path: str):
    with pytest.raises(NotFoundError):
        parse_tile_path(path)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_entries_read_back_the_same(entries: list[bytes]):
    assert decode_entries(encode_entries(entries), len(entries)) == entries


@given(st.binary(max_size=100), st.integers(1, 256))
def test_any_bytes_are_entries_or_refused(data: bytes, width: int):
    try:
        entries = decode_entries(data, width)
    except FormatError:
        return
    assert encode_entries(entries) == data


@pytest.mark.parametrize(
    ("data", "width", "reason"),
    [
        (b"", 1, "ends before the last"),
        (b"\x00", 1, "ends before the last"),
        (b"\x00\x02a", 1, "ends before the last"),
        (b"\x00\x01a", 2, "ends before the last"),
        (b"\x00\x01ab", 1, "1 bytes after its 1 entries"),
    ],
)
def test_a_truncated_or_longer_bundle_is_refused(data: bytes, width: int, reason: str):
    with pytest.raises(FormatError, match=reason):
        decode_entries(data, width)


def test_an_entry_has_at_most_65535_bytes():
    assert len(encode_entries([bytes(65_535)])) == 65_537
    with pytest.raises(FormatError, match="65536 bytes does not fit"):
        encode_entries([bytes(65_536)])


@pytest.mark.parametrize("count", [1, 255, 256])
def test_a_tile_reads_back_the_same(count: int):
    hashes = BIG_LEAVES[:count]
    assert decode_tile(encode_tile(hashes), count) == hashes


def test_a_tile_of_another_length_is_refused():
    with pytest.raises(FormatError, match="64 bytes where 96"):
        decode_tile(bytes(64), 3)
    for hashes in ([], [bytes(31)], [bytes(32)] * 257):
        with pytest.raises(FormatError, match="1 to 256 hashes"):
            encode_tile(hashes)


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, BIG - 1])
def test_an_inclusion_proof_is_read_from_tiles(index: int):
    read_hash = hash_reader(BIG, big_log)
    verify_inclusion(index, BIG, BIG_LEAVES[index], inclusion_proof(index, BIG, read_hash), root_of(BIG_LEAVES))


@pytest.mark.parametrize("old_size", [1, 255, 256, 257, 65_535, 65_536, 65_537, BIG - 1])
def test_a_consistency_proof_is_read_from_tiles(old_size: int):
    proof = consistency_proof(old_size, BIG, hash_reader(BIG, big_log))
    verify_consistency(old_size, BIG, root_of(BIG_LEAVES[:old_size]), root_of(BIG_LEAVES), proof)


def test_each_tile_is_fetched_once():
    fetched: list[str] = []

    def fetch(path: str) -> bytes:
        fetched.append(path)
        return big_log(path)

    inclusion_proof(300, BIG, hash_reader(BIG, fetch))
    assert sorted(fetched) == ["tile/0/001", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1"]


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one():
    files = {"tile/0/000": encode_tile(BIG_LEAVES[:256])}

    def fetch(path: str) -> bytes:
        if path not in files:
            raise NotFoundError(path)
        return files[path]

    proof = inclusion_proof(3, 100, hash_reader(100, fetch))
    verify_inclusion(3, 100, BIG_LEAVES[3], proof, root_of(BIG_LEAVES[:100]))
    with pytest.raises(NotFoundError):
        hash_reader(300, fetch)(0, 299)


@pytest.mark.parametrize(("level", "index"), [(0, 300), (9, 0), (8, 1), (0, 10**9)])
def test_a_hash_outside_the_tree_cannot_be_read(level: int, index: int):
    with pytest.raises(RecordError):
        hash_reader(300, big_log)(level, index)
