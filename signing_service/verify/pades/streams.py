"""Decoding the streams that structure needs: Flate and LZW with PNG predictors, run lengths, ASCII forms, no more.

Page contents, fonts and images are never decoded. Limits are those of :mod:`signing_service.verify.limits`.

Clauses: ISO 32000-2 7.4.2 (ASCIIHex), 7.4.3 (ASCII85), 7.4.4 (Flate, LZW, predictors), 7.4.5 (RunLength).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_DECODING, MAX_STREAM_BYTES
from signing_service.verify.pades.old_filters import unpack_lzw, unpack_runs


class Effort:
    """What may still be spent on undoing filters in one document: a small file can unfold to much.

    The unit is one step for one byte, well under a microsecond.
    """

    def __init__(self, left: int = MAX_DECODING) -> None:
        self._left = left

    def spend(self, steps: int) -> None:
        """Take so much; raises LimitError where less is left."""
        self._left -= steps
        if self._left < 0:
            raise LimitError("the document's streams take too much to decode")


def decode_stream(dictionary: Mapping[str, Any], raw: bytes, effort: Effort) -> bytes:
    """Apply the stream's filters; raises FormatError on others than those above, LimitError on bombs."""
    filters, parameters = _as_list(dictionary.get("Filter")), _as_list(dictionary.get("DecodeParms"))
    parameters += [None] * (len(filters) - len(parameters))
    if len(filters) > 4:
        raise LimitError("a stream has more than four filters")
    data = raw
    for name, options in zip(filters, parameters, strict=False):
        if name in ("FlateDecode", "Fl"):
            data = _unpredict(_inflate(data, effort), options if isinstance(options, dict) else {}, effort)
        elif name in ("ASCIIHexDecode", "AHx"):
            data = _hexadecimal(data)
        elif name in ("ASCII85Decode", "A85"):
            effort.spend(len(data))
            data = _ascii85(data)
        elif name in ("LZWDecode", "LZW"):
            chosen = options if isinstance(options, dict) else {}
            effort.spend(len(data))
            data = _unpredict(unpack_lzw(data, early=chosen.get("EarlyChange", 1) != 0), chosen, effort)
        elif name in ("RunLengthDecode", "RL"):
            effort.spend(len(data))
            data = unpack_runs(data)
        else:
            raise FormatError(f"a stream that structure needs has the filter {name!r}")
    return data


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _inflate(data: bytes, effort: Effort) -> bytes:
    """Decompress; writers often add an end of line, so bytes after the end are passed over."""
    machine = zlib.decompressobj()
    try:
        result = machine.decompress(data, MAX_STREAM_BYTES + 1)
    except zlib.error as error:
        raise FormatError(f"compressed stream is damaged: {error}") from error
    if len(result) > MAX_STREAM_BYTES:
        raise LimitError(f"stream decompresses to more than {MAX_STREAM_BYTES} bytes")
    if not machine.eof:
        raise FormatError("compressed stream is incomplete")
    effort.spend(len(result) // 128)
    return result


def _hexadecimal(data: bytes) -> bytes:
    digits = data.split(b">")[0].translate(None, b"\x00\t\n\x0c\r ")
    try:
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    except ValueError as error:
        raise FormatError("ASCII hexadecimal stream is broken") from error


def _ascii85(data: bytes) -> bytes:
    text = data.split(b"~>")[0].translate(None, b"\x00\t\n\x0c\r ")
    try:
        return base64.a85decode(text)
    except ValueError as error:
        raise FormatError("ASCII 85 stream is broken") from error


def _unpredict(data: bytes, options: Mapping[str, Any], effort: Effort) -> bytes:
    predictor = options.get("Predictor", 1)
    if predictor == 1:
        return data
    colours, bits, columns = (options.get(name, default) for name, default in _PREDICTOR_DEFAULTS)
    if predictor not in range(10, 16) or not all(
        isinstance(value, int) and 0 < value <= 65536 for value in (colours, bits, columns)
    ):
        raise FormatError("a stream that structure needs has an unknown predictor")
    width = max(1, colours * bits // 8)
    row = (colours * bits * columns + 7) // 8
    out = bytearray()
    previous = bytearray(row)
    for start in range(0, len(data) - row, row + 1):
        line, kind = bytearray(data[start + 1 : start + 1 + row]), data[start]
        effort.spend(2 + (0 if kind == 0 else row // 8 if kind == _UP else 2 * row))
        if kind == _UP:
            line = _sum(line, previous)
        elif kind:
            _unfilter(kind, line, previous, width)
        out += line
        previous = line
    return bytes(out)


_UP = 2  # of PNG's row filters the one that cross-reference streams have
_PREDICTOR_DEFAULTS = (("Colors", 1), ("BitsPerComponent", 8), ("Columns", 1))


def _sum(line: bytearray, above: bytearray) -> bytearray:
    """Add octet by octet, each modulo 256, all at once: the low seven bits carry nothing beyond the eighth."""
    size = len(line)
    one, other = int.from_bytes(line), int.from_bytes(above)
    low = int.from_bytes(b"\x7f" * size)
    return bytearray((((one & low) + (other & low)) ^ ((one ^ other) & ~low)).to_bytes(size))


def _unfilter(kind: int, line: bytearray, above: bytearray, width: int) -> None:
    """Undo a PNG filter in place (RFC 2083 clause 6)."""
    for index in range(len(line)):
        left = line[index - width] if index >= width else 0
        corner = above[index - width] if index >= width else 0
        if kind == 1:
            line[index] = (line[index] + left) & 0xFF
        elif kind == 3:
            line[index] = (line[index] + (left + above[index]) // 2) & 0xFF
        elif kind == 4:
            line[index] = (line[index] + _paeth(left, above[index], corner)) & 0xFF
        else:
            raise FormatError("a PNG predictor has an unknown row filter")


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    nearest = min((abs(estimate - left), 0), (abs(estimate - above), 1), (abs(estimate - corner), 2))
    return (left, above, corner)[nearest[1]]
