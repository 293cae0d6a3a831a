"""The QR code on the last signature page, with the words that trust does not come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno

from signing_service.errors import LimitError
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import Row, spaced, text_line
from signing_service.pdf.rendering.schedule import each_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper

SIZE = 78  # points, quiet zone not counted
GAP = 16  # between the code and its words
MAX_ADDRESS = 200  # characters; more would make the modules too small to scan


@dataclass(slots=True, kw_only=True)
class CodeRow(Row):
    """A QR code with lines of text to its right."""

    modules: Sequence[Sequence[bool]]
    lines: Sequence[Row]
    left: float
    element: Element

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the code and, centred beside it, its words."""
        unit = SIZE / len(self.modules)
        sheet.mark(self.element)
        box = (self.left, top - SIZE, self.left + SIZE, top)
        self.element.attributes = {"O": "Layout", "Placement": "Block", "BBox": box}
        rectangles = " ".join(
            f"{self.left + start * unit:.3f} {top - (row + 1) * unit:.3f} {length * unit:.3f} {unit:.3f} re"
            for row, cells in enumerate(self.modules)
            for start, length in _stretches(cells)
        )
        sheet.literal(f"0 g {rectangles} f")
        y = top - (self.height - sum(line.before + line.height for line in self.lines)) / 2
        for line in self.lines:
            y -= line.before
            line.draw(sheet, y)
            y -= line.height


def _stretches(cells: Sequence[bool]) -> list[tuple[int, int]]:
    """Start and length of each unbroken stretch of dark modules."""
    found: list[tuple[int, int]] = []
    for index, dark in enumerate(cells):
        if dark and found and sum(found[-1]) == index:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((index, 1))
    return found


def code_row(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element, address: str) -> CodeRow:
    """The code of ``address`` with the words of every language; LimitError where the address is too long."""
    if len(address) > MAX_ADDRESS:
        raise LimitError(f"the address of the verification page is longer than {MAX_ADDRESS} characters")
    modules = [[bool(dark) for dark in row] for row in segno.make_qr(address, error="m", boost_error=False).matrix]
    left = paper.left + SIZE + GAP
    width = paper.measure - SIZE - GAP
    lines: list[Row] = []
    for language, text in each_once(source, terms, "verify"):
        style = styles.NOTE.speaking(language)
        rows = text_line(shaper, text, style, left, width, element.add("P", language))
        lines += spaced(rows, 4 if lines else 0)
    style = styles.RUNNING.speaking("en")
    lines += spaced(text_line(shaper, address, style, left, width, element.add("P", "en")), 4)
    figure = element.add("Figure", alternative=f"QR code: {address}")
    tall = max(SIZE, sum(line.before + line.height for line in lines))
    return CodeRow(height=tall, before=26, modules=modules, lines=lines, left=paper.left, element=figure)
