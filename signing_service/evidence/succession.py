"""Successors of a trust file: each one signed by an officer of its predecessor (docs/formats.md 11). ::

    successor = replace(trust, officers=…, predecessor=unsigned_predecessor(old))
    challenge = succession_challenge(successor)          # an officer's passkey signs it
    data = format_trust_file(sign_succession(successor, assertion))
    verify_succession(old, data)

Where the file names officers, the record's key signs only one kind of successor: one that names the record's next key
and changes nothing else, since that key could sign the record anyway. A stolen server can therefore never add an
officer to a file that has one. The first successor, of a file that names no officer yet, is signed by the record's key
too: whoever takes it must compare its fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signing_service.approval import PasskeyAssertion, RelyingParty, verify_assertion
from signing_service.approval.evidence import PasskeySequence, assertion_from_asn1, assertion_to_asn1
from signing_service.encoding import tagged_sha256
from signing_service.errors import FormatError, VerificationError
from signing_service.evidence.trust import Predecessor, TrustFile, format_trust_file, parse_trust_file

SUCCESSION_TAG = "signing-service/trust-file/v1"
VERSION = 1


@asn1.sequence
class _Record:
    signature: bytes


@asn1.sequence
class _Succession:
    version: int
    proof: Annotated[_Record, asn1.Implicit(0)] | Annotated[PasskeySequence, asn1.Implicit(1)]


@dataclass(frozen=True, slots=True)
class Succession:
    """Who signed a successor: an officer of the predecessor, or the record's key where it named none."""

    proof: bytes | PasskeyAssertion
    """An Ed25519 signature, or the officer's assertion."""

    def to_der(self) -> bytes:
        """Encode as DER."""
        proof = _Record(signature=self.proof) if isinstance(self.proof, bytes) else assertion_to_asn1(self.proof)
        return asn1.encode_der(_Succession(version=VERSION, proof=proof))

    @classmethod
    def from_der(cls, der: bytes) -> Succession:
        """Decode DER; raises FormatError unless it is exactly one TrustSuccession of this version."""
        try:
            value = asn1.decode_der(_Succession, der)
        except (ValueError, OverflowError) as error:
            raise FormatError(f"trust file's succession is not DER as it must be: {error}") from error
        if value.version != VERSION:
            raise FormatError("trust file's succession has an unknown version")
        proof = value.proof
        return cls(proof.signature if isinstance(proof, _Record) else assertion_from_asn1(proof))


def unsigned_predecessor(old: bytes) -> Predecessor:
    """Name the file that is to be succeeded; its signature is still empty."""
    return Predecessor(sha256(old).digest(), b"")


def succession_challenge(successor: TrustFile) -> bytes:
    """The 32 bytes that are signed: a tagged hash of the whole successor with an empty signature."""
    if successor.predecessor is None:
        raise FormatError("trust file names no predecessor")
    plain = replace(successor, predecessor=replace(successor.predecessor, signature=b""))
    return tagged_sha256(SUCCESSION_TAG, format_trust_file(plain))


def sign_succession(successor: TrustFile, proof: PasskeyAssertion | Ed25519PrivateKey) -> TrustFile:
    """Complete a successor by the officer's assertion over its challenge, or by the record's key."""
    challenge = succession_challenge(successor)
    evidence = proof.sign(challenge) if isinstance(proof, Ed25519PrivateKey) else proof
    predecessor = successor.predecessor or Predecessor(b"", b"")
    return replace(successor, predecessor=replace(predecessor, signature=Succession(evidence).to_der()))


def verify_succession(old: bytes, new: bytes) -> TrustFile:
    """Check that the trust file ``new`` succeeds ``old``, and give it.

    Raises VerificationError where it names another predecessor, changes what may never change (origin, relying
    party, root, record's origin and history of keys), or is not signed by an officer of ``old``; FormatError on
    malformed bytes.
    """
    before, after = parse_trust_file(old), parse_trust_file(new)
    if after.predecessor is None or after.predecessor.sha256 != sha256(old).digest():
        raise VerificationError("trust file does not name this predecessor")
    for name in ("web_origin", "relying_party_id", "record_origin"):
        if getattr(before, name) != getattr(after, name):
            raise VerificationError(f"trust file changes {name}, which is fixed for ever")
    if before.root != after.root:
        raise VerificationError("trust file changes the root certificate, which is fixed for ever")
    replaced = (before.record_key,) if before.record_key != after.record_key else ()
    history = tuple(one.key for one in before.retired_record_keys) + replaced
    if tuple(one.key for one in after.retired_record_keys) != history:
        raise VerificationError("trust file does not keep the record's earlier keys")
    proof = Succession.from_der(after.predecessor.signature).proof
    challenge = succession_challenge(after)
    keys = {key for officer in before.officers if officer.until is None for key in officer.keys}
    if isinstance(proof, bytes):
        if keys and not _only_rotates(before, after):
            raise VerificationError("trust file is not signed by an officer of its predecessor")
        _verify_record_signature(before, proof, challenge)
    elif proof.public_key not in keys:
        raise VerificationError("trust file is signed by a passkey that its predecessor does not name")
    else:
        verify_assertion(proof, challenge, RelyingParty(before.web_origin, before.relying_party_id))
    return after


def _only_rotates(before: TrustFile, after: TrustFile) -> bool:
    """Whether the successor retires the record's key for another one, and is the same in all else."""
    retired = after.retired_record_keys
    if not retired or retired[:-1] != before.retired_record_keys or retired[-1].key != before.record_key:
        return False
    same = replace(
        after,
        record_key=before.record_key,
        retired_record_keys=before.retired_record_keys,
        predecessor=before.predecessor,
    )
    return same.to_value() == before.to_value()


def _verify_record_signature(before: TrustFile, signature: bytes, challenge: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(before.record_key.public_key).verify(signature, challenge)
    except InvalidSignature:
        raise VerificationError("trust file's signature is not by the record's key") from None
