"""``/Contents`` of a signature dictionary: hexadecimal digits, of them one DER SEQUENCE, then nothing but zeroes.

ISO 32000-2 12.8.1 leaves the padding's bytes free; here none is.
"""

from __future__ import annotations

from signing_service.errors import FormatError
from signing_service.verify.limits import MAX_CMS_BYTES


def read_contents(digits: bytes, field: str) -> bytes:
    """Decode the digits between ``<`` and ``>``, padding included; ``field`` is named in the error."""
    if len(digits) % 2 or not 0 < len(digits) // 2 <= MAX_CMS_BYTES:
        raise FormatError(f"/Contents of the field {field!r} is empty or too large")
    return bytes.fromhex(digits.decode("ascii"))


def strip_padding(padded: bytes) -> bytes:
    """Take the zero padding off a container; raises FormatError unless it is one DER SEQUENCE, then zeroes."""
    if len(padded) < 4 or padded[0] != 0x30:
        raise FormatError("/Contents does not hold a DER SEQUENCE")
    length, header = padded[1], 2
    if length >= 0x80:
        size = length & 0x7F
        length, header = int.from_bytes(padded[2 : 2 + size], "big"), 2 + size
        if not 1 <= size <= 4 or length < 0x80 or padded[2] == 0:
            raise FormatError("/Contents does not begin with a DER length")
    end = header + length
    if end > len(padded) or padded.count(0, end) != len(padded) - end:
        raise FormatError("/Contents is not padded with zeroes only")
    return padded[:end]
