"""Moments as mails tell them: in the recipient's language, by the clock of their university and in UTC.

    told(moment, "zh", "Asia/Shanghai")  # 2025年4月11日 12:00 (上海; 04:00 UTC)

Years are Gregorian in every language, as in the agreements themselves; Thai says so (ค.ศ.).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_datetime_format, get_timezone_location

_CLDR_NAMES = {
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Europe/Kyiv": "Europe/Kiev",
}
"""Zones whose cities CLDR translates under the names that they had first (UTS 35, time zone identifiers)."""


def told(moment: datetime, language: str, zone: str = "UTC") -> str:
    """An aware moment in the words of ``language``, at ``zone`` (IANA) and in UTC.

    Never fails for the sake of a zone: it is said within the transaction of an act.
    """
    locale = Locale.parse("en-GB" if language == "en" else language, sep="-")  # the day before the month
    utc = moment.astimezone(UTC)
    try:
        there, city = moment.astimezone(ZoneInfo(zone)), _city(zone, locale)
    except (LookupError, OverflowError):  # a zone that is no place, a moment at the end of all time
        zone = "UTC"
    if zone == "UTC":
        return f"{_day_and_minute(utc, locale)} UTC"
    return with_place(there, city, lambda one: _day_and_minute(one, locale))


def with_place(there: datetime, city: str, spelled: Callable[[datetime], str]) -> str:
    """A moment by the clock of a place, which is named, and in UTC; its day only where that is another one."""
    utc = there.astimezone(UTC)
    in_utc = f"{utc:%H:%M}" if utc.date() == there.date() else spelled(utc)
    return f"{spelled(there)} ({city}; {in_utc} UTC)"


def city(zone: str, language: str) -> str:
    """The city of a zone in that language: 上海; a zone that is no place is called as it is."""
    try:
        return _city(zone, Locale.parse(language, sep="-"))
    except LookupError:
        return zone


def _city(zone: str, locale: Locale) -> str:
    named = locale.time_zones.get(_CLDR_NAMES.get(zone, zone), {}).get("city")
    return str(named or get_timezone_location(zone, locale=locale, return_city=True))


def _day_and_minute(moment: datetime, locale: Locale) -> str:
    day = format_date(moment, "long", locale=locale)
    return str(get_datetime_format("medium", locale=locale)).format(f"{moment:%H:%M}", day)
