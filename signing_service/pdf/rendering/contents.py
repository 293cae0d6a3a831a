"""The table of contents: each article in every language, and the pages that follow them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from signing_service.agreement.text import plain
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import BASELINE, Row, kept, spaced, text_line, text_rows
from signing_service.pdf.rendering.segments import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.rendering.rows import TextRow
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

LABEL_COLUMN = 76  # points for "Article 12"
PAGE_COLUMN = 34  # for the page number


@dataclass(slots=True, kw_only=True)
class EntryRow(Row):
    """Label, title on one line or more, dotted leader, page number; the whole row is a link."""

    label: str
    title: str
    lines: Sequence[TextRow]
    target: str
    left: float
    width: float
    style: TextStyle
    element: Element

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the entry; the page number stands at the end of its last line."""
        right = self.left + self.width
        place = sheet.places[self.target]
        page = sheet.shaper.pieces(str(place.page + 1), self.style)
        page_left = right - sum(piece.width for piece in page)
        link = self.element.add("Reference").add("Link")
        sheet.mark(link)
        if self.label:
            label = sheet.shaper.pieces(f"{self.label} ", replace(self.style, colour=styles.INK))
            sheet.pieces(label, self.left, self._baseline(top))
        y = top
        for line in self.lines:
            line.element = link
            line.draw(sheet, y)
            y -= line.height
        baseline = self._baseline(y + self.lines[-1].height)
        sheet.pieces(page, page_left, baseline)
        words = f"{self.label} {self.title}, {place.page + 1}".strip()
        sheet.link((self.left, top - self.height, right, top), self.target, link, words)
        self._lead(sheet, self.lines[-1].left + self.lines[-1].line.natural + 6, page_left - 6, baseline)

    def _baseline(self, top: float) -> float:
        return top - self.style.leading / 2 - self.style.size * BASELINE

    def _lead(self, sheet: Sheet, left: float, right: float, baseline: float) -> None:
        if right > left:
            ends = f"{left:.2f} {baseline + 1:.2f} m {right:.2f} {baseline + 1:.2f} l"
            with sheet.artifact():
                sheet.literal(f"{' '.join(map(str, styles.PALE))} RG 0.6 w 1 J [0 4] 0 d {ends} S")


class _Entries:
    """Makes the entries of one language."""

    def __init__(self, shaper: Shaper, paper: Paper, language: str, part: Element) -> None:
        self._shaper, self._paper, self._part = shaper, paper, part
        self._style = replace(styles.CONTENTS_ENTRY.speaking(language), leading=styles.CONTENTS_ENTRY.leading)

    def entry(self, label: str, title: str, target: str, before: float) -> EntryRow:
        element = self._part.add("TOCI")
        left, width = self._paper.left + LABEL_COLUMN, self._paper.measure - LABEL_COLUMN - PAGE_COLUMN
        lines = text_rows(self._shaper, [Span(f"{title} ", self._style)], self._style, left, width, element)
        return EntryRow(
            height=sum(line.height for line in lines), before=before, label=label, title=title, lines=lines,
            target=target, left=self._paper.left, width=self._paper.measure, style=self._style, element=element,
        )  # fmt: skip


def contents_rows(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element) -> list[Row]:
    """The rows of the table of contents."""
    rows: list[Row] = []
    for language in terms.languages:
        words = source.words[language]
        label = styles.PART_LABEL.speaking(language)
        head = text_line(shaper, words.contents.upper(), label, paper.left, paper.measure, element.add("H2", language))
        part = element.add("TOC", language)
        rows += spaced(kept(head), 26)
        entries = _Entries(shaper, paper, language, part)
        for index, article in enumerate(source.texts[language].articles):
            target = f"{language}:{article.anchor}"
            rows.append(entries.entry(article.label, plain(article.heading), target, 0 if index else 8))
        rows.append(entries.entry("", words.parties, "parties", 4))
        rows.append(entries.entry("", words.signatures, "signatures", 0))
    return rows
