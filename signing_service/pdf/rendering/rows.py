"""Rows: what a page is filled with, from top to bottom, and the filling.

A row is never split. ``keep`` ties it to the next one; so headings stay with their text, boxes in one piece, and a
paragraph's first or last line is never alone on a page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from signing_service.errors import LimitError
from signing_service.pdf.rendering.lines import break_lines
from signing_service.pdf.rendering.segments import Span
from signing_service.pdf.rendering.structure import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from signing_service.pdf.rendering.lines import Line
    from signing_service.pdf.rendering.segments import Piece, Segment, Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.styles import Colour, Paper, TextStyle

RowType = TypeVar("RowType", bound="Row")

SCRAP = 0.16  # of a page's height
TIGHTER = (0.9, 0.8, 0.7)  # of the space between rows
BASELINE = 0.33  # of the size, from the middle of a line to its baseline


@dataclass(slots=True, kw_only=True)
class Row:
    """Blank space; the base of all rows."""

    height: float
    before: float = 0.0
    """Space above it, left out at the top of a page."""
    keep: bool = False
    """It stays on one page with the next row."""
    anchors: tuple[str, ...] = ()
    """What links and the table of contents know this place by."""
    head: Row | None = None
    """What is repeated above it where it begins a page: the heads of its table."""
    bookmark: tuple[str, int] | None = None
    """Title and level of its entry in the outline."""

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the row on the current page, its upper edge at ``top`` points above the page's foot."""


@dataclass(slots=True, eq=False)
class Reference:
    """A link in the text, perhaps over several lines."""

    element: Element
    words: str = ""


@dataclass(slots=True, kw_only=True)
class TextRow(Row):
    """One line of text, perhaps with a label beside it."""

    line: Line
    style: TextStyle
    left: float
    width: float
    element: Element
    label: Sequence[Piece] = ()
    label_left: float = 0.0
    label_element: Element | None = None
    references: Sequence[Reference] = ()
    """To what the line refers, in order."""

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw label and line; references become links."""
        baseline = top - self.height / 2 - self.style.size * BASELINE
        if self.label:
            sheet.mark(self.label_element or self.element)
            sheet.pieces(self.label, self.label_left, baseline)
        sheet.mark(self.element)
        left = self.left + _aligned(self.style.align, self.width - self.line.natural)
        sheet.line(self.line, left, baseline, [reference.element for reference in self.references])
        for (target, start, end), reference in zip(self.line.references(), self.references, strict=True):
            area = (left + start, top - self.height, left + end, top)
            sheet.link(area, target, reference.element, reference.words)


@dataclass(slots=True, kw_only=True)
class RuleRow(Row):
    """A horizontal rule across part of the measure."""

    left: float
    right: float
    thickness: float
    colour: Colour

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the rule in the middle of the row's height."""
        with sheet.artifact():
            sheet.rule(self.left, self.right, top - self.height / 2, self.thickness, self.colour)


@dataclass(slots=True, kw_only=True)
class Repeated(Row):
    """A row that stands once more on a later page, where it is no content."""

    row: Row

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it as an artifact."""
        with sheet.artifact("/Pagination"):
            self.row.draw(sheet, top)


def _aligned(align: str, spare: float) -> float:
    return {"center": spare / 2, "right": spare}.get(align, 0.0)


def text_rows(
    shaper: Shaper, spans: Sequence[Span], style: TextStyle, left: float, width: float, element: Element
) -> list[TextRow]:
    """Break a paragraph into rows; two lines at its beginning and at its end stay together."""
    segments = shaper.segments(spans, width)
    justify = style.align == "justify"
    if style.align == "center":
        width, inset = _balanced(segments, width)
        left += inset
    lines = break_lines(segments, width, justify=justify)
    rows = [
        TextRow(height=style.leading, line=line, style=style, left=left, width=width, element=element) for line in lines
    ]
    for index, row in enumerate(rows[:-1]):
        row.keep = index in (0, len(rows) - 2) or row.line.segments[-1].hyphen is not None
    _refer(rows)
    return rows


def _refer(rows: Sequence[TextRow]) -> None:
    """Give each line its references; one that a line's end cuts in two is still one."""
    open_target: str | None = None
    current = Reference(Element("Link"))
    for row in rows:
        found: list[Reference] = []
        for segment in row.line.segments:
            for piece in segment.pieces:
                if piece.target and piece.target != open_target:
                    current = Reference(Element("Link"))
                if piece.target:
                    current.words += piece.text
                    if current not in found:
                        found.append(current)
                open_target = piece.target
            if open_target and segment.space is not None:
                current.words += " "
        row.references = found


def text_line(
    shaper: Shaper, text: str, style: TextStyle, left: float, width: float, element: Element
) -> list[Row]:
    """Rows of a short text in one style."""
    return list(text_rows(shaper, [Span(text, style)], style, left, width, element))


def _balanced(segments: Sequence[Segment], width: float) -> tuple[float, float]:
    """The narrowest measure in which centred lines are no more than in the full one, and its inset."""
    wanted = len(break_lines(segments, width, justify=False))
    if wanted < 2:
        return width, 0.0
    low, high = width / wanted * 0.9, width
    for _ in range(8):
        middle = (low + high) / 2
        if len(break_lines(segments, middle, justify=False)) > wanted:
            low = middle
        else:
            high = middle
    return high, (width - high) / 2


def on_one_page(row: RowType, paper: Paper, what: str) -> RowType:
    """The row; LimitError, which names ``what`` it is, if it is higher than a page and so could not be whole on one."""
    if row.height > paper.depth:
        raise LimitError(f"the names and titles of {what} do not fit on one page", hint="shorten them")
    return row


def kept(rows: Iterable[Row]) -> list[Row]:
    """The same rows, all on one page with each other and with what follows."""
    result = list(rows)
    for row in result:
        row.keep = True
    return result


def spaced(rows: Sequence[Row], before: float) -> list[Row]:
    """The same rows with space above the first."""
    if rows:
        rows[0].before = before
    return list(rows)


@dataclass(slots=True)
class Page:
    """A filled page: rows and where each one's upper edge is."""

    rows: list[tuple[Row, float]] = field(default_factory=list)


def fill_pages(rows: Sequence[Row], top: float, bottom: float) -> list[Page]:
    """Fill pages from ``top`` down to ``bottom`` (points above the foot); always at least one.

    Where the last page would hold a mere scrap, the space between rows is taken in a little to save that page.
    """
    pages = _fill(rows, top, bottom, 1.0)
    for air in TIGHTER:
        lowest = min((at - row.height for row, at in pages[-1].rows), default=top)
        if len(pages) == 1 or top - lowest > (top - bottom) * SCRAP:
            break
        tighter = _fill(rows, top, bottom, air)
        if len(tighter) < len(pages):
            return tighter
    return pages


def _fill(rows: Sequence[Row], top: float, bottom: float, air: float) -> list[Page]:
    pages = [Page()]
    y = top
    for group in _groups(rows):
        needed = sum(row.before * air + row.height for row in group)
        if pages[-1].rows and y - needed < bottom - 0.01:
            y = _turn(pages, group[0], top)
        for row in group:
            y -= row.before * air if pages[-1].rows else 0.0
            if pages[-1].rows and y - row.height < bottom - 0.01:
                y = _turn(pages, row, top)
            pages[-1].rows.append((row, y))
            y -= row.height
    return pages


def _turn(pages: list[Page], row: Row, top: float) -> float:
    """Begin a page for a row, with the heads of its table if it has some; gives where the row's upper edge is."""
    pages.append(Page())
    if row.head is None:
        return top
    pages[-1].rows.append((Repeated(height=row.head.height, row=row.head), top))
    return top - row.head.height


def _groups(rows: Sequence[Row]) -> Iterable[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if not row.keep:
            yield group
            group = []
    if group:
        yield group
