"""Tests of record/proof.py against C2SP tlog-proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, LimitError, RecordError
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from signing_service.record.proof import Proof, format_proof, parse_proof, verify_proof
from signing_service.record.tree import inclusion_proof, leaf_hash, root_of
from tests.record.cast import LOG, event, history

ENTRIES = history([event(number) for number in range(11)])
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SIGNED = sign_checkpoint(Checkpoint(LOG.name, len(LEAVES), root_of(LEAVES)), LOG)


def proof_of(index: int, extra: bytes | None = None) -> Proof:
    def read_hash(level: int, at: int) -> bytes:
        return root_of(LEAVES[at << level : (at + 1) << level])

    return Proof(index, tuple(inclusion_proof(index, len(LEAVES), read_hash)), SIGNED, extra)


def verify(data: bytes, entry: bytes) -> None:
    proof = parse_proof(data)
    verify_proof(proof, entry, verify_checkpoint(proof.checkpoint, LOG.verifier_key))


@pytest.mark.parametrize("index", range(11))
def test_a_proof_reads_back_the_same_and_verifies(index: int):
    proof = proof_of(index)
    assert parse_proof(format_proof(proof)) == proof
    verify(format_proof(proof), ENTRIES[index])


def test_extra_data_is_carried_but_means_nothing():
    for extra in (b"", b"\x00\xff" * 100):
        assert parse_proof(format_proof(proof_of(3, extra))).extra == extra
        verify(format_proof(proof_of(3, extra)), ENTRIES[3])


def test_a_tree_of_one_needs_no_hash():
    signed = sign_checkpoint(Checkpoint(LOG.name, 1, LEAVES[0]), LOG)
    data = format_proof(Proof(0, (), signed))
    assert data == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + signed
    verify(data, ENTRIES[0])


def test_another_entry_is_not_proved():
    with pytest.raises(RecordError, match="does not lead to the root"):
        verify(format_proof(proof_of(3)), ENTRIES[4])


def test_another_index_is_not_proved():
    with pytest.raises(RecordError):
        verify(format_proof(Proof(4, proof_of(3).hashes, SIGNED)), ENTRIES[3])


def test_the_size_comes_from_the_checkpoint():
    larger = sign_checkpoint(Checkpoint(LOG.name, 12, root_of(LEAVES)), LOG)
    with pytest.raises(RecordError):
        verify(format_proof(Proof(10, proof_of(10).hashes, larger)), ENTRIES[10])


@given(st.integers(0, 8 * len(format_proof(proof_of(6))) - 1))
def test_no_bit_of_a_proof_is_free(bit: int):
    data = bytearray(format_proof(proof_of(6)))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises((FormatError, RecordError)):
        verify(bytes(data), ENTRIES[6])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v2\n", "does not begin with"),
        (b"c2sp.org/tlog-proof@v1\n", b"\n", "does not begin with"),
        (b"index 6\n", b"", "no index line"),
        (b"index 6\n", b"extra AAAA\n", "no index line"),
        (b"index 6\n", b"index 06\n", "no size or index"),
        (b"index 6\n", b"index -6\n", "no size or index"),
        (b"index 6\n", b"extra AAAA\nextra AAAA\nindex 6\n", "no index line"),
        (b"index 6\n", b"extra AAA\nindex 6\n", "not base64"),
        (b"index 6\n", b"index 6\nAAAA\n", "not 32 bytes long"),
        (b"index 6\n", b"index 6\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 64, "more than 64 hashes"),
        (b"\n\n", b"\n", "has no checkpoint|no signature|no blank line|not base64"),
        (b"index", b"\xffndex", "not ASCII"),
    ],
)
def test_a_malformed_proof_is_refused(old: bytes, new: bytes, reason: str):
    with pytest.raises(FormatError, match=reason):
        parse_proof(format_proof(proof_of(6)).replace(old, new, 1))


def test_a_proof_beyond_its_limits_is_refused():
    with pytest.raises(LimitError, match="extra data is larger"):
        format_proof(proof_of(1, bytes(65_537)))
    with pytest.raises(LimitError, match="proof is larger"):
        parse_proof(bytes(2_000_000))
    with pytest.raises(FormatError, match="not 32 bytes long"):
        format_proof(Proof(1, (bytes(31),), SIGNED))
