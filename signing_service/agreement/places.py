"""What a country's code stands for, as the Unicode consortium has it: its names, its clocks, its language."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from zoneinfo import available_timezones

from babel import Locale
from babel.core import UnknownLocaleError, get_global
from babel.languages import get_official_languages

_ASIDE = re.compile(r"\s*[(（].*[)）]$")  # the other name that Babel adds: Myanmar (Burma)


@functools.cache
def countries(language: str) -> Mapping[str, str]:
    """The countries' names in a language, by the two letters of ISO 3166; empty for a language without any."""
    try:
        territories = Locale.parse(language, sep="-").territories
    except (ValueError, LookupError, UnknownLocaleError):
        return {}
    known = set(get_global("zone_territories").values())
    return {code: _ASIDE.sub("", name) for code, name in territories.items() if code in known}


def country_names(code: str, languages: Iterable[str]) -> dict[str, str]:
    """A country's name in each language; in English, or its code, where a language has none for it."""
    english = countries("en").get(code, code)
    return {language: countries(language).get(code, english) for language in languages}


def country_code(text: str, languages: Iterable[str]) -> str:
    """The two letters of the country that somebody means by them or by its name in English or one of these languages.

    Empty where there is no such country.
    """
    wanted = " ".join(text.split()).casefold()
    return next((codes[wanted] for codes in map(_codes, ("en", *languages)) if wanted in codes), "")


@functools.cache
def _codes(language: str) -> Mapping[str, str]:
    """Codes by what people write for a country, in small letters: its code, its name, that with the other name."""
    names = countries(language)
    whole = Locale.parse(language, sep="-").territories if names else {}
    found = {whole[code].casefold(): code for code in names}
    return found | {name.casefold(): code for code, name in names.items()} | {code.casefold(): code for code in names}


@functools.cache
def time_zones() -> tuple[str, ...]:
    """The IANA names that places go by."""
    return tuple(sorted(set(get_global("zone_territories")) & available_timezones()))


def time_zones_of(code: str) -> tuple[str, ...]:
    """The time zones of a country."""
    territories: Mapping[str, str] = get_global("zone_territories")
    return tuple(zone for zone in time_zones() if territories.get(zone) == code)


def language_of(code: str) -> str:
    """A country's official language; empty where it has several, or none by law."""
    spoken = get_official_languages(code, regional=False, de_facto=True)
    return spoken[0] if len(spoken) == 1 else ""
