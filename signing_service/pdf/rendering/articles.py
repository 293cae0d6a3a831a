"""The agreement's text as rows: preamble, numbered articles with numbered paragraphs, lists, closing words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from signing_service.agreement.text import Listing, plain
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import Row, TextRow, kept, spaced, text_line, text_rows
from signing_service.pdf.rendering.segments import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.text import Article, Block, Run, Text
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.structure import Attribute, Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

ARTICLE_SPACE, PARAGRAPH_SPACE, ITEM_SPACE = 17.0, 5.5, 2.5
_FONTS = {"plain": "serif", "emphasis": "serif-italic", "strong": "serif-bold"}


class ArticleSetter:
    """Sets one language's text; ``element`` is the section that it belongs to."""

    def __init__(self, shaper: Shaper, paper: Paper, language: str, element: Element) -> None:
        self._shaper = shaper
        self._left, self._width = paper.left, paper.measure
        self._language = language
        self._element = element
        self._body = styles.BODY.speaking(language)

    def rows(self, text: Text) -> list[Row]:
        """The whole text."""
        rows = self._blocks(text.preamble, self._element, numbered=False)
        for article in text.articles:
            rows += self._article(article)
        if text.closing:
            closing = self._blocks(text.closing, self._element, numbered=False)
            rows += spaced(closing, ARTICLE_SPACE + PARAGRAPH_SPACE)
        return rows

    def _article(self, article: Article) -> list[Row]:
        section = self._element.add("Sect")
        heading = section.add("H2")
        label = styles.ARTICLE_LABEL.speaking(self._language)
        style = styles.ARTICLE_HEADING.speaking(self._language)
        rows: list[Row] = []
        if self._language.partition("-")[0] in ("zh", "ja"):
            words = [Span(f"{article.label}\u3000", style), *_spans(article.heading, style)]
            rows += text_rows(self._shaper, words, style, self._left, self._width, heading)
        else:
            rows += text_line(self._shaper, f"{article.label.upper()} ", label, self._left, self._width, heading)
            rows += text_rows(
                self._shaper, _spans(article.heading, style), style, self._left, self._width, heading
            )
        rows = spaced(kept(rows), ARTICLE_SPACE)
        rows[0].anchors = (f"{self._language}:{article.anchor}",)
        rows[0].bookmark = (f"{article.label}  {plain(article.heading)}", 1)
        return rows + self._blocks(article.blocks, section, numbered=True)

    def _blocks(self, blocks: Sequence[Block], section: Element, *, numbered: bool) -> list[Row]:
        left = self._left + (styles.NUMBER_COLUMN if numbered else 0)
        rows: list[Row] = []
        for block in blocks:
            if isinstance(block, Listing):
                rows[-1].keep = True  # a list stays with the words that open it
                rows += self._listing(block, section.add("L", attributes=_numbering(block)), left)
                continue
            element = section.add("P")
            width = self._width - (left - self._left)
            spans = _spans(block.content, self._body)
            paragraph = text_rows(self._shaper, self._targets(spans), self._body, left, width, element)
            if block.number:
                self._label(paragraph[0], block.number, self._left, element, styles.NUMBER)
                paragraph[0].anchors = (f"{self._language}:{block.anchor}",)
            rows += spaced(paragraph, PARAGRAPH_SPACE)
        return rows

    def _listing(self, listing: Listing, element: Element, left: float) -> list[Row]:
        rows: list[Row] = []
        inner = left + styles.LIST_COLUMN
        for item in listing.items:
            entry = element.add("LI")
            label, body = entry.add("Lbl"), entry.add("LBody")
            spans = self._targets(_spans(item.content, self._body))
            words = body.add("P") if item.blocks else body  # so that they are read before the list that they open
            lines = text_rows(self._shaper, spans, self._body, inner, self._width - (inner - self._left), words)
            self._label(lines[0], item.label, left, label, self._body)
            rows += spaced(lines, ITEM_SPACE)
            for block in item.blocks:
                rows += self._listing(block, body.add("L", attributes=_numbering(block)), inner)
        return rows

    def _label(self, row: TextRow, text: str, left: float, element: Element, style: TextStyle) -> None:
        row.label = self._shaper.pieces(f"{text} ", replace(style, language=self._language))
        row.label_left, row.label_element = left, element

    def _targets(self, spans: list[Span]) -> list[Span]:
        """References lead to the same language's text."""
        return [replace(one, target=f"{self._language}:{one.target}") if one.target else one for one in spans]


def _numbering(listing: Listing) -> dict[str, Attribute]:
    """How the labels of a list count (ISO 32000-1 table 347)."""
    first = listing.items[0].label if listing.ordered else ""
    return {"O": "List", "ListNumbering": {"(a)": "LowerAlpha", "(i)": "LowerRoman", "": "Disc"}.get(first, "Decimal")}


def _spans(runs: Sequence[Run], style: TextStyle) -> list[Span]:
    """Runs of the text in the faces of their styles; a heading stays bold."""
    return [
        Span(run.text, style if style.font != "serif" else replace(style, font=_FONTS[run.style]), run.target)
        for run in runs
    ]
