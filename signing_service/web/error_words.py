"""Errors and other phrases in the reader's language.

They are made in English, far below the pages: as an error's message and hint, or as a Phrase. Where people meet them
their templates are in the catalogues (tests/web/messages.py gathers them); any other text is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from babel import Locale
from babel.dates import format_skeleton, get_datetime_format
from flask_babel import format_date, get_locale, gettext

from signing_service.errors import Phrase


def translated(text: str) -> str:
    """A phrase or an error's message or hint in the interface's language."""
    return spoken(text, gettext) if text else ""


def spoken(text: str, gettext: Callable[[str], str]) -> str:
    """The same by another catalogue's ``gettext``; values are shown as that language writes them."""
    if not isinstance(text, Phrase):
        return str(gettext(text))
    values = {name: _shown(value, gettext) for name, value in text.values.items()}
    template = str(gettext(text.template))
    return template % values if values else template


def _shown(value: object, gettext: Callable[[str], str]) -> object:
    if isinstance(value, Phrase):
        return spoken(value, gettext)
    if isinstance(value, datetime):
        return f"{day_and_minute(value.astimezone(UTC))} UTC"
    return format_date(value, "long") if isinstance(value, date) else value


def day_and_minute(value: datetime, locale: Locale | None = None) -> str:
    """A moment of whatever zone it is in, in the interface's language."""
    locale = locale or get_locale() or Locale("en")
    spelled = Locale("en", "GB") if locale.language == "en" else locale  # the day before the month
    day = format_skeleton("yMMMMd", value, locale=spelled)
    return str(get_datetime_format("medium", locale=spelled)).format(f"{value:%H:%M}", day)


def listed(texts: Iterable[str]) -> str:
    """Names or other words one after the other, with the sign that the interface's language puts between them."""
    return ("、" if (get_locale() or Locale("en")).language == "zh" else ", ").join(texts)
