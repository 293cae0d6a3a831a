"""An agreement's form on its way in and out: what was typed as a Sheet, and the words that its fields offer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from babel import Locale
from flask_babel import get_locale

from signing_service.agreement import places
from signing_service.agreement.sheet import PartySheet, Sheet, SignerSheet
from signing_service.agreement.sheet_check import Mistake
from signing_service.agreement.sheet_files import own_words, plain_text
from signing_service.agreement.terms import LANGUAGE, MAX_LANGUAGES, MAX_PARTIES, MAX_SIGNERS_PER_PARTY
from signing_service.agreement.words import BUILT_IN
from signing_service.web.error_words import joined
from signing_service.web.presentation import language_name, language_tag, sentence

_ROW = re.compile(r"parties-(\d{1,3})-(?:signers-(\d)-)?")
_WORD_BREAK = "\u200b"  # invisible in names

Values = Mapping[str, str]


def typed(form: Any) -> Sheet:
    """What was sent, spaces tidied and names of countries and languages turned into their codes."""
    chosen = (tag for tag in dict.fromkeys(form.getlist("languages")) if LANGUAGE.fullmatch(tag))
    languages = tuple(chosen)[:MAX_LANGUAGES]  # each party has texts in all of them
    values: Values = {name: _line(form[name]) for name in form if not name.startswith("texts-")}
    rows: dict[int, int] = {}
    for match in filter(None, map(_ROW.match, form)):
        rows[int(match[1])] = max(rows.get(int(match[1]), 0), int(match[2] or 0))
    tongues = _codes(_tongues)
    return Sheet(
        reference=values.get("reference", ""),
        version=values.get("version", ""),
        languages=languages,
        title=_texts(values, "title", languages),
        place=_texts(values, "place", languages),
        notice=_texts(values, "notice", languages),
        paper="Letter" if values.get("paper") == "Letter" else "A4",
        parties=tuple(
            _party(values, index, min(rows[index] + 1, MAX_SIGNERS_PER_PARTY), languages, tongues)
            for index in sorted(rows)[: MAX_PARTIES + 1]
        ),
        texts={language: plain_text(form.get(f"texts-{language}", "")) for language in languages},
    )


def _party(values: Values, index: int, signers: int, languages: tuple[str, ...], tongues: Values) -> PartySheet:
    place = f"parties-{index}-"

    def of(name: str) -> str:
        return values.get(place + name, "")

    return PartySheet(
        id=of("id"),
        name=of("name"),
        native_name=of("native_name"),
        native_language=tongues.get(of("native_language").casefold(), of("native_language")),
        country=places.country_code(of("country"), (_here(), *languages)) or of("country"),
        time_zone=of("time_zone").replace(" ", "_"),
        guest=bool(of("guest")),
        country_name=_texts(values, f"{place}country_name", languages),
        signers=tuple(
            SignerSheet(of(f"signers-{number}-role"), _texts(values, f"{place}signers-{number}-title", languages))
            for number in range(signers)
        ),
    )


def _line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.replace(_WORD_BREAK, "").split()))


def _texts(values: Values, name: str, languages: Iterable[str]) -> dict[str, str]:
    return {language: values.get(f"{name}-{language}", "") for language in languages}


def _here() -> str:
    return language_tag(get_locale() or Locale("en"))


def _tongues(language: str) -> Values:
    """The names of languages in a language, of those whose tags have no script or region."""
    names = Locale.parse(language, sep="-").languages
    return {tag: name for tag, name in names.items() if len(tag) == 2 or tag in ("fil", "zh-Hant")}


def _codes(names: Any) -> Values:
    """Codes by what people type for them: the name in the interface's language or in English, or the code itself."""
    found: dict[str, str] = {}
    for language in ("en", _here()):
        found |= {name.casefold(): code for code, name in names(language).items()}
    return found | {code.casefold(): code for code in names("en")}


@dataclass(frozen=True, slots=True)
class FormPage:
    """What the template asks of a sheet: its fields' words and mistakes, and what they offer."""

    sheet: Sheet
    mistakes: Mapping[str, Mistake]
    focus: str
    """The field that the browser goes to."""
    offered: tuple[tuple[str, str], ...]
    """Languages that the texts may be in: tag and own name; those chosen come first."""

    def error(self, name: str) -> str:
        """What is wrong at a field, in the interface's language; the first thing of several."""
        return next(iter(self.errors(name)), "")

    def errors(self, name: str) -> list[str]:
        """Everything that is wrong at a field."""
        first = self.mistakes.get(name)
        of_field = (first, *first.more) if first else ()
        return [joined(sentence(mistake.message), sentence(mistake.hint)) for mistake in of_field]

    def is_open(self, index: int) -> bool:
        """Whether a party's row is shown unfolded."""
        asked = (self.focus, *self.mistakes)
        return not self.sheet.parties[index].name or any(name.startswith(f"parties-{index}-") for name in asked)

    def has_mistake(self, *beginnings: str) -> bool:
        """Whether something is wrong at a field whose name begins so."""
        return any(name.startswith(beginnings) for name in self.mistakes)

    def country(self, code: str) -> str:
        """A country as people type it."""
        return places.countries(_here()).get(code, code)

    def tongue(self, tag: str) -> str:
        """A language as people type it."""
        return _tongues(_here()).get(tag, tag)

    @property
    def countries(self) -> list[str]:
        return sorted(places.countries(_here()).values())

    @property
    def tongues(self) -> list[str]:
        return sorted(_tongues(_here()).values())

    @property
    def zones(self) -> tuple[str, ...]:
        return places.time_zones()


def form_page(
    sheet: Sheet, present: Mapping[str, bytes], mistakes: Mapping[str, Mistake] | None = None, focus: str = ""
) -> FormPage:
    """The page of a sheet; the browser goes to ``focus``, else to the first mistake."""
    mistakes = mistakes or {}
    tags = dict.fromkeys((*sheet.languages, *own_words(present), *BUILT_IN))
    offered = tuple((tag, language_name(tag)) for tag in tags)
    rows = sheet if sheet.parties else replace(sheet, parties=(PartySheet(),))
    return FormPage(rows, mistakes, focus or next(filter(None, mistakes), ""), offered)
