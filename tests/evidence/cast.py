"""The evidence's cast: a trust file of the alliance, and a small agreement whose three events are in its record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing_service.encoding import sha256_hex
from signing_service.evidence import (
    Bundle,
    BundledEvent,
    Receipt,
    TrustedOfficer,
    TrustFile,
    fingerprint,
    format_trust_file,
)
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.cosignature import add_cosignatures
from signing_service.record.proof import Proof, format_proof
from signing_service.record.tree import inclusion_proof, leaf_hash, root_of
from tests.cast import ALLIANCE, LIN, NOON, OFFICER, ORIGIN, PUBLIC_URL
from tests.record.cast import AGREEMENT, ANDAMAN_WITNESS, LOG, NANJING_WITNESS, event, history, salt

PDF = b"%PDF-1.7\n% stands for the agreement with Lin's signature\n%%EOF\n"
MANDATE = b"%PDF-1.7\n% stands for Lin's full powers\n%%EOF\n"
EVENTS = [
    event(0, "publication", officer=OFFICER.id),
    event(1, "mandate", officer=OFFICER.id),
    event(2, "signature", signer=LIN.signer, pdf_sha256=sha256_hex(PDF), revision=1),
]


@cache
def certificate(name: str) -> x509.Certificate:
    """A self-signed certificate, made the same each time (Ed25519 signatures are deterministic)."""
    key = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)[:32])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    return (
        builder.not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2065, 1, 1, tzinfo=UTC))
        .sign(key, None)
    )


def trust_file() -> TrustFile:
    """The alliance's: one of its two witnesses must cosign."""
    return TrustFile(
        name=ALLIANCE,
        web_origin=PUBLIC_URL,
        relying_party_id=ORIGIN,
        root=certificate("Alliance Root"),
        record_origin=ORIGIN,
        record_key=LOG.verifier_key,
        timestamp_anchors=(certificate("Timestamp Anchor"),),
        party_anchors={"njupt": (certificate("Nanjing Anchor"),)},
        quorum=1,
        witnesses=(NANJING_WITNESS.verifier_key, ANDAMAN_WITNESS.verifier_key),
        officers=(TrustedOfficer(OFFICER.id, OFFICER.name, (b"\xa5\x01\x02",)),),
    )


def signed_checkpoint(entries: list[bytes]) -> bytes:
    """The record's checkpoint over ``entries``, cosigned by Nanjing's witness at noon."""
    signed = sign_checkpoint(Checkpoint(ORIGIN, len(entries), root_of([leaf_hash(entry) for entry in entries])), LOG)
    return add_cosignatures(signed, [NANJING_WITNESS.cosign(signed, NOON)])


def proof_text(entries: list[bytes], index: int, checkpoint: bytes | None = None) -> bytes:
    """The tlog-proof of one of ``entries``."""
    leaves = [leaf_hash(entry) for entry in entries]
    hashes = inclusion_proof(index, len(leaves), lambda level, at: root_of(leaves[at << level : (at + 1) << level]))
    return format_proof(Proof(index, tuple(hashes), checkpoint or signed_checkpoint(entries)))


def receipt() -> Receipt:
    """Lin's receipt."""
    entries = history(EVENTS)
    return Receipt(
        agreement=AGREEMENT,
        signer=LIN.signer,
        event=EVENTS[2],
        salt=salt(2),
        entry=entries[2],
        index=2,
        proof=proof_text(entries, 2),
        pdf_sha256=sha256_hex(PDF),
        trust_sha256=fingerprint(format_trust_file(trust_file())).hex(),
    )


def bundle() -> Bundle:
    """The agreement's evidence, after Lin signed."""
    entries = history(EVENTS)
    return Bundle(
        agreement=AGREEMENT,
        pdf=PDF,
        events=tuple(BundledEvent(at, entries[at], EVENTS[at], salt(at)) for at in range(3)),
        proofs={at: proof_text(entries, at) for at in range(3)},
        certificates=certificate("Lin").public_bytes(Encoding.PEM),
        mandates={sha256_hex(MANDATE): MANDATE},
    )


def changed_bundle(**changes: object) -> Bundle:
    """The bundle with other parts."""
    return replace(bundle(), **changes)  # type: ignore[arg-type]
