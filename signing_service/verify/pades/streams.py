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
from signing_service.verify.limits import MAX_STREAM_BYTES
from signing_service.verify.pades.old_filters import unpack_lzw, unpack_runs


def decode_stream(dictionary: Mapping[str, Any], raw: bytes) -> bytes:
    """Apply the stream's filters; raises FormatError on others than those above, LimitError on bombs."""
    filters, parameters = _as_list(dictionary.get("Filter")), _as_list(dictionary.get("DecodeParms"))
    parameters += [None] * (len(filters) - len(parameters))
    if len(filters) > 4:
        raise LimitError("a stream has more than four filters")
    data = raw
    for name, options in zip(filters, parameters, strict=False):
        if name in ("FlateDecode", "Fl"):
            data = _unpredict(_inflate(data), options if isinstance(options, dict) else {})
        elif name in ("ASCIIHexDecode", "AHx"):
            data = _hexadecimal(data)
        elif name in ("ASCII85Decode", "A85"):
            data = _ascii85(data)
        elif name in ("LZWDecode", "LZW"):
            chosen = options if isinstance(options, dict) else {}
            data = _unpredict(unpack_lzw(data, early=chosen.get("EarlyChange", 1) != 0), chosen)
        elif name in ("RunLengthDecode", "RL"):
            data = unpack_runs(data)
        else:
            raise FormatError(f"a stream that structure needs has the filter {name!r}")
    return data


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _inflate(data: bytes) -> bytes:
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


def _unpredict(data: bytes, options: Mapping[str, Any]) -> bytes:
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
        line = bytearray(data[start + 1 : start + 1 + row])
        _unfilter(data[start], line, previous, width)
        out += line
        previous = line
    return bytes(out)


_PREDICTOR_DEFAULTS = (("Colors", 1), ("BitsPerComponent", 8), ("Columns", 1))


def _unfilter(kind: int, line: bytearray, above: bytearray, width: int) -> None:
    """Undo a PNG filter in place (RFC 2083 clause 6)."""
    for index in range(len(line)):
        left = line[index - width] if index >= width else 0
        corner = above[index - width] if index >= width else 0
        if kind == 1:
            line[index] = (line[index] + left) & 0xFF
        elif kind == 2:
            line[index] = (line[index] + above[index]) & 0xFF
        elif kind == 3:
            line[index] = (line[index] + (left + above[index]) // 2) & 0xFF
        elif kind == 4:
            line[index] = (line[index] + _paeth(left, above[index], corner)) & 0xFF
        elif kind != 0:
            raise FormatError("a PNG predictor has an unknown row filter")


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    nearest = min((abs(estimate - left), 0), (abs(estimate - above), 1), (abs(estimate - corner), 2))
    return (left, above, corner)[nearest[1]]
