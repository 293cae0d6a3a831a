"""Tests of record/tree.py against the RFC's definitions, the public probes, and every single-bit change."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import RecordError
from signing_service.record.tree import (
    EMPTY_ROOT,
    MAX_TREE_SIZE,
    Frontier,
    Subtree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.record import reference
from tests.record.vectors import consistency_probes, decoded, decoded_proof, inclusion_probes

DATA = [f"entry {number}".encode() for number in range(4100)]
LEAVES = [leaf_hash(data) for data in DATA]
SMALL = range(1, 34)

# One happy path of the probes has roots of 12 bytes ("don't care"); every hash here has 32.
PLACEHOLDER_ROOTS = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


def read_hash(level: int, index: int) -> bytes:
    end = (index + 1) << level
    assert end <= len(LEAVES), "only complete subtrees are ever asked for"
    return root_of(LEAVES[index << level : end])


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("size", [0, *SMALL, 255, 256, 257, 1000])
def test_the_root_is_that_of_the_definition(size: int):
    expected = reference.tree_hash(DATA[:size])
    assert root_of(LEAVES[:size]) == expected
    assert Frontier().extend(LEAVES[:size]).root() == expected


def test_the_empty_tree_has_the_hash_of_nothing():
    assert root_of([]) == Frontier().root() == EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize("size", SMALL)
def test_inclusion_proofs_are_those_of_the_definition_and_verify(size: int):
    root = root_of(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, read_hash)
        assert proof == reference.path(index, DATA[:size])
        verify_inclusion(index, size, LEAVES[index], proof, root)


@pytest.mark.parametrize("new_size", SMALL)
def test_consistency_proofs_are_those_of_the_definition_and_verify(new_size: int):
    for old_size in range(1, new_size + 1):
        proof = consistency_proof(old_size, new_size, read_hash)
        assert proof == reference.subproof(old_size, DATA[:new_size], True)
        verify_consistency(old_size, new_size, root_of(LEAVES[:old_size]), root_of(LEAVES[:new_size]), proof)


@given(st.data())
def test_any_inclusion_proof_verifies_and_no_changed_bit_does(data: st.DataObject):
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    root, proof = root_of(LEAVES[:size]), inclusion_proof(index, size, read_hash)
    verify_inclusion(index, size, LEAVES[index], proof, root)

    parts = [LEAVES[index], root, *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    leaf, changed_root, *changed = [flipped(part, bit) if at == which else part for at, part in enumerate(parts)]
    with pytest.raises(RecordError, match="does not lead to the root"):
        verify_inclusion(index, size, leaf, changed, changed_root)


@given(st.data())
def test_any_consistency_proof_verifies_and_no_changed_bit_does(data: st.DataObject):
    new_size = data.draw(st.integers(2, len(LEAVES)))
    old_size = data.draw(st.integers(1, new_size - 1))
    roots = root_of(LEAVES[:old_size]), root_of(LEAVES[:new_size])
    proof = consistency_proof(old_size, new_size, read_hash)
    verify_consistency(old_size, new_size, *roots, proof)

    parts = [*roots, *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    old_root, new_root, *changed = [flipped(part, bit) if at == which else part for at, part in enumerate(parts)]
    with pytest.raises(RecordError, match="does not lead to the"):
        verify_consistency(old_size, new_size, old_root, new_root, changed)


@given(st.data())
def test_a_proof_with_a_hash_more_or_fewer_is_refused(data: st.DataObject):
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, read_hash), root_of(LEAVES[:size])
    for changed in (proof[:-1], proof[1:], [*proof, LEAVES[0]], [LEAVES[0], *proof]):
        with pytest.raises(RecordError, match="hashes where"):
            verify_inclusion(index, size, LEAVES[index], changed, root)
    old_size = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old_size, size, read_hash)
    for changed in (proof[:-1], proof[1:], [*proof, LEAVES[0]], [LEAVES[0], *proof]):
        with pytest.raises(RecordError, match="wrong length"):
            verify_consistency(old_size, size, root_of(LEAVES[:old_size]), root, changed)


@given(st.integers(0, 300), st.integers(0, 300))
def test_appending_after_a_stop_gives_the_same_frontier(size: int, more: int):
    whole = Frontier().extend(LEAVES[: size + more])
    resumed = Frontier.read(size, read_hash).extend(LEAVES[size : size + more])
    assert resumed == whole
    assert resumed.size == size + more


def test_appending_names_every_subtree_that_it_completes():
    frontier, known = Frontier(), {}
    for leaf in LEAVES[:130]:
        for subtree in frontier.completed_by(leaf):
            known[subtree.level, subtree.index] = subtree.hash
        frontier = frontier.append(leaf)
    assert known == {(level, at): read_hash(level, at) for level in range(8) for at in range(130 >> level)}
    assert Frontier(3, Frontier.read(3, read_hash).hashes).completed_by(LEAVES[3])[-1] == Subtree(2, 0, read_hash(2, 0))


@pytest.mark.parametrize(("size", "count"), [(3, 1), (4, 2), (-1, 1), (MAX_TREE_SIZE + 1, 1)])
def test_a_frontier_with_the_wrong_number_of_hashes_is_refused(size: int, count: int):
    with pytest.raises(RecordError, match="cannot have"):
        Frontier(size, (LEAVES[0],) * count)


def test_a_frontier_of_short_hashes_is_refused():
    with pytest.raises(RecordError, match="32 bytes"):
        Frontier(1, (b"short",))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4), (0, MAX_TREE_SIZE + 1)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int):
    with pytest.raises(RecordError, match="there is no leaf"):
        inclusion_proof(index, size, read_hash)
    with pytest.raises(RecordError, match="there is no leaf"):
        verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_consistency_proof_begins_at_nothing_or_runs_backwards(old_size: int, new_size: int):
    with pytest.raises(RecordError, match="no consistency proof"):
        consistency_proof(old_size, new_size, read_hash)
    with pytest.raises(RecordError, match="no consistency proof"):
        verify_consistency(old_size, new_size, EMPTY_ROOT, EMPTY_ROOT, [])


def test_two_roots_of_one_size_are_a_fork():
    with pytest.raises(RecordError, match="two different roots for size 5"):
        verify_consistency(5, 5, LEAVES[0], LEAVES[1], [])


def test_equal_sizes_need_no_proof():
    with pytest.raises(RecordError, match="is not empty"):
        verify_consistency(5, 5, LEAVES[0], LEAVES[0], [LEAVES[1]])


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_of_another_length_is_refused(length: int):
    with pytest.raises(RecordError, match="32 bytes"):
        verify_inclusion(0, 2, LEAVES[0], [bytes(length)], LEAVES[1])
    with pytest.raises(RecordError, match="32 bytes"):
        verify_consistency(1, 2, bytes(length), LEAVES[1], [LEAVES[1]])


@pytest.mark.parametrize("probe", inclusion_probes(), ids=lambda probe: probe["name"])
def test_the_inclusion_probe_ends_as_it_says(probe: dict[str, Any]):
    def verify() -> None:
        proof = decoded_proof(probe["proof"])
        verify_inclusion(probe["leafIdx"], probe["treeSize"], decoded(probe["leafHash"]), proof, decoded(probe["root"]))

    if probe["wantErr"]:
        with pytest.raises(RecordError):
            verify()
    else:
        verify()


@pytest.mark.parametrize("probe", consistency_probes(), ids=lambda probe: probe["name"])
def test_the_consistency_probe_ends_as_it_says(probe: dict[str, Any]):
    def verify() -> None:
        proof = decoded_proof(probe["proof"])
        verify_consistency(probe["size1"], probe["size2"], decoded(probe["root1"]), decoded(probe["root2"]), proof)

    if probe["wantErr"] or probe["name"] == PLACEHOLDER_ROOTS:
        with pytest.raises(RecordError):
            verify()
    else:
        verify()
