"""The signature pages: a box for each party, with a signature field for each of its signers, and the secretariat's.

A box is one row, so no party's box is split. The page prints who is to sign; the field's appearance, made when the
act is done, shows who did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from signing_service.agreement.terms import COUNTERSIGNATURE_FIELD
from signing_service.pdf.appearance import LINE_COLOUR, LINE_THICKNESS, MARGIN, line_to_sign_on
from signing_service.pdf.rendering import styles
from signing_service.pdf.rendering.document import Widget
from signing_service.pdf.rendering.rows import Row, kept, on_one_page, spaced, text_line
from signing_service.pdf.rendering.schedule import different, each_once, part_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Party, Terms
    from signing_service.pdf.rendering.segments import Shaper
    from signing_service.pdf.rendering.sheet import Sheet
    from signing_service.pdf.rendering.structure import Element
    from signing_service.pdf.rendering.styles import Paper, TextStyle

FIELD_HEIGHT = 74  # points
PADDING = 9  # inside a box
BOX_SPACE = 12  # between boxes
ROLE_SHARE, ROLE_GAP = 0.34, 12  # of the box's width, and from the names


@dataclass(frozen=True, slots=True)
class FieldSpot:
    """A field inside a box."""

    name: str
    tooltip: str
    role: Sequence[Row]
    """The lines that name the role."""


@dataclass(slots=True, kw_only=True)
class BoxRow(Row):
    """A frame with a caption and one field under another."""

    caption: Sequence[Row]
    beside: Sequence[Row]
    """A single signer's role, right of the caption."""
    fields: Sequence[FieldSpot]
    left: float
    right: float
    element: Element

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw frame, caption and signature lines, and place the fields."""
        with sheet.artifact():
            sheet.frame(self.left, top - self.height, self.right, top, 0.6, styles.PALE)
            sheet.literal(_bar(self.left, top, self.height))
        y = min(_stack(sheet, self.caption, top - PADDING), _stack(sheet, self.beside, top - PADDING))
        for spot in self.fields:
            if not self.beside:
                y = _stack(sheet, spot.role, y)
            bottom = round(y) - FIELD_HEIGHT
            left, right = round(self.left + PADDING), round(self.right - PADDING)
            widget = Widget(spot.name, sheet.page, (left, bottom, right, bottom + FIELD_HEIGHT), spot.tooltip)
            sheet.widgets.append((widget, self.element.add("Form", alternative=spot.tooltip)))
            with sheet.artifact():
                sheet.rule(*line_to_sign_on(left, right, bottom), LINE_THICKNESS, LINE_COLOUR)
            y = bottom


def _stack(sheet: Sheet, rows: Sequence[Row], top: float) -> float:
    """Draw rows below one another and give the lower edge of the last."""
    for row in rows:
        row.draw(sheet, top)
        top -= row.height
    return top


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
        for index, (language, witness) in enumerate(each_once(self._source, self._terms, "witness")):
            style = styles.BODY.speaking(language)
            lines = text_line(
                self._shaper, witness, style, self._paper.left, self._paper.measure, element.add("P", language)
            )
            rows += spaced(kept(lines), 2 if index else 10)
        for party in sorted(self._terms.parties, key=lambda one: one.guest):
            rows.append(on_one_page(self._box(element, party), self._paper, party.name))
        rows.append(self._secretariat(element))
        return rows

    def _box(self, element: Element, party: Party) -> BoxRow:
        section = element.add("Sect")
        names = [(party.native_name, styles.PARTY_NATIVE, party.native_language)]
        if party.name != party.native_name:
            names.append((party.name, styles.PARTY_NAME, "en"))
        languages = self._terms.languages
        roles = []
        for role in party.signers:
            titles = different(role.title)
            if party.guest:
                titles += each_once(self._source, self._terms, "guest")
            tooltip = f"{self._source.words[languages[0]].signatures}: {party.name}, {role.title[languages[0]]}"
            roles.append((f"{party.id}:{role.role}", tooltip, titles))
        return self._framed(section, names, roles)

    def _secretariat(self, element: Element) -> BoxRow:
        names = [
            (text, styles.PARTY_NAME if index else styles.PARTY_NATIVE, language)
            for index, (language, text) in enumerate(each_once(self._source, self._terms, "secretariat"))
        ]
        titles = each_once(self._source, self._terms, "countersignature")
        role = (COUNTERSIGNATURE_FIELD, titles[0][1], titles)
        return self._framed(element.add("Sect"), names, [role])

    def _framed(
        self,
        section: Element,
        names: Sequence[tuple[str, TextStyle, str]],
        roles: Sequence[tuple[str, str, Sequence[tuple[str, str]]]],
    ) -> BoxRow:
        """A box; a single signer's role stands right of the names, those of several above their fields."""
        single = len(roles) == 1
        inner = self._paper.measure - 2 * (PADDING + MARGIN)
        left = self._paper.left + PADDING + MARGIN
        width = inner * (1 - ROLE_SHARE) - ROLE_GAP if single else inner
        caption: list[Row] = []
        for index, (text, style, language) in enumerate(names):
            element = section.add("P" if index else "H2", language)
            caption += text_line(self._shaper, text, style.speaking(language), left, width, element)
        fields = []
        for name, tooltip, titles in roles:
            lines = (
                self._role(section, titles, left + inner * (1 - ROLE_SHARE), inner * ROLE_SHARE)
                if single
                else (self._role_line(section, titles, left, inner))
            )
            fields.append(FieldSpot(name, tooltip, lines))
        beside = fields[0].role if single else ()
        tall = max(sum(line.height for line in caption), sum(line.height for line in beside)) + PADDING + 4
        tall += sum(FIELD_HEIGHT + (0 if single else sum(line.height for line in spot.role)) + 1 for spot in fields)
        return BoxRow(
            height=tall, before=BOX_SPACE, caption=caption, beside=beside, fields=fields, left=self._paper.left,
            right=self._paper.left + self._paper.measure, element=section,
        )  # fmt: skip

    def _role(self, section: Element, titles: Sequence[tuple[str, str]], left: float, width: float) -> list[Row]:
        rows: list[Row] = []
        for language, text in titles:
            style = replace(styles.BOX_ROLE.speaking(language), align="right", leading=styles.BOX_ROLE.leading)
            rows += text_line(self._shaper, text, style, left, width, section.add("P", language))
        return rows

    def _role_line(self, section: Element, titles: Sequence[tuple[str, str]], left: float, width: float) -> list[Row]:
        text = "  ·  ".join(text for _, text in titles)
        return text_line(self._shaper, text, styles.BOX_ROLE, left, width, section.add("P", titles[0][0]))
