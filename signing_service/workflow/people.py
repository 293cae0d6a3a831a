"""People: added by officers, one by one or from a list; listed, and found by what an officer types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.addresses import check_address
from signing_service.agreement.names import clean_name
from signing_service.errors import InputError
from signing_service.store import listing, people, sessions
from signing_service.store.tables import Person
from signing_service.workflow.login import require_officer
from signing_service.workflow.mails import FINISHED
from signing_service.workflow.service import Service

PAGE = 100
MOST_OFFERED = 1000  # people whom a field suggests; others are found by their address or whole name


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who is to act in agreements."""

    name: str
    """In Latin letters."""
    email: str
    native_name: str | None = None
    locale: str = "en"
    time_zone: str = "UTC"


def note_language(service: Service, person_id: str, language: str) -> None:
    """Write to the person in this language (a BCP 47 tag) from now on."""
    with service.database.begin() as session:
        people.get(session, person_id).locale = language


def set_language(service: Service, officer_id: str, person_id: str, language: str) -> None:
    """The same by an officer; raises InputError on a language that pages and mails are not in."""
    if language not in FINISHED:
        raise InputError("there is no such choice", hint="reload the page and try again")
    with service.database.begin() as session:
        require_officer(session, officer_id)
        people.get(session, person_id).locale = language


def add_person(service: Service, officer_id: str, person: NewPerson) -> str:
    """Add a person and return the id; raises InputError on a bad name or address, ConflictError on one in use."""
    with service.database.begin() as session:
        require_officer(session, officer_id)
        return store_person(session, person, service.clock()).id


def namesakes(service: Service, officer_id: str, person_id: str) -> list[str]:
    """The addresses of others who are still here and have the person's name: perhaps the same one, added twice."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        person = people.get(session, person_id)
        found = people.meant(session, person.name, "")
        same = [one for one in found if one.id != person.id and one.ended is None]
    return [one.email for one in same if one.name.casefold() == person.name.casefold()]


def person_for_officer(service: Service, officer_id: str, person_id: str) -> Person:
    """A person, for an officer; raises NotAllowedError for all others, NotFoundError."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        return people.get(session, person_id)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some of the people, by name."""

    people: tuple[Person, ...]
    search: str
    more: str | None
    """The id behind which the next page begins; None where this is the last one."""
    seen: Mapping[str, datetime]
    """When each of them was seen last, signed in, by id."""


def people_page(service: Service, officer_id: str, *, search: str = "", after: str = "") -> PeoplePage:
    """A page of the people behind ``after``; raises NotAllowedError for anybody but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        found = listing.people_page(session, limit=PAGE + 1, search=search, after=after)
        seen = sessions.last_seen(session, [person.id for person in found])
    return PeoplePage(tuple(found[:PAGE]), search, found[PAGE - 1].id if len(found) > PAGE else None, seen)


def holders(service: Service, officer_id: str) -> list[Person]:
    """Who holds an office, by name; raises NotAllowedError for anybody but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        return people.holders(session)


def offered(service: Service, officer_id: str, *, always: Collection[str] = ()) -> list[Person]:
    """People to suggest where an officer names one: the first MOST_OFFERED by name, and those with the ids given."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        first = listing.people_page(session, limit=MOST_OFFERED)
        known = {person.id for person in first}
        more = [people.get(session, person_id) for person_id in always if person_id not in known]
    return [person for person in [*first, *more] if person.ended is None]


def spelled(person: Person) -> str:
    """A person as a field suggests them; find_person reads it back."""
    return f"{person.name} · {person.email}"


def find_person(service: Service, officer_id: str, text: str) -> Person:
    """Whom an officer means by an address, ``name · address``, a whole name in any script, or an id.

    Raises InputError where that is nobody who is still here, or several people.
    """
    text = text.strip()
    with service.database.read() as session:
        require_officer(session, officer_id)
        meant = people.meant(session, text, text.rpartition(" · ")[2])
    found = [person for person in meant if person.ended is None]
    if not found:
        hint = "choose one from the list, or type the e-mail address"
        raise InputError("there is nobody called %(text)s", hint=hint, text=repr(text[:80]))
    if len(found) > 1:
        raise InputError("several people are called %(text)s", hint="type the e-mail address", text=repr(text[:80]))
    return found[0]


def store_person(session: Session, person: NewPerson, now: datetime, *, office: str = "") -> Person:
    """Store a person within the caller's transaction; raises as add_person."""
    return people.add(
        session,
        name=clean_name(person.name),
        email=check_address(person.email),
        now=now,
        native_name=clean_name(person.native_name) if person.native_name else None,
        office=office,
        locale=person.locale,
        time_zone=person.time_zone,
    )
