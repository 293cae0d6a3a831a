"""The schedule of parties: a table with each party in both its names, its country and through whom it signs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import Row, kept, on_one_page, spaced, text_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Party, Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

NUMBER = 0.06  # of the measure: the first column
COUNTRY, SIGNERS = (0.12, 0.19), (0.19, 0.34)  # the least and most of columns that are as wide as what is in them
CELL_GAP = 14  # points between columns, more than an em, or copying programs would join them
PADDING = 6  # above and below the text of a row
GROUP_SPACE = 5  # between the signers in a cell

Cell = list[list[tuple[str, "TextStyle", str]]]  # groups of text, style and language


@dataclass(slots=True, kw_only=True)
class TableRow(Row):
    """One row of the table: cells of stacked lines, a hairline below."""

    cells: Sequence[tuple[float, Sequence[Row]]]
    left: float
    right: float
    thickness: float = 0.4

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the cells from their upper edge and the hairline."""
        for _, lines in self.cells:
            y = top - PADDING
            for line in lines:
                y -= line.before
                line.draw(sheet, y)
                y -= line.height
        with sheet.artifact():
            colour = styles.INK if self.thickness > 0.5 else styles.PALE
            sheet.rule(self.left, self.right, top - self.height, self.thickness, colour)


class ScheduleSetter:
    """Sets the schedule; the words of all languages stand in its heads."""

    def __init__(self, source: Source, terms: Terms, shaper: Shaper, paper: Paper) -> None:
        self._source, self._terms = source, terms
        self._shaper, self._paper = shaper, paper
        shares = self._shares()
        edges = accumulate(shares[:-1], initial=0.0)
        self._lefts = [paper.left + edge * paper.measure for edge in edges]
        self._widths = [share * paper.measure - CELL_GAP for share in shares]

    def _shares(self) -> tuple[float, ...]:
        """The columns' shares of the measure: number, party, country, signers."""
        countries = [text for party in self._terms.parties for _, text in self._countries(party)]
        titles = [text for signer in self._terms.signers() for text in signer.role.title.values()]
        country, signers = self._share(countries, *COUNTRY), self._share(titles, *SIGNERS)
        return NUMBER, 1 - NUMBER - country - signers, country, signers

    def _share(self, texts: Sequence[str], least: float, most: float) -> float:
        widest = max((self._shaper.width(text, styles.CELL) for text in texts), default=0.0) + CELL_GAP
        return min(max(widest / self._paper.measure, least), most)

    def _countries(self, party: Party) -> list[tuple[str, str]]:
        return different(self._source.countries.get(party.id, {self._terms.languages[0]: party.country}))

    def rows(self, element: Element) -> list[Row]:
        """Title, column heads and a row for each party; guests after the others."""
        rows = part_title(self._source, self._terms, self._shaper, self._paper, element, "parties")
        table = element.add("Table")
        head = self._heads(table)
        rows += spaced(kept([head]), 18)
        ordered = sorted(self._terms.parties, key=lambda party: party.guest)
        for index, party in enumerate(ordered, 1):
            row = self._party(table, index, party)
            row.head = head
            rows.append(on_one_page(row, self._paper, party.name))
        return rows

    def _heads(self, table: Element) -> TableRow:
        row = table.add("TR")
        columns: list[Cell] = [[]]
        for name in ("party", "country", "signers"):
            texts = each_once(self._source, self._terms, name)
            columns.append([[(text, styles.COLUMN_HEAD, language) for language, text in texts]])
        return self._row(row, ["", "Column", "Column", "Column"], columns, 0.8)

    def _party(self, table: Element, index: int, party: Party) -> TableRow:
        row = table.add("TR")
        languages = self._terms.languages
        party_lines = [(party.native_name, styles.PARTY_NATIVE, party.native_language)]
        if party.name != party.native_name:
            party_lines.append((party.name, styles.PARTY_NAME, "en"))
        if party.guest:
            guest = "  ·  ".join(text for _, text in each_once(self._source, self._terms, "guest"))
            party_lines.append((guest, styles.CELL_SMALL, languages[0]))
        columns: list[Cell] = [
            [[(str(index), styles.CELL, languages[0])]],
            [party_lines],
            [[(text, styles.CELL, language) for language, text in self._countries(party)]],
            [[(text, styles.CELL, language) for language, text in different(role.title)] for role in party.signers],
        ]
        return self._row(row, ["", "Row", "", ""], columns, 0.4)

    def _row(
        self,
        row: Element,
        scopes: Sequence[str],
        columns: Sequence[Cell],
        thickness: float,
    ) -> TableRow:
        cells: list[tuple[float, Sequence[Row]]] = []
        for scope, left, width, column in zip(scopes, self._lefts, self._widths, columns, strict=True):
            cell = row.add("TH", attributes={"O": "Table", "Scope": scope}) if scope else row.add("TD")
            lines: list[Row] = []
            for group in column:
                for index, (text, style, language) in enumerate(group):
                    spoken = style.speaking(language)
                    element = cell.add("P", language)
                    rows = text_line(self._shaper, text, spoken, left, width, element)
                    lines += spaced(rows, 0 if index or not lines else GROUP_SPACE)
            cells.append((left, lines))
        tall = max(sum(line.before + line.height for line in lines) for _, lines in cells)
        right = self._paper.left + self._paper.measure
        return TableRow(
            height=tall + 2 * PADDING, cells=cells, left=self._paper.left, right=right, thickness=thickness
        )


def different(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Language and text, each text once: languages may share a word."""
    found: dict[str, str] = {}
    for language, text in texts.items():
        found.setdefault(text, language)
    return [(language, text) for text, language in found.items()]


def each_once(source: Source, terms: Terms, name: str) -> list[tuple[str, str]]:
    """One of the document's own words in every language of the agreement, each text once."""
    return different({language: str(getattr(source.words[language], name)) for language in terms.languages})


def part_title(
    source: Source, terms: Terms, shaper: Shaper, paper: Paper, element: Element, name: str
) -> list[Row]:
    """The title of the schedule or of the signature pages, in every language, with its place in the outline."""
    rows: list[Row] = []
    titles = each_once(source, terms, name)
    for index, (language, text) in enumerate(titles):
        style = styles.PART_TITLE.speaking(language)
        rows += text_line(
            shaper, text, style, paper.left, paper.measure, element.add("P" if index else "H1", language)
        )
    rows[0].anchors = (name,)
    rows[0].bookmark = ("  ·  ".join(text for _, text in titles), 0)
    return spaced(kept(rows), 0)
