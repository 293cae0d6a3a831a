"""What templates say about values: times, states, error messages, the ring of signatures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import segno
from babel import Locale
from babel.dates import format_date
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from signing_service.agreement.terms import Terms
from signing_service.errors import Phrase
from signing_service.web.error_words import day_and_minute, gap, joined, listed, translated, written
from signing_service.workflow.moments import city, with_place

_ASIDE = re.compile(r"\s*[(（].*[)）]$")  # the other name that Babel adds: Myanmar (Burma)
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:[ ,;:]|$)")
_FULL_STOPS = {"zh": "。", "th": ""}  # and "." in all other languages
HALL_COLUMNS = (1, 2, 3, 2, 3, 3, 4, 4, 3, 4, 4, 4)  # for 1 to 12 parties, which a projector shows as full cards
RING_RADIUS = 27  # units of the ring's 64 × 64 view box


def moment(value: datetime, zone: str | None = None) -> Markup:
    """A time in UTC, beside which the page's script puts the viewer's own; with an IANA zone as it was there instead.

    The place is named then, and counts: ``11 Apr 2025, 12:00 (Shanghai; 04:00 UTC)``.
    """
    stamp = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if zone is None:
        utc = day_and_minute(value.astimezone(UTC))
        return Markup('<time datetime="{}" data-beside>{} UTC</time>').format(stamp, utc)
    text = with_place(value.astimezone(ZoneInfo(zone)), city_name(zone), day_and_minute)
    return Markup('<time datetime="{}">{}</time>').format(stamp, text)


def day(value: date) -> str:
    """A date in the interface's language."""
    return format_date(value, "long", locale=written(get_locale()))


def sentence(text: str) -> str:
    """An error's message or hint as a sentence, translated: a capital letter in front, a full stop behind.

    Markup, where a moment stands in it.
    """
    if not text:
        return ""
    text = _with_moments(text) if isinstance(text, Phrase) and _has_moments(text) else translated(text)
    whole = text[0].upper() + text[1:] if _WORD.match(text) else text  # a file's name keeps its spelling
    stop = _FULL_STOPS.get(str(get_locale() or "en"), ".")
    return whole if whole[-1] in ".!?。！？" else whole + stop


def _has_moments(phrase: Phrase) -> bool:
    return any(
        isinstance(value, datetime) or (isinstance(value, Phrase) and _has_moments(value))
        for value in phrase.values.values()
    )


def _with_moments(phrase: Phrase) -> Markup:
    values: dict[str, object] = {}
    for name, value in phrase.values.items():
        if isinstance(value, Phrase):
            values[name] = _with_moments(value)
        elif isinstance(value, datetime):
            values[name] = moment(value)
        else:
            values[name] = day(value) if isinstance(value, date) else value
    template = escape(_(phrase.template))
    return template % values if values else template


def dialled(telephone: str) -> str:
    """A telephone number as a link calls it (RFC 3966)."""
    return "".join(character for character in telephone if character in "+0123456789")


def language_tag(locale: Locale) -> str:
    """A locale as HTML's lang attribute wants it."""
    return str(locale).replace("_", "-")


def language_name(tag: str) -> str:
    """A language in its own words: 中文, English."""
    return Locale.parse(tag, sep="-").get_display_name() or tag


def country_name(code: str, printed: Mapping[str, str] | None = None) -> str:
    """A country in the interface's language: as the agreement itself prints it, else as Babel has it, else its code.

    ``printed``: the name in each language of the agreement. What the parties call themselves there is not ours to
    change.
    """
    own = (printed or {}).get(language_tag(get_locale() or Locale("en")))
    if own:
        return own
    territories: Mapping[str, str] = (get_locale() or Locale("en")).territories
    return _ASIDE.sub("", territories.get(code, code))


def city_name(zone: str) -> str:
    """The city of a time zone in the interface's language."""
    return city(zone, language_tag(get_locale() or Locale("en")))


def in_language(texts: Mapping[str, str], first: str | None = None) -> str:
    """The text in the interface's language, else in ``first``, else in English, else in any."""
    wanted = (language_tag(get_locale() or Locale("en")), first or "en", "en")
    return next((texts[tag] for tag in wanted if tag in texts), next(iter(texts.values())))


def groups(text: str, size: int = 8) -> str:
    """A digest in groups that can be read aloud and compared."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def state_word(state: str, terms: Terms) -> str:
    """The state of an agreement of those terms, as people say it."""
    enough = terms.rules.signatures.kind == "at-least"
    words = {
        "draft": _("Draft"),
        "open": _("Open for signature"),
        "complete": _("Signed by enough parties") if enough else _("Signed by all required parties"),
        "in-force": _("In force"),
        "withdrawn": _("Withdrawn"),
        "superseded": _("Replaced by a corrected version"),
        "expired": _("Closed without all signatures"),
    }
    return str(words[state])


def state_mark(state: str) -> str:
    """The icon that goes with a state."""
    marks = {"draft": "waiting", "open": "now", "complete": "done", "in-force": "done"}
    return marks.get(state, "failed")


def office_word(office: str) -> str:
    """An office of the service, as people say it."""
    words = {"officer": _("Officer"), "lead-officer": _("Lead officer"), "operator": _("Operator")}
    return str(words[office])


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def ring_points(total: int) -> list[tuple[float, float]]:
    """Where the ring's dots stand, from the top clockwise."""
    angles = [2 * math.pi * index / total for index in range(total)]
    return [(round(32 + RING_RADIUS * math.sin(a), 2), round(32 - RING_RADIUS * math.cos(a), 2)) for a in angles]


def ring_radius(total: int) -> float:
    """How large a dot of the ring is, so that dots do not touch."""
    return round(min(3.4, math.pi * RING_RADIUS / max(total, 1) * 0.72), 2)


def hall_layout(total: int) -> str:
    """The style sheet's classes that fill a projector with so many parties: 1 to 8 columns, and what the last row is.

    Above twelve parties each is told in three short lines, so fewer columns hold more rows.
    """
    if total > len(HALL_COLUMNS):
        return f"columns-{min(8, math.ceil(math.sqrt(total * 5 / 8) - 0.01))} dense"
    columns = HALL_COLUMNS[total - 1]
    last = total % columns
    return f"columns-{columns} shared last-{last}" if last else f"columns-{columns}"


def code_path(address: str) -> tuple[int, str]:
    """The QR code of an address: how many modules wide, and the dark ones as a path of SVG."""
    rows = [[bool(dark) for dark in row] for row in segno.make_qr(address, error="m").matrix]
    dark = [(x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)


def sign_in_word(method: str) -> str:
    """How somebody signed in, in words; empty where it was not noted."""
    words = {
        "passkey": _("Passkey"),
        "password+code": _("Password and code"),
        "password": _("Password"),
        "university": _("University account"),
        "link": _("Link in a mail"),
        "table": _("Signing table"),
    }
    return str(words.get(method, ""))


FILTERS = {
    "moment": moment,
    "day": day,
    "sentence": sentence,
    "language_tag": language_tag,
    "dialled": dialled,
    "language_name": language_name,
    "country_name": country_name,
    "city_name": city_name,
    "in_language": in_language,
    "groups": groups,
    "listed": listed,
    "state_word": state_word,
    "state_mark": state_mark,
    "office_word": office_word,
    "without_none": without_none,
    "sign_in_word": sign_in_word,
}
GLOBALS = {
    "gap": gap,
    "joined": joined,
    "ring_points": ring_points,
    "ring_radius": ring_radius,
    "ngettext": ngettext,
    "hall_layout": hall_layout,
    "code_path": code_path,
}
