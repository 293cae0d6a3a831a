"""The report in its reader's language, by a catalogue of the interface that the caller hands over; reads no file.

    words = Words("zh", mo_bytes)
    words.say("in force since %(time)s", time=moment)     # the report's own words
    words.told(check.message)                             # what a step said; None where it is known in English alone

Verdicts (PASSED, FAILED, INDETERMINATE), hashes, names and moments are the same in every language.
"""

from __future__ import annotations

import re
from gettext import GNUTranslations, NullTranslations
from io import BytesIO

from signing_service.errors import Phrase

ENGLISH = "en"
_PLACEHOLDER = re.compile(r"%\([a-z0-9_]+\)s")


def marked(text: str) -> str:
    """The text as it is; it is marked as one that catalogues translate, as ``_l``."""
    return text


class Words:
    """One language: English without a catalogue."""

    def __init__(self, language: str = ENGLISH, catalogue: bytes = b"") -> None:
        """``language``: its BCP 47 tag. ``catalogue``: the bytes of its ``.mo`` file."""
        self.language = language
        self._found = GNUTranslations(BytesIO(catalogue)) if catalogue else NullTranslations()

    @property
    def comma(self) -> str:
        """Between the parts of a line."""
        return "，" if self.language.startswith("zh") else ", "

    @property
    def colon(self) -> str:
        """Before what a line is about."""
        return "：" if self.language.startswith("zh") else ": "

    def say(self, text: str, **values: object) -> str:
        """Our own words, with their values; in English where the catalogue lacks them."""
        template = self._found.gettext(text)
        return template % values if values else template

    def told(self, text: str) -> str | None:
        """A text that a step made, with its values in the same language; None where it is known in English alone."""
        template, values = (text.template, text.values) if isinstance(text, Phrase) else (text, {})
        found = self._found.gettext(template) if template else ""
        if found == template and self.language != ENGLISH and re.search("[A-Za-z]", _PLACEHOLDER.sub("", template)):
            return None
        if not values:
            return str(text) if found == template else found
        spelled = {name: self._value(value) for name, value in values.items()}
        return found % spelled

    def _value(self, value: object) -> object:
        return (self.told(value) or str(value)) if isinstance(value, Phrase) else value
