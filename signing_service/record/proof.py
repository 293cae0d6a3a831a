"""Offline proofs (C2SP tlog-proof): an entry's index, its audit path and the signed checkpoint. ::

    c2sp.org/tlog-proof@v1
    index 2
    <base64 of one hash a line>

    <the checkpoint with all its signatures>

A proof has no size of its own: it is taken from the checkpoint, after that is verified.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from signing_service.errors import FormatError, LimitError
from signing_service.record.checkpoint import Checkpoint, parse_decimal
from signing_service.record.note import MAX_NOTE, from_base64, parse_note
from signing_service.record.tree import HASH_SIZE, MAX_PROOF_HASHES, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA = 65_536  # bytes
MAX_PROOF = MAX_NOTE + 2 * MAX_EXTRA  # bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """A leaf's index, its audit path, the signed checkpoint verbatim, and opaque extra data or None."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def parse_proof(data: bytes, known: bytes = b"") -> Proof:
    """Read a tlog-proof; raises FormatError. Nothing in it is verified yet.

    ``known``: a signed checkpoint that was read already, as proofs that share one have it.
    """
    if len(data) > MAX_PROOF:
        raise LimitError(f"proof is larger than {MAX_PROOF} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("proof is not ASCII before its checkpoint") from error
    if lines.pop(0) != HEADER or not blank:
        raise FormatError(f"proof does not begin with {HEADER} or has no checkpoint")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise FormatError("proof has no index line")
    index = parse_decimal(lines.pop(0).removeprefix("index "))
    if checkpoint != known or not known:
        parse_note(checkpoint)
    return _checked(Proof(index, tuple(from_base64(line) for line in lines), checkpoint, extra))


def format_proof(proof: Proof) -> bytes:
    """Write a tlog-proof; raises FormatError on hashes of another length, or too many."""
    _checked(proof)
    lines = [HEADER]
    if proof.extra is not None:
        lines.append(f"extra {base64.b64encode(proof.extra).decode()}")
    lines.append(f"index {proof.index}")
    lines += [base64.b64encode(value).decode() for value in proof.hashes]
    return "".join(line + "\n" for line in lines).encode() + b"\n" + proof.checkpoint


def _checked(proof: Proof) -> Proof:
    if len(proof.hashes) > MAX_PROOF_HASHES or any(len(value) != HASH_SIZE for value in proof.hashes):
        raise FormatError(f"proof has more than {MAX_PROOF_HASHES} hashes, or one that is not 32 bytes long")
    if proof.extra is not None and len(proof.extra) > MAX_EXTRA:
        raise LimitError(f"proof's extra data is larger than {MAX_EXTRA} bytes")
    return proof


def verify_proof(proof: Proof, entry: bytes, checkpoint: Checkpoint) -> None:
    """Raise RecordError unless ``entry`` stands at the proof's index in the tree of ``checkpoint``.

    ``checkpoint`` must be what verify_checkpoint gave for ``proof.checkpoint``, or for any other
    signed note of the same text: a shared checkpoint is verified once, not once a proof.
    """
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root)
