"""The schedule of parties: a table with each party in both its names, its country and through whom it signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.rows import Row, kept, spaced, text_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Party, Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

COLUMNS = (0.06, 0.56, 0.19, 0.19)  # of the measure: number, party, country, signers
CELL_GAP = 8  # points between columns
PADDING = 6  # above and below the text of a row


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
        edges = [0.0]
        for share in COLUMNS:
            edges.append(edges[-1] + share * paper.measure)
        self._lefts = [paper.left + edge for edge in edges[:-1]]
        self._widths = [share * paper.measure - CELL_GAP for share in COLUMNS]

    def rows(self, element: Element) -> list[Row]:
        """Title, column heads and a row for each party; guests after the others."""
        rows = part_title(self._source, self._terms, self._shaper, self._paper, element, "parties")
        table = element.add("Table")
        rows += [self._heads(table)]
        rows[-1].before = 18
        rows[-1].keep = True
        ordered = sorted(self._terms.parties, key=lambda party: party.guest)
        for index, party in enumerate(ordered, 1):
            rows.append(self._party(table, index, party))
        return rows

    def _heads(self, table: Element) -> TableRow:
        row = table.add("TR")
        columns: list[list[tuple[str, TextStyle, str]]] = [[]]
        for name in ("party", "country", "signers"):
            texts = each_once(self._source, self._terms, name)
            columns.append([(text, styles.COLUMN_HEAD, language) for language, text in texts])
        return self._row(row, ["", "Column", "Column", "Column"], columns, 0.8)

    def _party(self, table: Element, index: int, party: Party) -> TableRow:
        row = table.add("TR")
        languages = self._terms.languages
        countries = self._source.countries.get(party.id, {languages[0]: party.country})
        party_lines = [(party.native_name, styles.PARTY_NATIVE, party.native_language)]
        if party.name != party.native_name:
            party_lines.append((party.name, styles.PARTY_NAME, "en"))
        if party.guest:
            guest = "  ·  ".join(text for _, text in each_once(self._source, self._terms, "guest"))
            party_lines.append((guest, styles.CELL_SMALL, languages[0]))
        columns: list[list[tuple[str, TextStyle, str]]] = [
            [(str(index), styles.CELL, languages[0])],
            party_lines,
            [(text, styles.CELL, language) for language, text in different(countries)],
            [(text, styles.CELL, language) for role in party.signers for language, text in different(role.title)],
        ]
        return self._row(row, ["", "Row", "", ""], columns, 0.4)

    def _row(
        self,
        row: Element,
        scopes: Sequence[str],
        columns: Sequence[Sequence[tuple[str, TextStyle, str]]],
        thickness: float,
    ) -> TableRow:
        cells: list[tuple[float, Sequence[Row]]] = []
        for scope, left, width, column in zip(scopes, self._lefts, self._widths, columns, strict=True):
            cell = row.add("TH", attributes={"O": "Table", "Scope": scope}) if scope else row.add("TD")
            lines: list[Row] = []
            for text, style, language in column:
                spoken = style.speaking(language)
                lines += text_line(self._shaper, text, spoken, left, width, cell.add("P", language))
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
