"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root as the text of a signed note. ::

    >>> from signing_service.record.tree import EMPTY_ROOT
    >>> format_checkpoint(Checkpoint("sign.example.org", 0, EMPTY_ROOT)).splitlines()[1]
    '0'

The size of a tree is believed only when it comes from a verified checkpoint.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from signing_service.errors import FormatError, RecordError
from signing_service.record.note import Signer, VerifierKey, from_base64, sign_note, verify_note
from signing_service.record.tree import EMPTY_ROOT, HASH_SIZE, MAX_TREE_SIZE

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")  # no sign, no leading zero, at most 19 digits


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's state: its origin, how many leaves, their root (32 bytes), and opaque extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's note text; raises FormatError. It is believed only after verify_checkpoint."""
    if not text.endswith("\n"):
        raise FormatError("checkpoint does not end in a line feed")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise FormatError("checkpoint is not at least three lines (origin, size, root) without an empty one")
    origin, size, root, *extensions = lines
    root_hash = from_base64(root)
    if len(root_hash) != HASH_SIZE:
        raise FormatError(f"checkpoint's root has {len(root_hash)} bytes where {HASH_SIZE} are needed")
    return Checkpoint(origin, parse_decimal(size), root_hash, tuple(extensions))


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Write the note text; raises FormatError on values that have no such text."""
    lines = (
        checkpoint.origin,
        str(checkpoint.size),
        base64.b64encode(checkpoint.root).decode(),
        *checkpoint.extensions,
    )
    text = "".join(line + "\n" for line in lines)
    if parse_checkpoint(text) != checkpoint:
        raise FormatError("checkpoint has an empty line, a line feed in a line or a negative size")
    return text


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note of a checkpoint, as it is published."""
    return sign_note(format_checkpoint(checkpoint), signer)


def verify_checkpoint(data: bytes, keys: VerifierKey | Sequence[VerifierKey], origin: str | None = None) -> Checkpoint:
    """Verify a signed checkpoint by the log's key (or keys) and give its content.

    ``origin`` defaults to the name of the first key. Raises RecordError if the signature is wrong or
    absent, the origin is another, or an empty tree has a root other than SHA-256 of nothing.
    """
    known = (keys,) if isinstance(keys, VerifierKey) else tuple(keys)
    checkpoint = parse_checkpoint(verify_note(data, known).text)
    expected = origin if origin is not None else known[0].name
    if checkpoint.origin != expected:
        raise RecordError(
            f"checkpoint is of the origin {checkpoint.origin!r}, not of {expected!r}",
            hint="a log's origin may be another than its key's name: if you know it to be this log's, name it so",
        )
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise RecordError("checkpoint of an empty tree has another root")
    return checkpoint


def parse_decimal(text: str) -> int:
    """Read a tree size or index as ASCII decimal without leading zeroes, up to 2^63 - 1; raises FormatError."""
    if not _DECIMAL.match(text) or int(text) > MAX_TREE_SIZE:
        raise FormatError(f"{text[:30]!r} is no size or index")
    return int(text)
