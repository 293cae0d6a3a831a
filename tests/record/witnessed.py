"""What the witness's tests share: a log that grows, one that was rewritten, and requests of either."""

from __future__ import annotations

from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.note import Signer
from signing_service.record.tree import consistency_proof, leaf_hash, root_of
from signing_service.record.witness import Request, configure_logs, format_request
from tests.cast import ORIGIN
from tests.record.cast import LOG

LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(40)]
OTHER_LEAVES = [*LEAVES[:5], *(leaf_hash(f"rewritten {number}".encode()) for number in range(5, 40))]
LOGS = configure_logs([LOG.verifier_key])


def signed(size: int, leaves: list[bytes] = LEAVES, signer: Signer = LOG, origin: str = ORIGIN) -> bytes:
    return sign_checkpoint(Checkpoint(origin, size, root_of(leaves[:size])), signer)


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> tuple[bytes, ...]:
    if not 0 < old <= new:
        return ()
    return tuple(consistency_proof(old, new, lambda level, at: root_of(leaves[at << level : (at + 1) << level])))


def body(old: int, new: int, leaves: list[bytes] = LEAVES) -> bytes:
    return format_request(Request(old, proof(old, new, leaves), signed(new, leaves)))
