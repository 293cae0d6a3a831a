"""An agreement as a form has it: texts as somebody typed them, right or not yet, in rows that come and go.

Example::

    sheet = read_sheet(files)                      # sheet_files: a draft's present files
    sheet = after(sheet, "add-party")              # one more blank row
    composed = compose(sheet, files)               # sheet_check: the files again, or what is wrong at which field

Nothing here judges what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from signing_service.agreement.terms import MAX_PARTIES, MAX_SIGNERS_PER_PARTY

_STEP = re.compile(r"(add-party|(?:remove|raise|add-signer)-(\d{1,3})|remove-signer-(\d{1,3})-(\d))")


@dataclass(frozen=True, slots=True)
class SignerSheet:
    """A signature of a party."""

    role: str = ""
    """The id that it has in the source; empty while it has none."""
    title: Mapping[str, str] = field(default_factory=dict)
    """The function of who signs, in each language."""

    @property
    def is_blank(self) -> bool:
        return not any(self.title.values())


@dataclass(frozen=True, slots=True)
class PartySheet:
    """A row for a party."""

    id: str = ""
    """What the source calls it; empty while it has no id."""
    name: str = ""
    native_name: str = ""
    native_language: str = ""
    country: str = ""
    time_zone: str = ""
    guest: bool = False
    country_name: Mapping[str, str] = field(default_factory=dict)
    """As it is printed, in each language; what is empty is filled in."""
    signers: tuple[SignerSheet, ...] = (SignerSheet(),)

    @property
    def is_blank(self) -> bool:
        typed = (self.name, self.native_name, self.native_language, self.country, self.time_zone)
        signed = all(signer.is_blank for signer in self.signers)
        return signed and not any(typed) and not any(self.country_name.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of the form."""

    reference: str = ""
    version: str = "1.0"
    languages: tuple[str, ...] = ("en",)
    """In the order of print."""
    title: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    """Where and when it is done, in each language or in none."""
    notice: Mapping[str, str] = field(default_factory=dict)
    paper: str = "A4"
    parties: tuple[PartySheet, ...] = (PartySheet(), PartySheet())
    texts: Mapping[str, str] = field(default_factory=dict)
    """By language; lines end with a line feed."""

    def without_blank_rows(self) -> Sheet:
        """The same without rows in which nothing is typed, but for a party's only signature."""
        kept = (party for party in self.parties if not party.is_blank)
        return replace(self, parties=tuple(map(_without_blank_signers, kept)))

    def of_next_version(self) -> Sheet:
        """The same under the version that follows: 1.1 after 1.0, 3 after 2, "final 2" after "final"."""
        number = re.search(r"[0-9]+$", self.version)
        if number is None:
            return replace(self, version=f"{self.version} 2".strip())
        return replace(self, version=f"{self.version[: number.start()]}{int(number[0]) + 1}")


def _without_blank_signers(party: PartySheet) -> PartySheet:
    return replace(party, signers=tuple(one for one in party.signers if not one.is_blank) or party.signers[:1])


def after(sheet: Sheet, step: str) -> Sheet:
    """The sheet after a step with its rows; the same for a step that there is not, or that finds no such row.

    ``add-party`` · ``remove-3`` · ``raise-3`` (before the one above) · ``add-signer-3`` · ``remove-signer-3-1``;
    rows count from 0.
    """
    match = _STEP.fullmatch(step)
    if match is None:
        return sheet
    if step == "add-party":
        more = (PartySheet(),) if len(sheet.parties) < MAX_PARTIES else ()
        return replace(sheet, parties=sheet.parties + more)
    rows, index = list(sheet.parties), int(match[2] or match[3])
    if index >= len(rows):
        return sheet
    if step.startswith("remove-signer"):
        signers = tuple(one for number, one in enumerate(rows[index].signers) if number != int(match[4]))
        rows[index] = replace(rows[index], signers=signers or (SignerSheet(),))
    elif step.startswith("add-signer"):
        more_signers = (SignerSheet(),) if len(rows[index].signers) < MAX_SIGNERS_PER_PARTY else ()
        rows[index] = replace(rows[index], signers=rows[index].signers + more_signers)
    elif step.startswith("remove"):
        del rows[index]
    elif index:
        rows[index - 1 : index + 1] = rows[index], rows[index - 1]
    return replace(sheet, parties=tuple(rows))
