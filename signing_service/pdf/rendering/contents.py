"""The table of contents: each article in every language, and the pages that follow them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from signing_service.agreement.text import plain
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import BASELINE, Row, kept, spaced, text_line

if TYPE_CHECKING:
    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

LABEL_COLUMN = 76  # points for "Article 12"


@dataclass(slots=True, kw_only=True)
class EntryRow(Row):
    """Label, title, dotted leader, page number; the whole row is a link."""

    label: str
    title: str
    target: str
    left: float
    width: float
    style: TextStyle
    element: Element

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the entry; a title that is too long is squeezed out before its page number."""
        baseline = top - self.height / 2 - self.style.size * BASELINE
        right = self.left + self.width
        place = sheet.places[self.target]
        page = sheet.shaper.pieces(str(place.page + 1), self.style)
        page_width = sum(piece.width for piece in page)
        x = self.left
        link = self.element.add("Reference").add("Link")
        sheet.mark(link)
        if self.label:
            label = sheet.shaper.pieces(f"{self.label} ", replace(self.style, colour=styles.INK))
            sheet.pieces(label, x, baseline)
        x += LABEL_COLUMN
        title = sheet.shaper.pieces(f"{self.title} ", self.style)
        sheet.pieces(title, x, baseline)
        x += sum(piece.width for piece in title) + 6
        sheet.pieces(page, right - page_width, baseline)
        words = f"{self.label} {self.title}, {place.page + 1}".strip()
        sheet.link((self.left, top - self.height, right, top), self.target, link, words)
        if right - page_width - 6 > x:
            ends = f"{x:.2f} {baseline + 1:.2f} m {right - page_width - 6:.2f} {baseline + 1:.2f} l"
            leader = f"0.6 w 1 J [0 4] 0 d {ends} S"
            with sheet.artifact():
                sheet.literal(f"{' '.join(map(str, styles.PALE))} RG {leader}")


def contents_rows(source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element) -> list[Row]:
    """The rows of the table of contents."""
    rows: list[Row] = []
    for language in terms.languages:
        words = source.words[language]
        label = styles.PART_LABEL.speaking(language)
        head = text_line(shaper, words.contents.upper(), label, paper.left, paper.measure, element.add("H2", language))
        part = element.add("TOC", language)
        rows += spaced(kept(head), 26)
        style = replace(styles.CONTENTS_ENTRY.speaking(language), leading=styles.CONTENTS_ENTRY.leading)
        for index, article in enumerate(source.texts[language].articles):
            rows.append(
                EntryRow(
                    height=style.leading, before=0 if index else 8, label=article.label, title=plain(article.heading),
                    target=f"{language}:{article.anchor}", left=paper.left, width=paper.measure, style=style,
                    element=part.add("TOCI"),
                )
            )  # fmt: skip
        for title, target in ((words.parties, "parties"), (words.signatures, "signatures")):
            rows.append(
                EntryRow(
                    height=style.leading, before=4 if target == "parties" else 0, label="", title=title,
                    target=target, left=paper.left, width=paper.measure, style=style, element=part.add("TOCI"),
                )
            )  # fmt: skip
    return rows
