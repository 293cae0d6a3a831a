"""Receipts: what a representative keeps to show, years later, that the act is in the record (docs/formats.md, 9). ::

    receipt = parse_receipt(Path("receipt.json").read_bytes())
    checkpoint = verify_receipt(receipt, trust)     # the record's state that the receipt belongs to

A receipt stands alone: neither the PDF nor the service is needed to check it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from signing_service.encoding import (
    canonical_json,
    from_base64url,
    from_hex,
    parse_canonical_json,
    to_base64url,
)
from signing_service.errors import FormatError, LimitError, RecordError
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import TrustFile
from signing_service.record.checkpoint import Checkpoint, verify_checkpoint
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.entry import SALT_SIZE, is_integer, parse_entry, parse_event, verify_opening
from signing_service.record.note import VerifierKey
from signing_service.record.proof import parse_proof, verify_proof
from signing_service.record.tiles import Fetch, hash_reader
from signing_service.record.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

VERSION = 1
MAX_RECEIPT = 4 * 1024 * 1024  # bytes
_MEMBERS = {"v", "agreement", "signer", "event", "salt", "entry", "index", "proof", "pdf_sha256", "trust_sha256"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """An opened entry with its proof.

    ``event`` and ``entry`` are canonical JSON; ``proof`` is a tlog-proof; ``pdf_sha256`` (hexadecimal)
    is of the revision that the act made; ``trust_sha256`` is the fingerprint of the trust file then.
    """

    agreement: str
    signer: str
    event: bytes
    salt: bytes
    entry: bytes
    index: int
    proof: bytes
    pdf_sha256: str
    trust_sha256: str


def format_receipt(receipt: Receipt) -> bytes:
    """Write a receipt as canonical JSON; raises FormatError on values that parse_receipt would refuse."""
    data = canonical_json(
        {
            "v": VERSION,
            "agreement": receipt.agreement,
            "signer": receipt.signer,
            "event": parse_canonical_json(receipt.event),
            "salt": to_base64url(receipt.salt),
            "entry": parse_canonical_json(receipt.entry),
            "index": receipt.index,
            "proof": receipt.proof.decode("utf-8"),
            "pdf_sha256": receipt.pdf_sha256,
            "trust_sha256": receipt.trust_sha256,
        }
    )
    if parse_receipt(data) != receipt:
        raise FormatError("receipt has no text that reads back the same")
    return data


def is_receipt(data: bytes) -> bool:
    """Whether the bytes look like a receipt, whole or not, spaced by an editor or not: nothing is checked."""
    try:
        members = json.loads(data) if len(data) <= MAX_RECEIPT else None
    except (ValueError, RecursionError):
        return False
    return isinstance(members, dict) and set(members) == _MEMBERS


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt; raises FormatError. Its parts agree with each other, but nothing is proved yet."""
    if len(data) > MAX_RECEIPT:
        raise LimitError(f"receipt is larger than {MAX_RECEIPT} bytes")
    members = parse_canonical_json(data)
    if not isinstance(members, dict) or set(members) != _MEMBERS or not is_integer(members["v"], VERSION):
        raise FormatError("receipt does not have exactly the members of version 1")
    if not all(isinstance(members[name], str) for name in ("agreement", "signer", "proof")):
        raise FormatError("receipt's agreement, signer or proof is not a text")
    for name in ("pdf_sha256", "trust_sha256"):
        from_hex(members[name], 32)
    receipt = Receipt(
        agreement=members["agreement"],
        signer=members["signer"],
        event=canonical_json(members["event"]),
        salt=from_base64url(members["salt"]),
        entry=canonical_json(members["entry"]),
        index=members["index"],
        proof=members["proof"].encode("utf-8"),
        pdf_sha256=members["pdf_sha256"],
        trust_sha256=members["trust_sha256"],
    )
    _check_parts(receipt)
    return receipt


def _check_parts(receipt: Receipt) -> None:
    event, entry, proof = parse_event(receipt.event), parse_entry(receipt.entry), parse_proof(receipt.proof)
    if len(receipt.salt) != SALT_SIZE:
        raise FormatError("receipt's salt does not have 32 bytes")
    if not entry.scope == event["scope"] == receipt.agreement:
        raise FormatError("receipt's event, entry and agreement do not belong together")
    if event.get("signer") != receipt.signer or event.get("pdf_sha256", receipt.pdf_sha256) != receipt.pdf_sha256:
        raise FormatError("receipt names another signer or document than its event")
    if not is_integer(receipt.index) or proof.index != receipt.index:
        raise FormatError("receipt's index is not that of its proof")


def verify_receipt(receipt: Receipt, trust: TrustFile) -> Checkpoint:
    """Raise RecordError unless the receipt holds under ``trust``; give the checkpoint that it belongs to.

    As verify_receipt_by_key, and where the trust file asks for a quorum of witnesses, it cosigned.
    """
    note = parse_proof(receipt.proof).checkpoint
    retired = [one.key for one in trust.retired_record_keys]
    checkpoint = verify_receipt_by_key(receipt, [trust.record_key, *retired], trust.record_origin)
    verify_record_checkpoint(note, trust.record_key, trust.retired_record_keys, trust.record_origin)
    if trust.quorum is not None:
        verify_cosignatures(note, trust.witnesses, trust.quorum)
    return checkpoint


def verify_receipt_by_key(
    receipt: Receipt, key: VerifierKey | Sequence[VerifierKey], origin: str | None = None
) -> Checkpoint:
    """Raise RecordError unless the receipt holds under the record's key; give the checkpoint that it belongs to.

    1. The checkpoint is signed by the record's key, and its origin is the record's (the key's name by default).
    2. The entry stands at the index in that checkpoint's tree.
    3. The event, with the salt, is what the entry commits to.
    """
    proof = parse_proof(receipt.proof)
    # (1)
    checkpoint = verify_checkpoint(proof.checkpoint, key, origin)
    # (2)
    if proof.index != receipt.index:
        raise RecordError("receipt's index is not that of its proof")
    verify_proof(proof, receipt.entry, checkpoint)
    # (3)
    verify_opening(receipt.entry, receipt.event, receipt.salt)
    return checkpoint


def verify_receipt_in_log(
    receipt: Receipt, key: VerifierKey | Sequence[VerifierKey], origin: str | None, fetch: Fetch
) -> Checkpoint:
    """Raise RecordError unless the log as it is now still holds the receipt's entry; give its checkpoint.

    1. The receipt holds, and the log's checkpoint is signed by the same key.
    2. The log did not shrink, and grew from the receipt's checkpoint: a consistency proof read from its tiles.
    3. The entry stands at its index in the tree of now: an inclusion proof read from its tiles.

    ``fetch`` raises NotFoundError where the log lacks a tile, UnavailableError where it cannot be asked.
    """
    # (1)
    then = verify_receipt_by_key(receipt, key, origin)
    now = verify_checkpoint(fetch("checkpoint"), key, origin)
    # (2)
    if now.size < then.size:
        raise RecordError(f"log was rolled back: it has size {now.size}, the receipt's checkpoint has {then.size}")
    read_hash = hash_reader(now.size, fetch)
    proof = consistency_proof(then.size, now.size, read_hash)
    verify_consistency(then.size, now.size, then.root, now.root, proof)
    # (3)
    path = inclusion_proof(receipt.index, now.size, read_hash)
    verify_inclusion(receipt.index, now.size, leaf_hash(receipt.entry), path, now.root)
    return now
