"""Parties and representatives from a CSV file, as spreadsheet programs export it.

Example::

    roster = read_roster(data, ("en", "zh"))
    if not roster.errors:
        files["agreement.toml"] = with_parties(files["agreement.toml"], roster)  # roster_file

A row is a signer. The columns, in any order: ``party name native_name native_language country time_zone guest role``,
then for each language ``title.en`` and, if wanted, ``country_name.en``; then the representative, all or none:
``representative representative_native email``, and if wanted ``language authorised_by``. A party's further
rows may leave the party's own cells empty.

Everything wrong is reported at once, with row and column as the spreadsheet counts them; nothing is half taken over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from signing_service.agreement.addresses import check_address
from signing_service.agreement.names import check_direction, clean_name
from signing_service.agreement.party_names import doubles
from signing_service.agreement.places import country_code, language_of
from signing_service.agreement.roster_columns import columns_of, read_rows
from signing_service.agreement.terms import (
    ID,
    LANGUAGE,
    MAX_PARTIES,
    MAX_SIGNERS_PER_PARTY,
    SECRETARIAT,
)
from signing_service.errors import FormatError, InputError, Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_ROWS = MAX_PARTIES * MAX_SIGNERS_PER_PARTY
MAX_ERRORS = 200  # reported; a file in the wrong encoding has one in each cell

PARTY_COLUMNS = ("name", "native_name", "native_language", "country", "time_zone", "guest")
PERSON_COLUMNS = ("representative", "representative_native", "email")
LANGUAGE_COLUMN = "language"
ORGAN_COLUMN = "authorised_by"
YES, NO = ("yes", "true", "1", "x"), ("", "no", "false", "0")

_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would run when the file is opened again


@dataclass(frozen=True, slots=True)
class RosterError:
    """Something wrong in a cell."""

    row: int
    """As the spreadsheet counts: 1 is the row of column names."""
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """A representative to be invited."""

    party: str
    role: str
    name: str
    native_name: str | None
    email: str
    organ: str = ""
    """Who authorised the person; empty where the row does not say."""
    row: int = field(default=0, compare=False)
    """Where it stands, as the spreadsheet counts."""
    language: str = ""
    """Of mails and pages; empty where the row does not say."""


@dataclass(slots=True)
class Roster:
    """What a file says."""

    parties: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, in order: tables as ``agreement.toml`` has them."""
    people: list[RosterPerson] = field(default_factory=list)
    errors: list[RosterError] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    """By signer id: where it stands, as the spreadsheet counts."""


def read_roster(data: bytes, languages: Sequence[str]) -> Roster:
    """Read a CSV file in UTF-8 or UTF-16, its columns parted by comma, semicolon or tab.

    Raises FormatError where it is no such file or lacks a column, LimitError above the limits; what is wrong in
    single cells stands in ``errors``.
    """
    rows = read_rows(data, MAX_ROWS)
    roster = Roster()
    names = columns_of(
        rows[0],
        wanted=("party", *(name for name in PARTY_COLUMNS if name != "guest"), "role", *_each("title", languages)),
        optional=("guest", *PERSON_COLUMNS, LANGUAGE_COLUMN, ORGAN_COLUMN, *_each("country_name", languages)),
    )
    for number, cells in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in cells):
            row = _Row(number, dict(zip(names, cells, strict=False)), roster, languages)
            if len(cells) > len(names):
                row.complain(
                    "", "the row has %(cells)s cells for %(columns)s columns", cells=len(cells), columns=len(names)
                )
            row.read()
    _complain_of_doubles(roster)
    if not roster.parties and not roster.errors:
        raise FormatError("the file names no party")
    return roster


def _complain_of_doubles(roster: Roster) -> None:
    """Complain, at a party's first row, of a name that another party has already."""
    first: dict[str, int] = {}
    for signer, row in roster.rows.items():
        first.setdefault(signer.partition(":")[0], row)
    parties = list(roster.parties.values())
    for double in doubles((party["name"], party["native_name"]) for party in parties):
        there, here = (first[parties[index]["id"]] for index in (double.first, double.index))
        if len(roster.errors) < MAX_ERRORS:
            told = Phrase("the party of row %(row)s has this name already", row=there)
            roster.errors.append(RosterError(here, double.member, told))


def _each(column: str, languages: Sequence[str]) -> list[str]:
    return [f"{column}.{language}".lower() for language in languages]


@dataclass(slots=True)
class _Row:
    """One row while it is read into the roster."""

    number: int
    cells: Mapping[str, str]
    roster: Roster
    languages: Sequence[str]

    def complain(self, column: str, message: str, **values: object) -> None:
        if len(self.roster.errors) < MAX_ERRORS:
            told = Phrase(message, **values) if values else message
            self.roster.errors.append(RosterError(self.number, column, told))

    def read(self) -> None:
        party_id = self._matching("party", ID, "%(text)s is not small letters, digits and hyphens, as njupt")
        role = self._matching("role", ID, "%(text)s is not small letters, digits and hyphens, as president")
        if party_id == SECRETARIAT.partition(":")[0]:
            self.complain("party", "%(party)s is the depositary, not a party", party=party_id)
        party = self.roster.parties.get(party_id)
        if party is None:
            party = self._party(party_id)
            self.roster.parties[party_id] = party
        else:
            self._repeated(party)
        titles = {language: self._name(f"title.{language}") for language in self.languages}
        first = self.roster.rows.setdefault(f"{party_id}:{role}", self.number)
        if first != self.number:
            said = {"party": party_id, "role": role, "row": first}
            self.complain("role", "row %(row)s has the role %(role)s of %(party)s already", **said)
        if len(party["signers"]) == MAX_SIGNERS_PER_PARTY:
            limit = MAX_SIGNERS_PER_PARTY
            self.complain("party", "%(party)s has more than %(limit)s signers", party=party_id, limit=limit)
        party["signers"].append({"role": role, "title": titles})
        self._person(party_id, role)

    def _party(self, party_id: str) -> dict[str, Any]:
        if len(self.roster.parties) == MAX_PARTIES:
            self.complain("party", "there are more than %(limit)s parties", limit=MAX_PARTIES)
        guest = self._cell("guest").lower()
        if guest not in YES + NO:
            self.complain("guest", "%(text)s is neither yes nor no", text=repr(guest))
        name, country = self._name("name"), self._country()
        native_name, native_language = self._native(name, country)
        party: dict[str, Any] = {
            "id": party_id,
            "name": name,
            "native_name": native_name,
            "native_language": native_language,
            "country": country,
            "time_zone": self._zone(),
            "guest": guest in YES,
            "signers": [],
        }
        if all(self._cell(f"country_name.{language}") for language in self.languages):
            party["country_name"] = {language: self._name(f"country_name.{language}") for language in self.languages}
        return party

    def _native(self, name: str, country: str) -> tuple[str, str]:
        """The name in its own script, and its language; where the cells are empty the same as in the form."""
        native = self._name("native_name") if self._cell("native_name") else name
        spoken = language_of(country) if native != name else "en"
        if spoken and not self._cell("native_language"):
            return native, spoken
        return native, self._matching("native_language", LANGUAGE, "%(text)s is not a tag like th or zh-Hant")

    def _repeated(self, party: Mapping[str, Any]) -> None:
        for column in PARTY_COLUMNS:
            said = self._cell(column)
            meant = country_code(said, self.languages) if column == "country" else said
            if said and column != "guest" and meant != party[column]:
                self.complain(column, "%(party)s was %(known)s above", party=party["id"], known=repr(party[column]))

    def _person(self, party: str, role: str) -> None:
        organ = self._name(ORGAN_COLUMN) if self._cell(ORGAN_COLUMN) else ""
        if not any(self._cell(column) for column in PERSON_COLUMNS):
            if organ:
                self.complain(ORGAN_COLUMN, "the row names nobody who is authorised")
            return
        native = self._name("representative_native") if self._cell("representative_native") else None
        name = self._name("representative")
        if self._is_empty("email"):
            return
        try:
            email = check_address(self._cell("email"))
            person = RosterPerson(party, role, name, native, email, organ, self.number, self._cell(LANGUAGE_COLUMN))
            self.roster.people.append(person)
        except InputError as error:
            self.complain("email", error.message)

    def _cell(self, column: str) -> str:
        return self.cells.get(column.lower(), "").strip()

    def _is_empty(self, column: str) -> bool:
        """Whether a cell that must not be empty is, and complain of it."""
        if not self._cell(column):
            self.complain(column, "the cell is empty")
        return not self._cell(column)

    def _name(self, column: str) -> str:
        text = self._cell(column)
        if self._is_empty(column):
            return text
        try:
            if text.startswith(_FORMULA):
                raise FormatError("%(text)s begins like a formula", text=repr(text[:20]))
            return clean_name(check_direction(text, what="the text"), what="the text")
        except FormatError as error:
            self.complain(column, error.message)
            return text

    def _matching(self, column: str, pattern: re.Pattern[str], otherwise: str) -> str:
        text = self._cell(column)
        if not self._is_empty(column) and not pattern.fullmatch(text):
            self.complain(column, otherwise, text=repr(text))
        return text

    def _country(self) -> str:
        text = self._cell("country")
        code = country_code(text, self.languages)
        if not self._is_empty("country") and not code:
            self.complain("country", "%(text)s is no country; write its two letters or its name", text=repr(text))
        return code or text

    def _zone(self) -> str:
        name = self._cell("time_zone")
        if self._is_empty("time_zone"):
            return name
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.complain("time_zone", "%(text)s is not a time zone like Asia/Bangkok", text=repr(name))
        return name
