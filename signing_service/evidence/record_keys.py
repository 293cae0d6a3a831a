"""The record's keys over the decades: the one in use, and those that signed its checkpoints before.

A retired key counts for checkpoints of at most the size that was published when it was replaced, so that whoever finds
it later cannot extend the record. It stands in the trust file as ``{"key": vkey, "size": n}`` (docs/formats.md 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signing_service.encoding import MAX_SAFE_INTEGER
from signing_service.errors import FormatError, RetiredKeyError
from signing_service.record.checkpoint import Checkpoint, verify_checkpoint
from signing_service.record.entry import is_integer
from signing_service.record.note import ED25519, VerifierKey, format_verifier_key, parse_note, parse_verifier_key

MAX_RETIRED = 100


@dataclass(frozen=True, slots=True)
class RetiredKey:
    """A key that signed checkpoints of at most ``size`` entries."""

    key: VerifierKey
    size: int


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """All keys of one record: the current one, and those before it, oldest first."""

    current: VerifierKey
    retired: tuple[RetiredKey, ...] = ()

    def verify(self, note: bytes) -> Checkpoint:
        """The checkpoint in ``note``, as verify_record_checkpoint gives it; the origin is the current key's name."""
        return verify_record_checkpoint(note, self.current, self.retired, self.current.name)


def retired_to_value(retired: Sequence[RetiredKey]) -> list[dict[str, Any]]:
    """As the trust file has them."""
    return [{"key": format_verifier_key(one.key), "size": one.size} for one in retired]


def retired_from_value(value: Any) -> tuple[RetiredKey, ...]:
    """Read the trust file's ``record.retired``: oldest first, at least one; raises FormatError."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RETIRED:
        raise FormatError(f"trust file's record.retired is no list of 1 to {MAX_RETIRED}")
    retired = tuple(_retired(item) for item in value)
    sizes = [one.size for one in retired]
    if sizes != sorted(sizes) or len({one.key for one in retired}) != len(retired):
        raise FormatError("trust file's record.retired is not in order of size, or names a key twice")
    return retired


def _retired(value: Any) -> RetiredKey:
    if not isinstance(value, dict) or set(value) != {"key", "size"}:
        raise FormatError("trust file's record.retired does not have exactly the members key, size")
    key = parse_verifier_key(value["key"]) if isinstance(value["key"], str) else None
    if key is None or key.type != ED25519 or not is_integer(value["size"]):
        raise FormatError("trust file's record.retired holds no Ed25519 key with a size")
    if not 0 <= value["size"] <= MAX_SAFE_INTEGER:
        raise FormatError("trust file's record.retired has a size that no record can have")
    return RetiredKey(key, value["size"])


def verify_record_checkpoint(
    note: bytes, current: VerifierKey, retired: Sequence[RetiredKey], origin: str
) -> Checkpoint:
    """The checkpoint in ``note``, signed by the current key or by one that was in use at its size.

    Raises RetiredKeyError where one of the latter signed a larger tree, RecordError where none of them signed,
    FormatError on a malformed note.
    """
    parsed = parse_note(note)
    if not any(signature.is_of(current) for signature in parsed.signatures):
        for one in retired:
            if any(signature.is_of(one.key) for signature in parsed.signatures):
                checkpoint = verify_checkpoint(note, one.key, origin)
                if checkpoint.size > one.size:
                    raise RetiredKeyError(
                        f"checkpoint of {checkpoint.size} entries is signed by a key that was retired at {one.size}",
                        hint="the record's key was replaced; whoever still signs with the old one is not the service",
                    )
                return checkpoint
    return verify_checkpoint(note, current, origin)
