"""A line of text in a visible signature: shared font where it reaches, shaped outlines elsewhere.

The shared font of the base (``SHARED_FONT`` in its shared resources) is addressed by Unicode code points: its
character code *is* the character. So a signature can be drawn years later without reading the base again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing_service.pdf.outlines import OutlinePath

if TYPE_CHECKING:
    from signing_service.pdf.faces import Face
    from signing_service.pdf.fonts import Fonts

SHARED_FONT = "F1"  # its name in the shared resources
SHARED_FACE = "serif"
SHARED_CHARACTERS = frozenset(
    chr(code)
    for first, last in (
        (0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1CD, 0x1DC), (0x218, 0x21B),
        (0x400, 0x45F), (0x490, 0x493), (0x49A, 0x49B), (0x4A2, 0x4A3), (0x4AE, 0x4B1), (0x4BA, 0x4BB),
        (0x4D8, 0x4D9), (0x4E8, 0x4E9), (0x1E9E, 0x1EF9), (0x2010, 0x2015), (0x2018, 0x201E), (0x2026, 0x2026),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""Latin with diacritics, Vietnamese, Cyrillic with the Kazakh and Belarusian letters, and their punctuation."""


def number(value: float) -> str:
    """A length as a PDF number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def hexadecimal(text: str) -> str:
    """UTF-16BE in hexadecimal; for characters of the shared font also their codes."""
    return text.encode("utf-16-be").hex()


@dataclass(frozen=True, slots=True)
class _Run:
    text: str
    face: Face
    shared: bool
    width: float
    """In em."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, split into runs."""

    runs: tuple[_Run, ...]
    size: float
    """Points."""

    @classmethod
    def of(cls, text: str, size: float, fonts: Fonts, style: str = "serif") -> Line:
        """Split ``text`` (NFC, one line); raises UncoveredCharacterError."""
        runs: list[_Run] = []
        for face, part in fonts.split(text, style, "und"):
            shared = face.name == SHARED_FACE and all(character in SHARED_CHARACTERS for character in part)
            if shared:
                width = sum(face.advance(face.glyph(character)) for character in part)
            else:
                width = sum(glyph.advance for glyph in face.shape(part))
            runs.append(_Run(part, face, shared, width / 1000 * face.scale))
        return cls(tuple(runs), size)

    @property
    def width(self) -> float:
        """Points."""
        return max(sum(run.width for run in self.runs) * self.size, 0.01)

    def draw(self, left: float, baseline: float, scale: float = 1.0) -> str:
        """Content stream operators that set the line at a point, scaled."""
        size = self.size * scale
        parts = []
        for run in self.runs:
            draw = _text if run.shared else _outlines
            parts.append(draw(run, left, baseline, size))
            left += run.width * size
        return " ".join(parts)


def _text(run: _Run, left: float, baseline: float, size: float) -> str:
    where = f"{number(left)} {number(baseline)} Td"
    return f"BT /{SHARED_FONT} {number(size)} Tf {where} <{hexadecimal(run.text)}> Tj ET"


def _outlines(run: _Run, left: float, baseline: float, size: float) -> str:
    """Filled outlines below an invisible space of the same width that carries the text."""
    path = OutlinePath(run.face, size * run.face.scale, number(left), number(baseline))
    at = 0
    for glyph in run.face.shape(run.text):
        path.add(glyph.number, at + glyph.x_offset, glyph.y_offset)
        at += glyph.advance
    space = run.face.advance(run.face.glyph(" ")) or 250
    stretch = max(run.width * 1000 / space * 100, 1)
    return (
        f"/Span << /ActualText <feff{hexadecimal(run.text)}> >> BDC "
        f"BT 3 Tr {number(stretch)} Tz /{SHARED_FONT} {number(size)} Tf {number(left)} {number(baseline)} Td <0020> Tj "
        f"0 Tr 100 Tz ET {path.operators()} EMC"
    )
