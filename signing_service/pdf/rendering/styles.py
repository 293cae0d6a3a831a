"""Measures of the page and styles of its text; every length in points (1/72 inch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Align = Literal["justify", "left", "center", "right"]
Colour = tuple[float, float, float]  # red, green, blue from 0 to 1, sRGB

INK = (0.07, 0.13, 0.33)  # deep blue: rules, labels, the emblem
BLACK = (0.0, 0.0, 0.0)
GREY = (0.38, 0.38, 0.38)
PALE = (0.72, 0.74, 0.80)  # hairlines

NUMBER_COLUMN = 30  # where paragraph numbers stand, left of the text
LIST_COLUMN = 22  # where list labels stand


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet and its margins; the left one is wider, for binding."""

    width: int
    height: int
    left: int = 84
    right: int = 66
    top: int = 84
    bottom: int = 72

    @property
    def measure(self) -> int:
        """Width of the text block."""
        return self.width - self.left - self.right

    @property
    def depth(self) -> int:
        """Height of the text block."""
        return self.height - self.top - self.bottom


PAPERS = {"A4": Paper(595, 842), "Letter": Paper(612, 792, left=90, right=72, top=80, bottom=74)}


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a text is set."""

    font: str
    """A key of fonts.STYLES."""
    size: float
    leading: float
    language: str = "en"
    align: Align = "left"
    colour: Colour = BLACK
    features: tuple[str, ...] = ()
    """OpenType features of the Latin faces."""
    tracking: float = 0.0
    """Space added after each letter."""

    def speaking(self, language: str) -> TextStyle:
        """The same style in another language, with the room that its script needs."""
        first = language.partition("-")[0]
        size, leading = _ROOM.get(first, (1.0, 1.0))
        align = "left" if self.align == "justify" and first in UNSPACED else self.align
        return replace(self, language=language, size=self.size * size, leading=self.leading * leading, align=align)

    def scaled(self, factor: float) -> TextStyle:
        """The same style, larger or smaller."""
        return replace(self, size=self.size * factor, leading=self.leading * factor)


UNSPACED = frozenset({"th", "lo", "km", "my"})  # languages that write no spaces between words: set ragged
# Factors on size and leading for languages whose letters are denser or taller than Latin ones.
_ROOM = {
    "zh": (0.96, 1.15), "ja": (0.96, 1.15), "th": (1.0, 1.12), "lo": (1.0, 1.15), "km": (1.0, 1.28), "my": (1.0, 1.32),
}  # fmt: skip

BODY = TextStyle("serif", 11.5, 14.9, align="justify")
NUMBER = TextStyle("sans", 8.6, 15.4, colour=INK)
ARTICLE_LABEL = TextStyle("sans", 9.2, 14, align="center", colour=INK, tracking=1.1)
ARTICLE_HEADING = TextStyle("serif-bold", 13.2, 18, align="center")
PART_TITLE = TextStyle("serif-bold", 20, 26, align="center")
PART_LABEL = TextStyle("sans", 9.2, 14, align="center", colour=INK, tracking=1.6)
RUNNING = TextStyle("sans", 8.2, 11, colour=GREY)
RUNNING_ITALIC = TextStyle("serif-italic", 9.6, 11, colour=GREY)

COVER_TITLE = TextStyle("serif-bold", 27, 35, align="center")
COVER_SECOND_TITLE = TextStyle("serif-bold", 22, 32, align="center")
COVER_LABEL = TextStyle("sans", 9.6, 14, align="center", colour=INK, tracking=1.8)
COVER_TEXT = TextStyle("serif", 12, 17, align="center")
COVER_NOTE = TextStyle("serif-italic", 10.6, 14.6, align="center", colour=GREY)
COVER_SMALL = TextStyle("sans", 8.4, 12, align="center", colour=GREY)

PARTY_NATIVE = TextStyle("serif-bold", 12.2, 17)
PARTY_NAME = TextStyle("serif", 11, 15)
CELL = TextStyle("serif", 10.6, 14.2)
CELL_SMALL = TextStyle("serif", 9.8, 12.8, colour=GREY)
COLUMN_HEAD = TextStyle("sans-bold", 8.2, 11.5, colour=INK)
BOX_ROLE = TextStyle("sans", 9.2, 14, colour=GREY)
NOTE = TextStyle("serif", 9.8, 13)
CONTENTS_ENTRY = TextStyle("serif", 10.8, 13.8)
