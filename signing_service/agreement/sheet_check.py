"""What is wrong with a form, all of it at once and each thing at its field; or the source files that it makes.

Example::

    composed = compose(sheet, present)
    if not composed.mistakes:
        create_draft(service, officer_id, composed.files)

Fields are called as the form has them: ``reference``, ``title-en``, ``parties-0-name``,
``parties-0-signers-1-title-zh``, ``texts-en``. What belongs to no field stands under ``""``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from signing_service.agreement.markdown import parse_text
from signing_service.agreement.names import check_characters, check_direction, clean_name, mixed_word
from signing_service.agreement.party_names import doubles
from signing_service.agreement.places import countries, time_zones_of
from signing_service.agreement.rules_met import unmet
from signing_service.agreement.sheet import PartySheet, Sheet
from signing_service.agreement.sheet_completed import completed
from signing_service.agreement.sheet_files import own_words, rule_and_names, write_sheet
from signing_service.agreement.source_check import check_source
from signing_service.agreement.terms import ID, LANGUAGE, MAX_LANGUAGES, REFERENCE, VERSION_TEXT
from signing_service.agreement.words import words_for
from signing_service.errors import FormatError, InputError, Phrase, SigningServiceError, all_of

MAX_ZONES_TOLD = 8  # time zones of a country in one message
_IN_FILE = re.compile(r"([A-Za-z-]+)\.md:?(\d*)[: ]+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a field, and what to do."""

    message: str
    hint: str = ""
    more: tuple[Mistake, ...] = ()
    """What else is wrong there."""


@dataclass(frozen=True, slots=True)
class Composed:
    """The source files, empty while there is any mistake."""

    files: Mapping[str, bytes]
    mistakes: Mapping[str, Mistake]


def compose(sheet: Sheet, present: Mapping[str, bytes] | None = None) -> Composed:
    """Make the source of a form without blank rows; ``present`` are the files that it began with."""
    whole = completed(sheet)
    check = _Check(whole, own_words(present or {}))
    check.head()
    check.parties()
    check.texts()
    check.rule(present or {})
    if check.mistakes:
        return Composed({}, check.mistakes)
    files = write_sheet(whole, present)
    try:
        check_source(files)
    except FormatError as error:
        check.of_source(error)
        return Composed({}, check.mistakes)
    return Composed(files, {})


@dataclass(slots=True)
class _Check:
    sheet: Sheet
    words: Mapping[str, Any]
    mistakes: dict[str, Mistake] = field(default_factory=dict)

    def wrong(self, name: str, message: str, hint: str = "") -> None:
        self.mistakes.setdefault(name, Mistake(message, hint))

    def asking(self, name: str, value: str, check: Callable[[str], object]) -> None:
        try:
            check(value)
        except InputError as error:
            self.wrong(name, error.message, error.hint)

    def line(self, name: str, value: str, missing: str) -> None:
        """A line that may not be left out."""
        if not value:
            self.wrong(name, missing)
        else:
            self.asking(name, value, lambda text: clean_name(check_direction(text, what=_LINE), what=_LINE))

    def head(self) -> None:
        sheet = self.sheet
        if not sheet.reference:
            self.wrong("reference", Phrase("give it a number"), Phrase("for example 12C12U/2026"))
        elif not REFERENCE.fullmatch(sheet.reference):
            self.wrong("reference", Phrase("the number is longer than %(limit)s characters", limit=64))
        else:
            self.asking("reference", sheet.reference, lambda text: check_characters(text, what=_LINE))
        if not VERSION_TEXT.fullmatch(sheet.version):
            self.wrong("version", Phrase("write the version like 1.0"))
        if not 0 < len(sheet.languages) <= MAX_LANGUAGES:
            self.wrong("languages", Phrase("choose at least one language"))
        for language in sheet.languages:
            self.line(f"title-{language}", sheet.title.get(language, ""), Phrase("write the title"))
            for name, texts in (("place", sheet.place), ("notice", sheet.notice)):
                if any(texts.values()):
                    missing = Phrase("write it in this language too, or in none")
                    self.line(f"{name}-{language}", texts.get(language, ""), missing)

    def parties(self) -> None:
        parties = self.sheet.parties
        if not any(not party.guest for party in parties):
            self.wrong("parties", Phrase("there is no party that counts"), Phrase("name one that is no guest"))
        for double in doubles((party.name, party.native_name) for party in parties):
            hint = Phrase("it is party %(number)s: name each party once", number=double.first + 1)
            self.wrong(f"parties-{double.index}-{double.member}", Phrase("another party has this name"), hint)
        ids: set[str] = set()
        for index, party in enumerate(parties):
            self.party(f"parties-{index}", party)
            roles = [signer.role for signer in party.signers]
            if not all(map(ID.fullmatch, [party.id, *roles])) or party.id in ids or len(set(roles)) != len(roles):
                self.wrong(f"parties-{index}-name", *_TOO_OLD)  # only programs change ids
            ids.add(party.id)

    def party(self, place: str, party: PartySheet) -> None:
        for name, value in (("name", party.name), ("native_name", party.native_name)):
            self.line(f"{place}-{name}", value, Phrase("write the party's name"))
            word = mixed_word(value)
            if word is not None:
                hint = Phrase("a letter only looks like the others: type the word again with one keyboard")
                self.wrong(f"{place}-{name}", Phrase("%(word)s mixes Latin and other letters", word=word), hint)
        if not LANGUAGE.fullmatch(party.native_language):
            self.wrong(f"{place}-native_language", Phrase("say which language the name is in"), _CHOOSE)
        if not party.country:
            self.wrong(f"{place}-country", Phrase("name the country"))
        elif party.country not in countries("en"):
            self.wrong(f"{place}-country", Phrase("%(text)s is no country", text=party.country), _CHOOSE)
        if not party.time_zone:
            if party.country in countries("en"):
                self.wrong(f"{place}-time_zone", _several(party.country), _CHOOSE)
        elif not _is_zone(party.time_zone):
            self.wrong(f"{place}-time_zone", Phrase("%(text)s is no time zone", text=party.time_zone), _CHOOSE)
        for language in self.sheet.languages:
            if party.country_name.get(language):
                self.line(f"{place}-country_name-{language}", party.country_name[language], "")
            for number, signer in enumerate(party.signers):
                missing = Phrase("write the function of who signs")
                self.line(f"{place}-signers-{number}-title-{language}", signer.title.get(language, ""), missing)

    def rule(self, present: Mapping[str, bytes]) -> None:
        """Whether the parties that are left can meet the rule that the files have; the form does not ask for rules."""
        counted = {party.id: party.name for party in self.sheet.parties if not party.guest}
        rule, before = rule_and_names(present)
        problem = unmet(rule, counted, before) if counted else None
        if problem is not None:
            self.wrong("parties", problem.message, problem.hint)

    def texts(self) -> None:
        for language, text in self.sheet.texts.items():
            if not text:
                self.wrong(f"texts-{language}", Phrase("write the text"))
                continue
            try:
                words = words_for(language, self.words.get(language))
                parse_text(language, f"{language}.md", text.encode(), words, finished=True)
            except FormatError as error:
                self.of_source(error)

    def of_source(self, error: FormatError) -> None:
        """What reading the files says, each thing at the text that it speaks of."""
        for one in all_of(error):
            self._of_text(one)

    def _of_text(self, error: SigningServiceError) -> None:
        match = _IN_FILE.match(error.message)
        if match is None or match[1] not in self.sheet.languages:
            self.wrong("", error.message, error.hint)
            return
        values = error.message.values if isinstance(error.message, Phrase) else {}
        said = values.get("problem", match[3])
        line = int(match[2] or 0)
        whole = Phrase("line %(line)s: %(problem)s", line=line, problem=said) if line else error.message
        name, mistake = f"texts-{match[1]}", Mistake(whole, error.hint)
        known = self.mistakes.get(name)
        self.mistakes[name] = replace(known, more=(*known.more, mistake)) if known else mistake


_LINE = Phrase("the text")
_TOO_OLD = (Phrase("this page is too old to send anything"), Phrase("reload it and try again"))
_CHOOSE = Phrase("choose one of the list")


def _several(country: str) -> Phrase:
    zones = time_zones_of(country)
    if not 1 < len(zones) <= MAX_ZONES_TOLD:
        return Phrase("the country has several time zones")
    return Phrase("the country has several time zones: %(zones)s", zones=", ".join(zones))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
