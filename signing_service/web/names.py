"""Names of universities and people: first the one in the reader's language or letters, then the other. One rule.

    party_names(nanjing)   # in Chinese: (("南京邮电大学", "zh"), ("Nanjing University …", "en"))
    person_names(lin)      # in Chinese: ("林书怡", "Lin Shuyi"); in English the other way round

A university's own name comes first in its own language only: who reads Russian may not read Belarusian. A person's own
name comes first wherever it is in the letters that are read there, as in mails.
"""

from __future__ import annotations

from typing import Protocol

from babel import Locale
from flask_babel import get_locale

from signing_service.agreement.terms import Party
from signing_service.workflow.mails import addressed


class Named(Protocol):
    """A person, by two names."""

    @property
    def name(self) -> str: ...

    @property
    def native_name(self) -> str | None: ...


def party_names(party: Party) -> tuple[tuple[str, str], ...]:
    """A party's names with their languages; one, where both are the same."""
    own, english = (party.native_name, party.native_language), (party.name, "en")
    if party.native_name == party.name:
        return (own,)
    is_read = party.native_language.partition("-")[0] == (get_locale() or Locale("en")).language
    return (own, english) if is_read else (english, own)


def party_name(party: Party) -> str:
    """The name that comes first."""
    return party_names(party)[0][0]


def person_names(person: Named) -> tuple[str, ...]:
    """A person's names; one, where there is no other."""
    first = called(person.name, person.native_name)
    return tuple(dict.fromkeys(name for name in (first, person.name, person.native_name) if name))


def called(name: str | None, native_name: str | None) -> str:
    """The name that comes first; empty where there is nobody."""
    return addressed(name, native_name, str(get_locale() or "en").replace("_", "-")) if name else ""


def person_name(person: Named) -> str:
    """The name that comes first."""
    return called(person.name, person.native_name)


FILTERS = {
    "party_names": party_names,
    "party_name": party_name,
    "person_names": person_names,
    "person_name": person_name,
    "called": called,
}
