"""The cover: emblem, titles in all languages, place, and what the document is called."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import TYPE_CHECKING

from signing_service.pdf.inscription import number
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import Row, RuleRow, kept, spaced, text_line
from signing_service.pdf.rendering.schedule import each_once
from signing_service.pdf.rendering.structure import Element

if TYPE_CHECKING:
    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.styles import Paper

EMBLEM_SIZE = 86  # points
COVER_EDGES = 170  # points above and below what stands on the cover, its foot included
LEAST_SCALE = 0.35  # of the titles' size
SMALL_SCALE = 0.8  # of the size of the words below the titles
FEW_LANGUAGES = 3  # with more the titles are set smaller, so that all stand on the cover
_CIRCLE = 0.5523  # handle length of a quarter circle drawn as a Bézier curve


@dataclass(slots=True, kw_only=True)
class EmblemRow(Row):
    """A ring of dots, one for each party, around a thin circle."""

    centre: float
    dots: int

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the emblem, as decoration."""
        radius = self.height / 2
        x, y = self.centre, top - radius
        ring = radius * 0.82
        dot = min(radius * 0.085, ring * pi / self.dots * 0.55)
        turns = [pi / 2 - 2 * pi * index / self.dots for index in range(self.dots)]
        dots = " ".join(_circle(x + ring * cos(turn), y + ring * sin(turn), dot) for turn in turns)
        colour = " ".join(number(part) for part in styles.INK)
        with sheet.artifact():
            sheet.literal(f"{colour} rg {dots} f")
            sheet.literal(f"{colour} RG 0.6 w {_circle(x, y, radius * 0.62)} S {_circle(x, y, radius)} S")
            sheet.literal(f"{colour} RG 0.35 w {_star(x, y, radius * 0.62, self.dots)} S")


def _circle(x: float, y: float, radius: float) -> str:
    handle = radius * _CIRCLE
    quarters = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
    parts = [f"{number(x + radius)} {number(y)} m"]
    for ax, ay, bx, by in quarters:
        one = (x + radius * ax + handle * bx, y + radius * ay + handle * by)
        two = (x + radius * bx + handle * ax, y + radius * by + handle * ay)
        end = (x + radius * bx, y + radius * by)
        parts.append(" ".join(number(value) for point in (one, two, end) for value in point) + " c")
    return " ".join(parts) + " h"


def _star(x: float, y: float, radius: float, points: int) -> str:
    """Chords between every few points of a circle: a web that joins all parties."""
    step = max(2, round(points * 5 / 12)) if points > 4 else 1
    parts = []
    for index in range(points):
        one, two = (pi / 2 - 2 * pi * turn / points for turn in (index, index + step))
        start = f"{number(x + radius * cos(one))} {number(y + radius * sin(one))}"
        parts.append(f"{start} m {number(x + radius * cos(two))} {number(y + radius * sin(two))} l")
    return " ".join(parts)


def cover_rows(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element) -> list[Row]:
    """Everything on the cover, set smaller where there is much of it, so that it stays on one page."""
    scale = min(1.0, FEW_LANGUAGES / len(terms.languages)) ** 0.45
    while True:
        inside = Element("Sect")
        rows = _scaled_rows(source, terms, shaper, paper, inside, scale)
        if sum(row.before + row.height for row in rows) <= paper.height - COVER_EDGES or scale <= LEAST_SCALE:
            element.kids += inside.kids
            return rows
        scale *= 0.93


def _scaled_rows(
    source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element, scale: float
) -> list[Row]:
    left, width = paper.left - 4, paper.measure + 8
    rows: list[Row] = []
    for language in terms.languages:
        if source.print.notice:
            label = styles.COVER_LABEL.speaking(language)
            notice = source.print.notice[language]
            rows += text_line(shaper, notice.upper(), label, left, width, element.add("P", language))
    middle = paper.left + paper.measure / 2
    rows.append(EmblemRow(height=EMBLEM_SIZE, before=74 * scale, centre=middle, dots=len(terms.parties)))
    for index, language in enumerate(terms.languages):
        style = (styles.COVER_SECOND_TITLE if index else styles.COVER_TITLE).scaled(scale).speaking(language)
        heading = element.add("P" if index else "H1", language)
        lines = text_line(shaper, terms.title[language], style, left, width, heading)
        rows += spaced(lines, (22 if index else 34) * scale)
    rows.append(
        RuleRow(height=1, before=30 * scale, left=middle - 40, right=middle + 40, thickness=0.8, colour=styles.INK)
    )
    rows += _place(source, terms, shaper, paper, element, scale)
    return kept(rows)


def _place(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element, scale: float) -> list[Row]:
    left, width = paper.left, paper.measure
    rows: list[Row] = []
    for language in terms.languages:
        style = styles.COVER_TEXT.scaled(max(scale, SMALL_SCALE)).speaking(language)
        if source.print.place:
            rows += text_line(shaper, source.print.place[language], style, left, width, element.add("P", language))
    if len(terms.languages) > 1:
        for index, (language, text) in enumerate(each_once(source, terms, "authentic")):
            style = styles.COVER_NOTE.scaled(max(scale, SMALL_SCALE)).speaking(language)
            line = text_line(shaper, text, style, left, width, element.add("P", language))
            rows += spaced(line, 4 if index else 16)
    return spaced(rows, 26 * scale)


def cover_foot(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element) -> list[Row]:
    """The lines at the foot of the cover: what this document is called and which one it replaces."""
    style = styles.COVER_SMALL
    first = source.words[terms.languages[0]]
    lines = [f"{terms.reference}  ·  {first.version.format(version=terms.version)}", terms.id]
    if terms.supersedes:
        lines.append(f"{first.supersedes} {terms.supersedes}")
    rows: list[Row] = []
    for line in lines:
        rows += text_line(shaper, line, style, paper.left, paper.measure, element.add("P", "en"))
    return rows
