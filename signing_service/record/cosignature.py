"""Witness cosignatures (C2SP tlog-cosignature v1, Ed25519): who saw which checkpoint as the largest, when. ::

    >>> from datetime import UTC, datetime
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from signing_service.record.note import Signer, sign_note
    >>> log = Signer("sign.example.org", Ed25519PrivateKey.generate())
    >>> witness = Cosigner("witness.njupt.example", Ed25519PrivateKey.generate())
    >>> note = sign_note("sign.example.org\\n0\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n", log)
    >>> cosigned = add_cosignatures(note, [witness.cosign(note, datetime(2025, 4, 11, tzinfo=UTC))])
    >>> [found.key.name for found in verify_cosignatures(cosigned, [witness.verifier_key])]
    ['witness.njupt.example']

A witness's key has signature type 04 and serves nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.errors import FormatError, RecordError
from signing_service.record.note import COSIGNATURE, Signature, VerifierKey, parse_note, verify_ed25519

_TIME_SIZE = 8  # bytes, a big-endian POSIX timestamp before the signature
_SIZE = _TIME_SIZE + 64
_LAST_TIME = 253402300799  # 9999-12-31T23:59:59Z; the format allows 2^63 - 1, no clock does


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: the witness's key and when it was made (UTC, to the second)."""

    key: VerifierKey
    time: datetime


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's name and private key. The key must be used for nothing else: v1 does not sign the name."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half, of type COSIGNATURE."""
        return VerifierKey(self.name, COSIGNATURE, self.private_key.public_key().public_bytes_raw())

    def cosign(self, checkpoint: bytes, now: datetime) -> Signature:
        """Cosign a signed checkpoint at ``now``; the caller has checked that it is consistent."""
        timestamp = int(now.timestamp())
        if not 0 <= timestamp <= _LAST_TIME:
            raise FormatError("a cosignature's time must be between 1970 and 9999")
        value = self.private_key.sign(_message(parse_note(checkpoint).text, timestamp))
        return Signature(self.name, self.verifier_key.id, timestamp.to_bytes(_TIME_SIZE, "big") + value)


def verify_cosignatures(checkpoint: bytes, keys: Sequence[VerifierKey], quorum: int = 0) -> tuple[Cosignature, ...]:
    """The cosignatures by ``keys`` on a signed checkpoint, the earliest of each public key, in key order.

    Raises RecordError if a known witness's line does not verify, or if fewer than ``quorum``
    different public keys cosigned; the hint names the ones that are missing.
    """
    note = parse_note(checkpoint)
    found: dict[bytes, Cosignature] = {}
    for key in keys:
        times = [_verify(key, signature, note.text) for signature in note.signatures if signature.is_of(key)]
        if times:
            found.setdefault(key.public_key, Cosignature(key, min(times)))
    if len(found) < quorum:
        missing = ", ".join(key.name for key in keys if key.public_key not in found) or "no other is known"
        raise RecordError(
            f"checkpoint is cosigned by {len(found)} of the {quorum} witnesses that are needed",
            hint=f"missing: {missing}",
        )
    return tuple(found.values())


def add_cosignatures(checkpoint: bytes, lines: Iterable[Signature]) -> bytes:
    """The checkpoint with further signature lines beneath; none is verified here."""
    return parse_note(checkpoint).with_signatures(lines).format()


def _verify(key: VerifierKey, signature: Signature, text: str) -> datetime:
    timestamp = int.from_bytes(signature.value[:_TIME_SIZE], "big")
    if key.type != COSIGNATURE or len(signature.value) != _SIZE or timestamp > _LAST_TIME:
        raise RecordError(f"cosignature of {key.name} is not a version 1 cosignature")
    verify_ed25519(key, signature.value[_TIME_SIZE:], _message(text, timestamp))
    return datetime.fromtimestamp(timestamp, UTC)


def _message(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
