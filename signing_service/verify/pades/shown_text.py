r"""The text that a form field's appearance shows, read by its fonts; None where it cannot be read.

    shown_text(snapshot, field["AP"]["N"])

Codes become characters by a font's ``/ToUnicode`` map where it has one, else, in a font of single bytes, by its
encoding. A composite font without a map, or an encoding with differences, cannot be read. Pictures, curves, shadings,
fonts that draw (Type 3), text that is not to be seen (see :mod:`.painting`) and more lines than borders and combs need
show something that is no text, or another one: they give a character that no value has.

Clauses: ISO 32000-2 9.4.3 (showing text), 9.6.5 (encodings), 9.10.2 and 9.10.3 (ToUnicode), 12.7.4.3 (variable text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.objects import Name, Ref, Stream
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.painting import Area, painted_text
from signing_service.verify.pades.plane import Box

PICTURE = "\ufffc"  # object replacement character: equal to no value
_DRAWING = re.compile(rb"(?:^|[\x00\t\n\x0c\r \])>])(?:Do|BI|sh|c|v|y)(?:$|[\x00\t\n\x0c\r (\[</])")  # annex A
_UNSEEN = re.compile(rb"(?:^|[\x00\t\n\x0c\r \])>])[37][\x00\t\n\x0c\r ]+Tr(?:$|[\x00\t\n\x0c\r (\[<])")  # table 104
_LINE = re.compile(rb"[\x00\t\n\x0c\r ](?:l|re)(?=$|[\x00\t\n\x0c\r ])")
_BORDER_LINES = 16  # lines and rectangles: two bevels of six corners, background, clipping
_SHOWING = re.compile(rb"(?:^|[\x00\t\n\x0c\r \])>])(?:T[jJ]|['\"])(?:$|[\x00\t\n\x0c\r ])")
_AS_DEVICE = {"ICCBased", "CalGray", "CalRGB"}
_VEILING = {"ca", "CA", "SMask", "BM", "Font", "TR", "TR2", "HT", "LW"}  # table 57: they hide, or set what is read here
_MAX_CONTENT = 1024 * 1024  # bytes of one appearance
_MAX_CODES = 65_536  # in one map
_ENCODINGS = {"WinAnsiEncoding": "cp1252", "MacRomanEncoding": "mac_roman", "StandardEncoding": "cp1252"}

_CODE = rb"<([0-9A-Fa-f\x00\t\n\x0c\r ]{1,64})>"
_SPACE = rb"[\x00\t\n\x0c\r ]*"
_BLOCK = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_PAIR = re.compile(_CODE + _SPACE + _CODE)
_RANGE = re.compile(_CODE + _SPACE + _CODE + _SPACE + rb"(?:" + _CODE + rb"|\[([^\]]*)\])")

Codes = Mapping[bytes, str]


def shown_text(snapshot: Snapshot, reference: Any, cells: int = 0, rectangle: Any = None) -> str | None:
    """All text of an appearance stream; ``cells``: of a comb, which lines part; ``rectangle``: its widget's."""
    located = snapshot.located(reference.number) if isinstance(reference, Ref) else None
    if located is None or not isinstance(located.value, Stream):
        return None
    held = located.value.dictionary
    resources = snapshot.dictionary(held.get("Resources"))
    try:
        data = snapshot.document.stream_data(located)
        if len(data) > _MAX_CONTENT:
            return None
        if len(_LINE.findall(data)) > _BORDER_LINES + 2 * cells or "OC" in held:
            return PICTURE
        area = _area(_box(snapshot, held.get("BBox")), _box(snapshot, rectangle), snapshot, resources)
        return _text(snapshot, data, snapshot.dictionary(resources.get("Font")), area)
    except FormatError:
        return None


def _box(snapshot: Snapshot, value: Any) -> Box | None:
    numbers = [snapshot.resolve(item) for item in snapshot.array(value)]
    if len(numbers) != 4 or not all(isinstance(item, int | float) for item in numbers):
        return None
    (left, right), (bottom, top) = sorted(numbers[::2]), sorted(numbers[1::2])
    return (left, bottom, right, top) if left < right and bottom < top else None


def _area(box: Box | None, rectangle: Box | None, snapshot: Snapshot, resources: dict[str, Any]) -> Area | None:
    """The box of an appearance is fitted to its widget's (12.5.5); one without room shows nothing."""
    if box is None:
        return None
    across, up = box[2] - box[0], box[3] - box[1]
    spaces = {name: snapshot.array(value) for name, value in snapshot.dictionary(resources.get("ColorSpace")).items()}
    states = {
        name: snapshot.dictionary(value) for name, value in snapshot.dictionary(resources.get("ExtGState")).items()
    }
    plain = frozenset(name for name, space in spaces.items() if snapshot.resolve((space or [0])[0]) in _AS_DEVICE)
    clear = frozenset(name for name, state in states.items() if not state.keys() & _VEILING)
    if rectangle is None:
        return Area(box, (1.0, 1.0), plain, clear)
    wide, high = rectangle[2] - rectangle[0], rectangle[3] - rectangle[1]
    # A turned appearance (/Matrix) has its box on its side.
    scales = max((min(wide / across, high / up), wide / across, high / up), (min(wide / up, high / across),) * 3)
    return Area(box, (scales[0], max(scales[1:])), plain, clear)


def _text(snapshot: Snapshot, data: bytes, fonts: dict[str, Any], area: Area | None) -> str | None:
    """Strings in the order of showing, each by its font."""
    if _DRAWING.search(data) or _UNSEEN.search(data):
        return PICTURE
    if area is None:
        return PICTURE if _SHOWING.search(data) else ""
    snapshot.document.spend(len(data) // 2)
    shown = painted_text(data, area)
    if shown is None:
        return PICTURE
    readers: dict[bytes, _Reader] = {}
    out: list[str | None] = []
    for name, string in shown:
        if name not in readers:
            font = fonts.get(name.decode("latin-1"))
            if snapshot.resolve(snapshot.dictionary(font).get("Subtype")) == "Type3":
                return PICTURE
            readers[name] = _reader(snapshot, font)
        out.append(readers[name].read(string))
    return None if None in out else "".join(item or "" for item in out)


class _Reader:
    """How the codes of one font become characters."""

    def __init__(self, width: int, encoding: str | None, codes: Codes | None) -> None:
        """``width``: bytes of a code."""
        self._width, self._encoding, self._codes = width, encoding, codes

    def read(self, string: bytes) -> str | None:
        """A string's characters; None where one of them is not known."""
        if self._codes is None:
            return string.decode(self._encoding, "replace") if self._encoding is not None else None
        parts = [string[at : at + self._width] for at in range(0, len(string), self._width)]
        known = [self._codes.get(part) for part in parts]
        return None if None in known else "".join(item or "" for item in known)


def _reader(snapshot: Snapshot, reference: Any) -> _Reader:
    font = snapshot.dictionary(reference)
    composite = snapshot.resolve(font.get("Subtype")) == "Type0"
    width = 2 if composite else 1
    mapping = font.get("ToUnicode")
    if isinstance(mapping, Ref) and isinstance(snapshot.resolve(mapping), Stream):
        return _Reader(width, None, _codes(snapshot.document.stream_data(snapshot.located(mapping.number)), width))
    encoding = snapshot.resolve(font.get("Encoding", Name("StandardEncoding")))
    if isinstance(encoding, dict) and "Differences" not in encoding:
        encoding = snapshot.resolve(encoding.get("BaseEncoding", Name("StandardEncoding")))
    known = _ENCODINGS.get(encoding) if isinstance(encoding, Name) and not composite else None
    return _Reader(width, known, None)


def _codes(data: bytes, width: int) -> Codes:
    """A ToUnicode map: ``beginbfchar`` and ``beginbfrange`` blocks (9.10.3); raises FormatError."""
    codes: dict[bytes, str] = {}
    for kind, block in _BLOCK.findall(data[:_MAX_CONTENT]):
        if kind == b"char":
            codes |= {_octets(code): _utf16(_octets(text)) for code, text in _PAIR.findall(block)}
            continue
        for low, high, first, listed in _RANGE.findall(block):
            start, stop = int.from_bytes(_octets(low), "big"), int.from_bytes(_octets(high), "big")
            if not start <= stop < 256**width or len(codes) > _MAX_CODES:
                raise FormatError("a font's map has codes that it cannot have, or too many")
            texts = [_octets(item) for item in re.findall(_CODE, listed)] if not first else _counted(_octets(first))
            for code, text in zip(range(start, stop + 1), texts, strict=False):
                codes[code.to_bytes(width, "big")] = _utf16(text)
    return codes


def _counted(first: bytes) -> Any:
    """The first text of a range and those after it: its last code unit counts."""
    start = int.from_bytes(first[-2:], "big")
    return (first[:-2] + (number & 0xFFFF).to_bytes(2, "big") for number in range(start, start + _MAX_CODES))


def _octets(digits: bytes) -> bytes:
    plain = digits.translate(None, b"\x00\t\n\x0c\r ").decode("ascii")
    return bytes.fromhex(plain + "0" * (len(plain) % 2))


def _utf16(data: bytes) -> str:
    return data.decode("utf-16-be", "replace")
