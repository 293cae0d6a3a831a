"""Filters that old writers used and hardly anybody does any more: LZW and run lengths.

    unpack_lzw(data, early=True), unpack_runs(data)

Clauses: ISO 32000-2 7.4.4.2 (LZW), 7.4.5 (RunLength). Limits are those of :mod:`signing_service.verify.limits`.
"""

from __future__ import annotations

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_STREAM_BYTES

_CLEAR, _END, _FIRST = 256, 257, 258
_NARROW, _WIDE = 9, 12  # bits of a code


def unpack_lzw(data: bytes, *, early: bool = True) -> bytes:
    """Decode LZW; ``early``: codes grow one entry before they must (``/EarlyChange`` 1). Raises FormatError."""
    table = [bytes((value,)) for value in range(256)] + [b"", b""]
    out: list[bytes] = []
    length = 0
    bits = held = 0
    width, previous = _NARROW, b""
    for octet in data:
        held, bits = (held << 8 | octet) & 0xFFFFFF, bits + 8
        if bits < width:
            continue
        bits -= width
        code = held >> bits & ((1 << width) - 1)
        if code == _END:
            return b"".join(out)
        if code == _CLEAR:
            del table[_FIRST:]
            width, previous = _NARROW, b""
            continue
        entry = _entry(table, code, previous)
        out.append(entry)
        length += len(entry)
        if length > MAX_STREAM_BYTES:
            raise LimitError(f"stream decompresses to more than {MAX_STREAM_BYTES} bytes")
        if previous and len(table) < 1 << _WIDE:
            table.append(previous + entry[:1])
        previous = entry
        width = min(_WIDE, max(_NARROW, (len(table) + early).bit_length()))
    raise FormatError("an LZW stream has no end")


def _entry(table: list[bytes], code: int, previous: bytes) -> bytes:
    if code < len(table) and code != _CLEAR:
        return table[code]
    if code == len(table) and previous:
        return previous + previous[:1]
    raise FormatError("an LZW stream is broken")


def unpack_runs(data: bytes) -> bytes:
    """Decode run lengths; raises FormatError without an end."""
    out, position = bytearray(), 0
    while position < len(data):
        length = data[position]
        if length == 128:
            return bytes(out)
        if length < 128:
            out += data[position + 1 : position + 2 + length]
            position += 2 + length
        else:
            out += data[position + 1 : position + 2] * (257 - length)
            position += 2
        if len(out) > MAX_STREAM_BYTES:
            raise LimitError(f"stream decompresses to more than {MAX_STREAM_BYTES} bytes")
    raise FormatError("a stream of run lengths has no end")
