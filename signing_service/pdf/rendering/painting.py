"""Painting lines of glyphs: content stream operators, and the books of which glyph of which face stands for what.

Character codes are given out in order of use, one for each pair of glyph and text. So a glyph that prints two
characters (Latin A and Cyrillic А) has two codes, and copying gives each back.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from signing_service.pdf.inscription import hexadecimal, number
from signing_service.pdf.rendering.embedding import Program, font_by_character, font_by_glyph, nominal_glyphs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pikepdf

    from signing_service.pdf.faces import Face, Glyph
    from signing_service.pdf.rendering.lines import Line
    from signing_service.pdf.rendering.segments import Piece
    from signing_service.pdf.rendering.styles import Colour


Item: TypeAlias = "Piece | float"  # a piece, or a distance to move on

LEAST_KERN = 5  # 1/1000 of the size; smaller movements wait until they add up


class FontBook:
    """The faces used in one document and the codes of their glyphs."""

    def __init__(self) -> None:
        self._codes: dict[Face, dict[tuple[int, str], int]] = {}

    def code(self, face: Face, glyph: int, text: str) -> int:
        """The two-byte code of a glyph that stands for a text; code 0 is .notdef."""
        codes = self._codes.setdefault(face, {})
        return codes.setdefault((glyph, text), len(codes) + 1)

    def embed(
        self, pdf: pikepdf.Pdf, shared: Face, characters: frozenset[str]
    ) -> tuple[dict[str, pikepdf.Object], pikepdf.Object]:
        """Embed every face used, and ``shared`` for these characters too.

        Gives the entries of the pages' /Font resources, and a font whose codes are the characters.
        """
        self._codes.setdefault(shared, {})
        fonts: dict[str, pikepdf.Object] = {}
        for face, codes in sorted(self._codes.items(), key=lambda item: item[0].name):
            more = nominal_glyphs(face, characters).values() if face is shared else ()
            program = Program.embed(pdf, face, {glyph for glyph, _ in codes} | {*more})
            if codes:
                fonts[f"/{face.name}"] = font_by_glyph(pdf, program, codes)
            if face is shared:
                by_character = font_by_character(pdf, program, characters)
        return fonts, by_character


class Painter:
    """Writes one line's text object."""

    def __init__(self, book: FontBook) -> None:
        self._book = book

    def line(self, line: Line, left: float, baseline: float) -> list[tuple[str | None, str]]:
        """Target and operators of each stretch of a broken line; trimmed marks hang out of the measure.

        Where the paragraph goes on, a line ends in its written space, so that words do not run together.
        """
        items: list[Item] = []
        last = len(line.segments) - 1
        start = left - (line.segments[0].trim_start if line.segments else 0.0)
        for index, segment in enumerate(line.segments):
            items += segment.pieces
            if index == last:
                items += [one for one in (segment.hyphen, segment.space) if one is not None]
                break
            change = line.change(segment)
            if segment.space is not None:
                items += [segment.space, change]
            elif segment.gap or change:
                items.append(segment.gap + change)
        found: list[tuple[str | None, str]] = []
        for target, stretch in _by_target(items):
            found.append((target, self._write(stretch, start, baseline)))
            start += sum(item if isinstance(item, float) else item.width for item in stretch)
        return found

    def pieces(self, pieces: Sequence[Piece], left: float, baseline: float) -> str:
        """Operators for shaped pieces one after another."""
        return self._write(list(pieces), left, baseline)

    def _write(self, items: Sequence[Item], left: float, baseline: float) -> str:
        writer = _TextWriter(self._book)
        ends = _told_ends(items)
        for index, item in enumerate(items):
            if isinstance(item, float):
                writer.shift(item)
                continue
            told = ends.get(index)
            if told is not None:
                pieces = [one for one in items[index : told + 1] if not isinstance(one, float)]
                writer.tell("".join(one.text for one in pieces))
            writer.piece(item, last=index in ends.values())
            if index in ends.values():
                writer.told()
        return writer.finish(left, baseline)


def _by_target(items: Sequence[Item]) -> list[tuple[str | None, list[Item]]]:
    """Cut before the first and after the last piece of each reference; the spaces in it stay in it."""
    targets: list[str | None] = [None] * len(items)
    last = 0
    for index, item in enumerate(items):
        if isinstance(item, float) or item.text == " ":
            continue
        targets[index] = item.target
        if item.target and item.target == targets[last]:
            targets[last + 1 : index] = [item.target] * (index - last - 1)
        last = index
    pairs = groupby(zip(targets, items, strict=True), key=itemgetter(0))
    return [(target, [item for _, item in stretch]) for target, stretch in pairs]


def _told_ends(items: Sequence[Item]) -> dict[int, int]:
    """First and last item of each stretch of composed pieces, the spaces among and after them included.

    Copying programs measure the gap between stretches; so a stretch runs to a written space or to other letters.
    """
    ends: dict[int, int] = {}
    start: int | None = None
    for index, item in enumerate(items):
        if isinstance(item, float):
            continue
        if item.composed:
            start = index if start is None else start
            ends[start] = index
        elif item.text == " " and start is not None:
            ends[start] = index
        else:
            start = None
    return ends


def _ordered(glyphs: Sequence[Glyph]) -> list[tuple[Glyph, int]]:
    """The glyphs with the marks at the end before the letter that they belong to; how far ahead each then stands."""
    body = len(glyphs)
    while body and not glyphs[body - 1].advance:
        body -= 1
    if body < 2:  # the first glyph stays first: its place is measured too
        return [(glyph, 0) for glyph in glyphs]
    letter = glyphs[body - 1]
    marks = [(mark, letter.advance) for mark in glyphs[body:]]
    return [*((glyph, 0) for glyph in glyphs[: body - 1]), *marks, (letter, 0)]


class _TextWriter:
    """Collects the operators between BT and ET (ISO 32000-1 9.4)."""

    def __init__(self, book: FontBook) -> None:
        self._book = book
        self._operators: list[str] = []
        self._array: list[str] = []
        self._hex: list[str] = []
        self._owed = 0.0
        self._font: tuple[str, float] | None = None
        self._colour: Colour | None = None

    def tell(self, text: str) -> None:
        """Begin a stretch whose true text is told, because its glyphs do not tell it (ISO 32000-1 14.9.4)."""
        self._flush()
        self._operators.append(f"/Span << /ActualText <feff{hexadecimal(text)}> >> BDC")

    def told(self) -> None:
        """End the stretch."""
        self._flush()
        self._operators.append("EMC")

    def piece(self, piece: Piece, *, last: bool = False) -> None:
        """Show a piece; the ``last`` of a stretch ends in a glyph that moves on, so that its end is found right."""
        self._select(piece)
        unit = 1000 / piece.size
        for glyph, early in _ordered(piece.glyphs) if last and piece.composed else ((one, 0) for one in piece.glyphs):
            if glyph.y_offset:
                self._flush()
                self._operators.append(f"{number(glyph.y_offset / unit)} Ts")
            offset = glyph.x_offset + early
            if offset:
                self._adjust(-offset)
            self._hex.append(f"{self._book.code(piece.face, glyph.number, glyph.text):04x}")
            self._owed += piece.face.advance(glyph.number) - glyph.advance - piece.style.tracking * unit + offset
            if abs(self._owed) >= LEAST_KERN:
                self._adjust(0)
            if glyph.y_offset:
                self._flush()
                self._operators.append("0 Ts")

    def shift(self, points: float) -> None:
        """Move on by a distance, in the size of the last piece."""
        if self._font is not None and abs(points) >= 0.005:
            self._adjust(-points * 1000 / self._font[1])

    def finish(self, left: float, baseline: float) -> str:
        """The whole text object, beginning at a point."""
        self._flush()
        return " ".join(["BT", f"1 0 0 1 {number(left)} {number(baseline)} Tm", *self._operators, "ET"])

    def _select(self, piece: Piece) -> None:
        font = (piece.face.name, round(piece.size, 2))
        if piece.style.colour != self._colour:
            self._flush()
            self._colour = piece.style.colour
            self._operators.append(" ".join(number(part) for part in self._colour) + " rg")
        if font != self._font:
            self._flush()
            self._font = font
            self._operators.append(f"/{font[0]} {number(font[1])} Tf")

    def _adjust(self, thousandths: float) -> None:
        """Move back by this, by what is still owed, in 1/1000 of the size; the rounding is owed to the next."""
        wanted = thousandths + self._owed
        self._owed = wanted - round(wanted)
        if round(wanted):
            self._close_hex()
            self._array.append(str(round(wanted)))

    def _close_hex(self) -> None:
        if self._hex:
            self._array.append(f"<{''.join(self._hex)}>")
            self._hex = []

    def _flush(self) -> None:
        self._close_hex()
        if self._array:
            self._operators.append(f"[{' '.join(self._array)}] TJ")
            self._array = []
