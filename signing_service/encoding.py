"""Canonical JSON, base64url, times and domain-separated hashes: one spelling for each value.

Example::

    >>> canonical_json({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    >>> parse_canonical_json(b'{"a":1}')
    {'a': 1}
    >>> to_base64url(b"\x00\xff")
    'AP8'

Canonical JSON is RFC 8785 (JCS) narrowed to what this service needs: objects with ASCII keys, arrays,
strings in NFC, integers within ±(2^53 - 1), booleans and null; no floating-point numbers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from signing_service.errors import FormatError, LimitError

MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3, RFC 7493 section 2.2
MAX_JSON_DEPTH = 32  # levels; far above any format of this service
MAX_JSON_BYTES = 16 * 1024 * 1024

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HEX = re.compile(r"[0-9a-f]*\Z")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z\Z")


def canonical_json(value: Any) -> bytes:
    """Encode ``value`` as canonical JSON (RFC 8785, narrowed as the module says), UTF-8.

    Raises FormatError on a value that has no canonical form: a float, a key that is not ASCII,
    a string that is not NFC or holds a lone surrogate, an integer that JavaScript cannot hold.
    """
    _check_canonical(value, 0)
    return _ENCODER.encode(value).encode()


def _check_canonical(value: Any, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise LimitError(f"JSON is nested more than {MAX_JSON_DEPTH} levels deep")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise FormatError(f"JSON key {key!r} is not an ASCII string")
            if type(item) is not str or not item.isascii():  # most members are such strings: nothing more to see
                _check_canonical(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_canonical(item, depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise FormatError(f"JSON integer {value} is beyond 2^53 - 1")
    elif value is not None:
        raise FormatError(f"JSON cannot hold a {type(value).__name__} canonically")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    if _SURROGATE.search(text):
        raise FormatError("JSON string holds a lone surrogate")
    if not unicodedata.is_normalized("NFC", text):
        raise FormatError(f"JSON string {text[:40]!r} is not in Unicode normal form NFC")


def parse_canonical_json(data: bytes) -> Any:
    """Decode canonical JSON; raises FormatError unless ``data`` is exactly what canonical_json gives.

    Duplicate keys, white space, other escapes and other number spellings all fail that comparison.
    """
    value = _decode(data)
    if canonical_json(value) != data:
        raise _not_canonical()
    return value


def parse_canonical_members(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Decode a canonical JSON object; give its members, and the canonical bytes of each as they stand in ``data``.

    Raises FormatError as parse_canonical_json does, and where ``data`` is no object.
    """
    value = _decode(data)
    if not isinstance(value, dict):
        raise FormatError("JSON is not an object")
    _check_canonical(value, 0)
    encoded = {key: _ENCODER.encode(item).encode() for key, item in value.items()}
    members = (_ENCODER.encode(key).encode() + b":" + encoded[key] for key in sorted(encoded))
    if b"{" + b",".join(members) + b"}" != data:
        raise _not_canonical()
    return value, encoded


def _decode(data: bytes) -> Any:
    if len(data) > MAX_JSON_BYTES:
        raise LimitError(f"JSON is larger than {MAX_JSON_BYTES} bytes")
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error


def _not_canonical() -> FormatError:
    return FormatError("JSON is not in canonical form", hint="sort keys, no spaces, no duplicates (RFC 8785)")


def to_base64url(data: bytes) -> str:
    """Encode as base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: object) -> bytes:
    """Decode unpadded base64url; raises FormatError on padding, other letters or stray trailing bits."""
    if not isinstance(text, str) or not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise FormatError("value is not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64url(data) != text:
        raise FormatError("base64url value has stray trailing bits")
    return data


def from_hex(text: object, length: int | None = None) -> bytes:
    """Decode lower-case hexadecimal, of ``length`` bytes if given; raises FormatError."""
    if not isinstance(text, str) or not _HEX.match(text):
        raise FormatError("value is not lower-case hexadecimal")
    try:
        data = bytes.fromhex(text)
    except (ValueError, binascii.Error) as error:
        raise FormatError("value is not lower-case hexadecimal") from error
    if length is not None and len(data) != length:
        raise FormatError(f"value has {len(data)} bytes where {length} are needed")
    return data


def format_time(moment: datetime) -> str:
    """Format an aware datetime as RFC 3339 in UTC, to the second: ``2025-04-11T08:00:00Z``."""
    if moment.tzinfo is None:
        raise FormatError("a time without a time zone cannot be written")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: object) -> datetime:
    """Parse exactly what format_time gives; raises FormatError on any other spelling."""
    if not isinstance(text, str) or not _TIME.match(text):
        raise FormatError(f"time {text!r} is not of the form 2025-04-11T08:00:00Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"time {text!r} does not exist") from error


def parse_digits(digits: bytes) -> datetime:
    """Parse a time in UTC from fourteen ASCII digits, ``20250411080000``; raises FormatError on anything else."""
    if len(digits) != 14 or not digits.isdigit():
        raise FormatError("a time is not of fourteen digits")
    try:
        month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
        return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise FormatError(f"the time {digits.decode()} does not exist") from error


def tagged_sha256(tag: str, *parts: bytes) -> bytes:
    """SHA-256(tag ‖ 00 ‖ parts…), 32 bytes. At most the last part may vary in length."""
    digest = hashlib.sha256(tag.encode("ascii") + b"\x00")
    for part in parts:
        digest.update(part)
    return digest.digest()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
