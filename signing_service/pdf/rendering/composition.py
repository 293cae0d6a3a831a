"""The composition of the whole document: its parts, their pages, running heads and feet.

Two passes: first every part is set and its pages filled, so that each anchor's page is known; then all is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.articles import ArticleSetter
from signing_service.pdf.rendering.contents import contents_rows
from signing_service.pdf.rendering.cover import cover_foot, cover_rows
from signing_service.pdf.rendering.qr import code_row
from signing_service.pdf.rendering.rows import Page, fill_pages, kept, spaced, text_line
from signing_service.pdf.rendering.schedule import ScheduleSetter
from signing_service.pdf.rendering.segments import Shaper
from signing_service.pdf.rendering.sheet import Place, Sheet
from signing_service.pdf.rendering.signature_pages import SignatureSetter
from signing_service.pdf.rendering.structure import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.fonts import Fonts
    from signing_service.pdf.rendering.rows import Row
    from signing_service.pdf.rendering.styles import Paper

RUNNING_GAP = 0.04  # of the measure, between the running lines of a head
REFERENCE_SHARE = 0.34  # of the measure, at most
HEAD_HEIGHT, FOOT_HEIGHT = 40, 40  # points from the paper's edge to the running lines


@dataclass(slots=True)
class Part:
    """A part that begins on a new page."""

    rows: list[Row]
    language: str
    """Of its running head."""
    running: bool = True
    """Whether its pages have running head and foot."""


@dataclass(frozen=True, slots=True)
class Composition:
    """The drawn document."""

    pages: bytes
    """ReportLab's PDF, still without fonts."""
    sheet: Sheet
    structure: Element


class Composer:
    """Composes one document."""

    def __init__(self, source: Source, terms: Terms, fonts: Fonts, address: str | None) -> None:
        self._source, self._terms, self._address = source, terms, address
        self._paper: Paper = styles.PAPERS[source.print.paper]
        self._shaper = Shaper(fonts)
        self._root = Element("Document", terms.languages[0])

    def compose(self) -> Composition:
        """Set, fill, draw."""
        parts = self._parts()
        paged = [(part, page) for part in parts for page in self._fill(part)]
        places = {
            anchor: Place(number, top)
            for number, (_, page) in enumerate(paged)
            for row, top in page.rows
            for anchor in row.anchors
        }
        sheet = Sheet(self._paper, self._shaper, places, len(paged))
        for part, page in paged:
            self._draw(sheet, part, page)
        return Composition(sheet.finish(), sheet, self._root)

    def _parts(self) -> list[Part]:
        source, terms, shaper, paper = self._source, self._terms, self._shaper, self._paper
        first = terms.languages[0]
        cover = self._root.add("Sect")
        parts = [Part(cover_rows(source, terms, shaper, paper, cover), first, running=False)]
        parts[0].rows[0].bookmark = (terms.title[first], 0)
        self._foot_rows = cover_foot(source, terms, shaper, paper, cover)
        contents = self._root.add("Sect")
        parts.append(Part(contents_rows(source, terms, shaper, paper, contents), first))
        parts += [self._text(language) for language in terms.languages]
        schedule = ScheduleSetter(source, terms, shaper, paper)
        parts.append(Part(schedule.rows(self._root.add("Sect")), first))
        signing = self._root.add("Sect")
        rows = SignatureSetter(source, terms, shaper, paper).rows(signing)
        if self._address:
            rows.append(code_row(source, terms, shaper, paper, signing, self._address))
        parts.append(Part(rows, first))
        return parts

    def _text(self, language: str) -> Part:
        section = self._root.add("Sect", language)
        title = self._terms.title[language]
        style = styles.PART_TITLE.speaking(language)
        paper = self._paper
        rows = text_line(self._shaper, title, style, paper.left, paper.measure, section.add("H1"))
        rows[0].bookmark = (f"{self._source.words[language].language}  ·  {title}", 0)
        rows[0].anchors = (f"{language}:",)
        setter = ArticleSetter(self._shaper, paper, language, section)
        body = setter.rows(self._source.texts[language])
        return Part(kept(rows) + spaced(body, 20), language)

    def _fill(self, part: Part) -> Sequence[Page]:
        paper = self._paper
        if part.running:
            return fill_pages(part.rows, paper.height - paper.top, paper.bottom)
        pages = fill_pages(part.rows, paper.height - 64, 40)
        y = 52.0 + sum(row.height for row in self._foot_rows)
        for row in self._foot_rows:
            pages[-1].rows.append((row, y))
            y -= row.height
        return pages

    def _draw(self, sheet: Sheet, part: Part, page: Page) -> None:
        for row, top in page.rows:
            if row.bookmark:
                key = f"{sheet.page}-{round(top)}"
                sheet.bookmark(key, row.bookmark[0], row.bookmark[1], top)
            row.draw(sheet, top)
        sheet.close()
        if part.running:
            with sheet.artifact("/Pagination"):
                self._running(sheet, part.language)
        sheet.next_page()

    def _running(self, sheet: Sheet, language: str) -> None:
        """Head: short title, reference and version. Foot: document id, notice, page."""
        words = self._source.words[language]
        paper, terms = self._paper, self._terms
        head, foot = paper.height - HEAD_HEIGHT, FOOT_HEIGHT
        version = words.version.format(version=terms.version)
        page = words.page.format(page=sheet.page + 1, pages=sheet.pages)
        style = styles.RUNNING.speaking(language)
        called = self._shaper.fitting(terms.reference, style, paper.measure * REFERENCE_SHARE)
        taken = self._put(sheet, f"{called}  ·  {version}", style, head, "right", 0.6)
        left = 1 - taken - RUNNING_GAP
        self._put(sheet, terms.title[language], styles.RUNNING_ITALIC.speaking(language), head, "left", left)
        self._put(sheet, terms.id, styles.RUNNING.speaking("en"), foot, "left", 0.5)
        if self._source.print.notice:
            self._put(sheet, self._source.print.notice[language], style, foot, "center", 0.4)
        self._put(sheet, page, style, foot, "right", 0.3)
        sheet.rule(paper.left, paper.left + paper.measure, head - 6, 0.4, styles.PALE)
        sheet.rule(paper.left, paper.left + paper.measure, foot + 13, 0.4, styles.PALE)

    def _put(
        self, sheet: Sheet, text: str, style: styles.TextStyle, baseline: float, align: str, share: float
    ) -> float:
        """Set a running line, cut short where it is wider than its share of the measure; gives the share it takes."""
        measure = self._paper.measure
        pieces = self._shaper.pieces(self._shaper.fitting(text, style, measure * share), style)
        spare = measure - sum(piece.width for piece in pieces)
        sheet.pieces(pieces, self._paper.left + {"left": 0.0, "center": spare / 2, "right": spare}[align], baseline)
        return 1 - spare / measure
