"""The words of a delta's grammar (docs/formats.md 4) that are values: texts, times, references, streams.

Each reader takes the bytes as they stand in the file and raises FormatError on any other spelling.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from signing_service.encoding import parse_digits
from signing_service.errors import FormatError
from signing_service.verify.base import Field
from signing_service.verify.limits import MAX_CMS_BYTES, inflate
from signing_service.verify.objects import text_string

_CERTIFICATION = (
    b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
    b"<< /Type /TransformParams /P 2 /V /1.2 >> >>]"
)
_DSS_STREAM = re.compile(rb"<< /Filter /FlateDecode /Length (?P<length>[0-9]+) >>\n")
_FIELD_APPEARANCE = re.compile(rb"<< /AP << /N [1-9][0-9]* 0 R >> ")


def read_references(text: bytes) -> list[int]:
    """The object numbers of a list of references; nothing else may stand in it."""
    numbers = [int(part) for part in re.findall(rb"([1-9][0-9]{0,9}) 0 R", text)]
    if b" ".join(b"%d 0 R" % number for number in numbers) != text:
        raise FormatError("the DSS holds something other than references")
    return numbers


def dss_stream(body: bytes, number: int) -> bytes:
    """The DER in a stream of the DSS."""
    match = _DSS_STREAM.match(body)
    if match is None:
        raise FormatError(f"DSS stream {number} is not of the agreed form")
    return inflate(stream_data(body, match.end(), int(match["length"]), f"DSS stream {number}"), MAX_CMS_BYTES)


def stream_data(body: bytes, position: int, length: int, what: str) -> bytes:
    """A stream's raw bytes, from the keyword at ``position`` to the end of its object."""
    data = body[position + len(b"stream\n") : position + len(b"stream\n") + length]
    if body[position:] != b"stream\n" + data + b"\nendstream" or len(data) != length:
        raise FormatError(f"{what} has another length than it says")
    return data


def match_dictionary(shape: re.Pattern[bytes], body: bytes, kind: str, field: str) -> re.Match[bytes]:
    """A signature dictionary of the agreed form; the seal's certifies, no other does."""
    match = shape.fullmatch(body)
    certification = (match["reference"] or b"") if match and "reference" in shape.groupindex else b""
    if match is None or certification != (_CERTIFICATION if kind == "seal" else b""):
        raise FormatError(f"signature dictionary of the field {field!r} is not of the agreed form")
    return match


def read_moment(text: bytes) -> datetime:
    """A time of ``/M``: fourteen digits, UTC."""
    try:
        return parse_digits(text)
    except FormatError as error:
        raise FormatError("/M is not a time that exists") from error


def hex_text(digits: Any) -> str:
    """A text string: UTF-16 with its mark, in hexadecimal."""
    try:
        value = bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        raise FormatError("text of a signature dictionary is not hexadecimal") from error
    if not value.startswith(b"\xfe\xff"):
        raise FormatError("text of a signature dictionary is not UTF-16 with its mark")
    return text_string(value)


def expect_filled(body: bytes, field: Field, dictionary: int, appearance: int | None) -> None:
    """The field must be the base's, with ``/V`` (and an appearance) put in and nothing else."""
    expected = field.body[: -len(b" >>")] + b" /V %d 0 R >>" % dictionary
    if appearance is not None:
        expected = _FIELD_APPEARANCE.sub(b"<< /AP << /N %d 0 R >> " % appearance, expected, count=1)
    if body != expected:
        raise FormatError(f"field {field.name!r} is changed beyond its value and appearance")
