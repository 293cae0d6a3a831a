"""Errors and other phrases in the reader's language.

They are made in English, far below the pages: as an error's message and hint, or as a Phrase. Where people meet them
their templates are in the catalogues (tests/web/messages.py gathers them); any other text is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from babel import Locale
from babel.dates import format_date, format_skeleton, get_datetime_format
from flask_babel import get_locale, gettext
from markupsafe import Markup

from signing_service.errors import Phrase

_WIDE = "。！？：；，、）」』"


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
    return format_date(value, "long", locale=written(get_locale())) if isinstance(value, date) else value


def day_and_minute(value: datetime, locale: Locale | None = None) -> str:
    """A moment of whatever zone it is in, in the interface's language; in Thai with its era, as in mails."""
    spelled = written(locale or get_locale())
    in_thai = spelled.language == "th"
    day = format_date(value, "long", spelled) if in_thai else format_skeleton("yMMMMd", value, locale=spelled)
    return str(get_datetime_format("medium", locale=spelled)).format(f"{value:%H:%M}", day)


def written(locale: Locale | None) -> Locale:
    """How a language's dates are written: in English with the day before the month."""
    return Locale("en", "GB") if locale is None or locale.language == "en" else locale


def gap(before: str = "") -> str:
    """What stands between a sentence and the next: nothing after 。 and its like, which are as wide as a space already.

    Without the sentence before: what its language needs. Thai, which has no full stop, needs the space more than most.
    """
    wide = before[-1] in _WIDE if before else (get_locale() or Locale("en")).language == "zh"
    return "" if wide else " "


def joined(*sentences: str) -> str:
    """Sentences one after the other, without those that are empty; Markup where any of them is."""
    told = [one for one in sentences if one]
    gaps = [gap(one.striptags() if isinstance(one, Markup) else one) for one in told[:-1]] + [""]
    parts = [part for pair in zip(told, gaps, strict=True) for part in pair]
    return Markup("").join(parts) if any(isinstance(one, Markup) for one in told) else "".join(parts)


def listed(texts: Iterable[str]) -> str:
    """Names or other words one after the other, with the sign that the interface's language puts between them."""
    return ("、" if (get_locale() or Locale("en")).language == "zh" else ", ").join(texts)
