"""What notices tell of, in the recipient's language: moments, parties, people, and whose signature it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from signing_service.agreement.terms import Party, Signer, Terms
from signing_service.store.tables import Person
from signing_service.workflow.mails import addressed, translations
from signing_service.workflow.moments import told


@dataclass(frozen=True, slots=True)
class Place:
    """One signature of a person, as a mail names it."""

    terms: Terms
    signer: Signer


Value = str | datetime | Party | Person | Place | tuple[Party, ...] | tuple[Place, ...]


def title_in(terms: Terms, locale: str) -> str:
    """An agreement's title, in the recipient's language where it has one in it."""
    return terms.title.get(locale) or terms.title[terms.languages[0]]


def references(terms: Terms, values: Mapping[str, Value]) -> str:
    """The agreements that a mail is about."""
    places = values.get("places", ())
    others = [one.terms.reference for one in places if isinstance(one, Place)] if isinstance(places, tuple) else []
    return ", ".join(dict.fromkeys([terms.reference, *others]))


def shown(value: Value, locale: str, zone: str) -> str:
    """A value in the recipient's language: a party or a person by their own name where that is in it."""
    if isinstance(value, tuple):
        lines = [shown(one, locale, zone) for one in value]
        listed = any(isinstance(one, Place) for one in value)
        return "\n".join(f"– {line}" for line in lines) if listed else ", ".join(lines)
    if isinstance(value, Place):
        return _place_in(value, locale, zone)
    if isinstance(value, Party):
        return value.native_name if value.native_language == locale else value.name
    if isinstance(value, Person):
        return addressed(value.name, value.native_name, locale)
    return told(value, locale, zone) if isinstance(value, datetime) else value


def _place_in(place: Place, locale: str, zone: str) -> str:
    """Which signature it is: agreement, party and role."""
    terms, titles = place.terms, place.signer.role.title
    said = {"party": shown(place.signer.party, locale, zone), "role": titles.get(locale) or titles[terms.languages[0]]}
    whose = translations(locale).gettext("for %(party)s, as %(role)s") % said
    return f"{terms.reference}, {title_in(terms, locale)}: {whose}"
