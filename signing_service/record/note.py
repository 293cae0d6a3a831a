"""Signed notes (C2SP signed-note) with Ed25519: text, then one line for each signature. ::

    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> signer = Signer("sign.example.org", Ed25519PrivateKey.generate())
    >>> note = sign_note("sign.example.org\\n0\\n…\\n", signer)
    >>> parse_note(verify_note(note, [signer.verifier_key]).format()).text.splitlines()[0]
    'sign.example.org'

A key is configured as a *vkey*, ``<name>+<key id>+<base64 of type and public key>``. Signatures of
unknown keys are ignored; a bad signature of a known key is an error.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signing_service.errors import FormatError, LimitError, RecordError

MAX_NOTE = 1_000_000  # bytes; far above a checkpoint with 100 signatures
MAX_SIGNATURES = 100  # the specification asks for at least 16
ED25519 = 0x01  # signature type: a log's key
COSIGNATURE = 0x04  # signature type: a witness's key, C2SP tlog-cosignature v1
SIGNATURE_PREFIX = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # all but the line feed
_PUBLIC_KEY_SIZE = 32
_KEY_ID_SIZE = 4
_SECRET_PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name and an Ed25519 public key (32 bytes) for one signature type: ED25519 or COSIGNATURE."""

    name: str
    type: int
    public_key: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name ‖ 0A ‖ type ‖ public key), its first 4 bytes."""
        return sha256(self.name.encode() + bytes([0x0A, self.type]) + self.public_key).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        return format_verifier_key(self)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def format(self) -> str:
        """The line with its line feed: em dash, name, base64 of key id and value."""
        return f"{SIGNATURE_PREFIX}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    def is_of(self, key: VerifierKey) -> bool:
        """Whether the line claims to be by ``key``; says nothing about its truth."""
        return self.name == key.name and self.key_id == key.id


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends in a line feed, and the signatures beneath it."""

    text: str
    signatures: tuple[Signature, ...]

    def format(self) -> bytes:
        """The note's bytes; the other half of parse_note."""
        return (self.text + "\n" + "".join(signature.format() for signature in self.signatures)).encode()

    def with_signatures(self, signatures: Iterable[Signature]) -> Note:
        """The note with further signatures; one that is there already is not added again."""
        present = dict.fromkeys((*self.signatures, *signatures))
        return Note(self.text, tuple(present))


@dataclass(frozen=True, slots=True)
class Signer:
    """A name and an Ed25519 private key that signs notes' texts (signature type 01)."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half, which others are given."""
        return VerifierKey(self.name, ED25519, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign ``text``, which ends in a line feed."""
        return Signature(self.name, self.verifier_key.id, self.private_key.sign(text.encode()))


def sign_note(text: str, *signers: Signer) -> bytes:
    """The note of ``text`` with a signature of each signer; raises FormatError on a text no note can hold."""
    for signer in signers:
        require_key_name(signer.name)
    note = Note(text, tuple(signer.sign(text) for signer in signers)).format()
    if parse_note(note).text != text:
        raise FormatError("text cannot be signed as a note")
    return note


def parse_note(data: bytes) -> Note:
    """Read a note without verifying it; raises FormatError where it departs from the specification."""
    if len(data) > MAX_NOTE:
        raise LimitError(f"note is larger than {MAX_NOTE} bytes")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("note is not UTF-8") from error
    if _CONTROL.search(content):
        raise FormatError("note holds a control character")
    split = content.rfind("\n\n")
    if split < 0 or not content.endswith("\n"):
        raise FormatError("note has no blank line before its signatures, or does not end in a line feed")
    text, lines = content[: split + 1], content[split + 2 :]
    signatures = parse_signatures(lines)
    if not signatures:
        raise FormatError("note has no signature")
    return Note(text, signatures)


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, each with its line feed; raises FormatError."""
    if lines and not lines.endswith("\n"):
        raise FormatError("signature line does not end in a line feed")
    parts = lines.split("\n")[:-1]
    if len(parts) > MAX_SIGNATURES:
        raise LimitError(f"note has more than {MAX_SIGNATURES} signatures")
    return tuple(_parse_signature(line) for line in parts)


def _parse_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(SIGNATURE_PREFIX) or not space:
        raise FormatError(f"{line[:60]!r} is no signature line")
    require_key_name(name)
    blob = from_base64(encoded)
    if len(blob) <= _KEY_ID_SIZE:
        raise FormatError(f"signature of {name} is too short")
    return Signature(name, blob[:_KEY_ID_SIZE], blob[_KEY_ID_SIZE:])


def verify_note(data: bytes, keys: Iterable[VerifierKey]) -> Note:
    """Read a note and verify it by the log keys (type ED25519) among ``keys``.

    Raises RecordError if a signature of a known key is bad or none is there; FormatError if it is no
    note. In the note that comes back only verified signatures and those of unknown keys stand.
    """
    note = parse_note(data)
    known = {(key.name, key.id): key for key in keys if key.type == ED25519}
    verified = 0
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            verify_ed25519(key, signature.value, note.text.encode())
            verified += 1
    if not verified:
        names = ", ".join(sorted(key.name for key in known.values())) or "nobody"
        raise RecordError(
            f"note carries no signature of {names}",
            hint="is this the trust file, or the key, of the service that keeps this record?",
        )
    return note


def verify_ed25519(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Raise RecordError unless ``signature`` (64 bytes) is the key's over ``message`` (RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise RecordError(f"signature of {key.name} is wrong") from error


def parse_verifier_key(vkey: str) -> VerifierKey:
    """Read a vkey; raises FormatError if it is malformed, its id is wrong or its type is not Ed25519's."""
    name, key_id, key_type, public_key = _parse_key(vkey)
    key = VerifierKey(name, key_type, public_key)
    if key_id != key.id.hex():
        raise FormatError(f"key of {name} does not have the id {key_id[:16]}", hint="copy the whole vkey")
    return key


def format_verifier_key(key: VerifierKey) -> str:
    """Write a vkey: ``<name>+<id in hexadecimal>+<base64 of type and public key>``."""
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([key.type]) + key.public_key).decode()}"


def parse_secret_key(text: str) -> tuple[str, int, Ed25519PrivateKey]:
    """Read ``PRIVATE+KEY+<name>+<id>+<base64 of type and seed>``: name, type, key; raises FormatError."""
    if not text.startswith(_SECRET_PREFIX):
        raise FormatError("secret key does not begin with PRIVATE+KEY+")
    name, key_id, key_type, seed = _parse_key(text.removeprefix(_SECRET_PREFIX))
    private_key = Ed25519PrivateKey.from_private_bytes(seed)
    if VerifierKey(name, key_type, private_key.public_key().public_bytes_raw()).id.hex() != key_id:
        raise FormatError(f"secret key of {name} does not have its id")
    return name, key_type, private_key


def format_secret_key(name: str, key_type: int, private_key: Ed25519PrivateKey) -> str:
    """Write the secret half of a key in the spelling that Go's note package uses."""
    key = VerifierKey(name, key_type, private_key.public_key().public_bytes_raw())
    seed = base64.b64encode(bytes([key_type]) + private_key.private_bytes_raw()).decode()
    return f"{_SECRET_PREFIX}{name}+{key.id.hex()}+{seed}"


def _parse_key(text: str) -> tuple[str, str, int, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise FormatError("key is not of the form <name>+<id>+<base64>")
    name, key_id, encoded = parts
    require_key_name(name)
    blob = from_base64(encoded)
    if not blob or blob[0] not in (ED25519, COSIGNATURE):
        raise FormatError(f"key of {name} has signature type {blob[:1].hex() or 'none'}; 01 and 04 are supported")
    if len(blob) != 1 + _PUBLIC_KEY_SIZE:
        raise FormatError(f"key of {name} has {len(blob) - 1} bytes where {_PUBLIC_KEY_SIZE} are needed")
    return name, key_id, blob[0], blob[1:]


def require_key_name(name: str) -> None:
    """Raise FormatError unless ``name`` may stand in a signature line: no space, no plus, not empty."""
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        raise FormatError(f"{name[:60]!r} cannot be a key's name")


def from_base64(text: str) -> bytes:
    """Decode base64 (RFC 4648 section 4) with padding; raises FormatError on any second spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise FormatError(f"{text[:60]!r} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise FormatError(f"{text[:60]!r} is not canonical base64")
    return data
