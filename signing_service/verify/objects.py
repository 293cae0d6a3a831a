r"""A small strict reader of PDF objects (ISO 32000-2 clause 7.2 and 7.3) from bytes.

Example::

    >>> parse_object(b"<< /Type /Sig /ByteRange [0 10 20 30] >>", 0)
    ({'Type': '/Sig'…, 'ByteRange': [0, 10, 20, 30]}, 40)

Python values: ``None``, ``bool``, ``int``, ``float``, ``bytes`` (strings), :class:`Name`, :class:`Ref`,
``list``, ``dict`` (keys without the slash) and :class:`Stream`. A dictionary with two equal keys is an
error: readers disagree on which one counts, and attacks live on that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_OBJECT_DEPTH

_SPACE = rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+"  # possessive: no backtracking on hostile padding
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_TOKEN = re.compile(
    _SPACE
    + rb"(?:(?P<ref>(?P<number>\d{1,10})[\x00\t\n\x0c\r ]++(?P<generation>\d{1,5})[\x00\t\n\x0c\r ]++R(?!"
    + _REGULAR
    + rb"))|(?P<name>/"
    + _REGULAR
    + rb"*)|(?P<integer>[+-]?\d{1,19}(?![.\d]))|(?P<real>[+-]?(?:\d{1,40}\.\d{0,40}|\.\d{1,40}))"
    rb"|(?P<open><<)|(?P<close>>>)|(?P<list>\[)|(?P<endlist>\])|(?P<hex><[0-9A-Fa-f\x00\t\n\x0c\r ]*>)"
    rb"|(?P<literal>\()|(?P<word>[A-Za-z]{1,12}))"
)
_SPACES = re.compile(_SPACE)
_STREAM = re.compile(_SPACE + rb"stream(?:\r\n|\n)")
_LITERAL = re.compile(rb"[()\\]")
_OCTAL = re.compile(rb"[0-7]{1,3}")
_WHITE = b"\x00\t\n\x0c\r "
_WORDS: dict[bytes, Any] = {b"true": True, b"false": False, b"null": None}
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Name(str):
    """A PDF name without its slash, ``#xx`` resolved, as Latin-1 text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"/{self}"


class Ref(NamedTuple):
    """An indirect reference."""

    number: int
    generation: int

    def __str__(self) -> str:
        return f"{self.number} {self.generation} R"


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's dictionary and the offset of its first raw byte; its length is for the caller to resolve."""

    dictionary: dict[str, Any]
    start: int


def skip_space(data: bytes, position: int) -> int:
    """Give the offset after white space and comments."""
    match = _SPACES.match(data, position)
    return match.end() if match else position


def parse_object(data: bytes, position: int, depth: int = 0, flaws: list[str] | None = None) -> tuple[Any, int]:
    """Parse one object (not a stream) at ``position``; give it and the offset after it.

    Raises FormatError on anything that is not an object, LimitError beyond MAX_OBJECT_DEPTH. If ``flaws`` is given,
    a repeated key (the first one counts) and a broken escape in a name (it stands for itself) are added to it instead.
    """
    match = _TOKEN.match(data, position)
    if match is None:
        raise FormatError(f"no PDF object at offset {position}")
    return _object(data, match, depth, flaws)


def _object(data: bytes, match: re.Match[bytes], depth: int, flaws: list[str] | None) -> tuple[Any, int]:
    """The object that begins with a token."""
    kind = match.lastgroup
    if kind == "ref":
        return Ref(int(match["number"]), int(match["generation"])), match.end()
    if kind == "name":
        return parse_name(match["name"], flaws), match.end()
    if kind == "integer":
        return int(match["integer"]), match.end()
    if kind == "real":
        return float(match["real"]), match.end()
    if kind == "hex":
        return _hex_string(match["hex"]), match.end()
    if kind == "literal":
        return _literal_string(data, match.end())
    if kind == "word" and match["word"] in _WORDS:
        return _WORDS[match["word"]], match.end()
    if kind in ("open", "list"):
        if depth >= MAX_OBJECT_DEPTH:
            raise LimitError(f"PDF objects are nested more than {MAX_OBJECT_DEPTH} levels deep")
        read = _dictionary if kind == "open" else _array
        return read(data, match.end(), depth + 1, flaws)
    raise FormatError(f"no PDF object at offset {match.start()}")


def parse_indirect(data: bytes, position: int, flaws: list[str] | None = None) -> tuple[Any, int]:
    """Parse an object or a stream's head (dictionary and keyword); a stream is given as :class:`Stream`."""
    value, end = parse_object(data, position, 0, flaws)
    if isinstance(value, dict):
        match = _STREAM.match(data, end)
        if match:
            return Stream(value, match.end()), match.end()
    return value, end


def parse_name(token: bytes, flaws: list[str] | None = None) -> Name:
    """Decode a name token that begins with a slash; raises FormatError, or notes, a broken ``#`` escape."""
    text = token[1:]
    if b"#" in text:
        parts = text.split(b"#")
        out = [parts[0]]
        for part in parts[1:]:
            try:
                out.append(bytes.fromhex(part[:2].decode("ascii")) + part[2:])
            except ValueError as error:
                if flaws is None:
                    raise FormatError(f"name {token!r} has a broken # escape") from error
                flaws.append(f"name {token!r} has a broken # escape")
                out.append(b"#" + part)
        text = b"".join(out)
    return Name(text.decode("latin-1"))


def _dictionary(data: bytes, position: int, depth: int, flaws: list[str] | None) -> tuple[dict[str, Any], int]:
    result: dict[str, Any] = {}
    next_token = _TOKEN.match
    while True:
        match = next_token(data, position)
        if match is None:
            raise FormatError(f"dictionary is broken at offset {position}")
        kind = match.lastgroup
        if kind == "close":
            return result, match.end()
        if kind != "name":
            raise FormatError(f"dictionary key at offset {position} is not a name")
        token = match["name"]
        key = token[1:].decode("latin-1") if b"#" not in token else str(parse_name(token, flaws))
        found = next_token(data, match.end())
        if found is None:
            raise FormatError(f"the key /{key} at offset {position} has no value")
        if key in result:
            repeated = f"dictionary has two keys /{key} at offset {position}"
            if flaws is None:
                raise FormatError(repeated)
            flaws.append(repeated)
        value, position = _object(data, found, depth, flaws)
        result.setdefault(key, value)


def _array(data: bytes, position: int, depth: int, flaws: list[str] | None) -> tuple[list[Any], int]:
    result: list[Any] = []
    next_token = _TOKEN.match
    while True:
        match = next_token(data, position)
        if match is None:
            raise FormatError(f"array is broken at offset {position}")
        kind = match.lastgroup
        if kind == "integer":  # most arrays are of numbers
            result.append(int(match["integer"]))
            position = match.end()
        elif kind == "endlist":
            return result, match.end()
        else:
            value, position = _object(data, match, depth, flaws)
            result.append(value)


def _hex_string(token: bytes) -> bytes:
    digits = token[1:-1].translate(None, _WHITE)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _literal_string(data: bytes, position: int) -> tuple[bytes, int]:
    out: list[bytes] = []
    nesting = 1
    while True:
        match = _LITERAL.search(data, position)
        if match is None:
            raise FormatError("string has no end")
        out.append(data[position : match.start()])
        position = match.end()
        sign = match.group()
        if sign == b"\\":
            piece, position = _escape(data, position)
            out.append(piece)
            continue
        nesting += 1 if sign == b"(" else -1
        if nesting == 0:
            return b"".join(out), position
        out.append(sign)


def _escape(data: bytes, position: int) -> tuple[bytes, int]:
    octal = _OCTAL.match(data, position)
    if octal:
        return bytes([int(octal.group(), 8) & 0xFF]), octal.end()
    letter = data[position : position + 1]
    if letter == b"\r":
        return b"", position + (2 if data[position + 1 : position + 2] == b"\n" else 1)
    if letter == b"\n":
        return b"", position + 1
    return _ESCAPES.get(letter, letter), position + 1


def text_string(value: bytes) -> str:
    """Decode a text string: UTF-16BE or UTF-8 with their marks, else PDFDocEncoding read as Latin-1.

    Raises FormatError on broken UTF (ISO 32000-2 clause 7.9.2.2).
    """
    try:
        if value.startswith(b"\xfe\xff"):
            return value[2:].decode("utf-16-be")
        if value.startswith(b"\xef\xbb\xbf"):
            return value[3:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("text string is not valid Unicode") from error
    return value.decode("latin-1")
