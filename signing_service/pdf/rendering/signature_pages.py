"""The signature pages: a box for each party, with a signature field for each of its signers, and the secretariat's.

A box is one row, so no party's box is split. The page prints who is to sign; the field's appearance, made when the
act is done, shows who did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing_service.agreement.terms import COUNTERSIGNATURE_FIELD
from signing_service.pdf.appearance import MARGIN, MARK_SHARE
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.document import Widget
from signing_service.pdf.rendering.rows import Row, kept, spaced, text_line
from signing_service.pdf.rendering.schedule import part_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Party, Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper

FIELD_HEIGHT = 74  # points
PADDING = 9  # inside a box
BOX_SPACE = 13  # between boxes


@dataclass(frozen=True, slots=True)
class FieldSpot:
    """A field inside a box."""

    name: str
    tooltip: str
    role: Sequence[Row]
    """The line that names the role, above the field."""


@dataclass(slots=True, kw_only=True)
class BoxRow(Row):
    """A frame with a caption and one field under another."""

    caption: Sequence[Row]
    fields: Sequence[FieldSpot]
    left: float
    right: float
    element: Element

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw frame, caption and signature lines, and place the fields."""
        with sheet.artifact():
            sheet.frame(self.left, top - self.height, self.right, top, 0.6, styles.PALE)
            sheet.literal(_bar(self.left, top, self.height))
        y = top - PADDING
        for line in self.caption:
            line.draw(sheet, y)
            y -= line.height
        for spot in self.fields:
            for line in spot.role:
                line.draw(sheet, y)
                y -= line.height
            bottom = round(y) - FIELD_HEIGHT
            left, right = round(self.left + PADDING), round(self.right - PADDING)
            widget = Widget(spot.name, sheet.page, (left, bottom, right, bottom + FIELD_HEIGHT), spot.tooltip)
            sheet.widgets.append((widget, self.element.add("Form", alternative=spot.tooltip)))
            with sheet.artifact():
                end = left + (right - left) * MARK_SHARE - MARGIN
                sheet.rule(left + MARGIN, end, bottom + MARGIN, 0.5, styles.GREY)
            y = bottom


def _bar(left: float, top: float, height: float) -> str:
    """A thin bar in ink along the left edge of a box."""
    colour = " ".join(str(part) for part in styles.INK)
    return f"{colour} rg {left:.2f} {top - height:.2f} 2.4 {height:.2f} re f"


class SignatureSetter:
    """Sets the signature pages."""

    def __init__(self, source: Source, terms: Terms, shaper: Shaper, paper: Paper) -> None:
        self._source, self._terms = source, terms
        self._shaper, self._paper = shaper, paper

    def rows(self, element: Element) -> list[Row]:
        """Title, the boxes of parties, then of guests, then the secretariat's."""
        rows = part_title(self._source, self._terms, self._shaper, self._paper, element, "signatures")
        for index, language in enumerate(self._terms.languages):
            style = styles.BODY.speaking(language)
            witness = self._source.words[language].witness
            lines = text_line(
                self._shaper, witness, style, self._paper.left, self._paper.measure, element.add("P", language)
            )
            rows += spaced(kept(lines), 4 if index else 14)
        for party in sorted(self._terms.parties, key=lambda one: one.guest):
            rows.append(self._box(element, party))
        rows.append(self._secretariat(element))
        return rows

    def _box(self, element: Element, party: Party) -> BoxRow:
        section = element.add("Sect")
        caption = self._lines(section, party.native_name, styles.PARTY_NATIVE, party.native_language)
        if party.name != party.native_name:
            caption += self._lines(section, party.name, styles.PARTY_NAME, "en")
        first = self._terms.languages[0]
        fields = []
        for role in party.signers:
            titles = [role.title[language] for language in self._terms.languages]
            if party.guest:
                titles += [self._source.words[language].guest for language in self._terms.languages]
            tooltip = f"{self._source.words[first].signatures}: {party.name}, {role.title[first]}"
            line = self._lines(section, "  ·  ".join(titles), styles.BOX_ROLE, first)
            fields.append(FieldSpot(f"{party.id}:{role.role}", tooltip, line))
        return self._framed(section, caption, fields)

    def _secretariat(self, element: Element) -> BoxRow:
        section = element.add("Sect")
        languages = self._terms.languages
        caption: list[Row] = []
        for language in languages:
            caption += self._lines(section, self._source.words[language].secretariat, styles.PARTY_NATIVE, language)
        role = "  ·  ".join(self._source.words[language].countersignature for language in languages)
        tooltip = f"{self._source.words[languages[0]].countersignature}"
        spot = FieldSpot(COUNTERSIGNATURE_FIELD, tooltip, self._lines(section, role, styles.BOX_ROLE, languages[0]))
        return self._framed(section, caption, [spot])

    def _lines(self, section: Element, text: str, style: styles.TextStyle, language: str) -> list[Row]:
        left = self._paper.left + PADDING + MARGIN
        width = self._paper.measure - 2 * (PADDING + MARGIN)
        return text_line(self._shaper, text, style.speaking(language), left, width, section.add("P", language))

    def _framed(self, section: Element, caption: Sequence[Row], fields: Sequence[FieldSpot]) -> BoxRow:
        tall = sum(line.height for line in caption) + PADDING + 6
        tall += sum(FIELD_HEIGHT + sum(line.height for line in spot.role) + 1 for spot in fields)
        return BoxRow(
            height=tall, before=BOX_SPACE, caption=caption, fields=fields, left=self._paper.left,
            right=self._paper.left + self._paper.measure, element=section,
        )  # fmt: skip
