"""A draft's parties and people from a spreadsheet's CSV: looked at first, then taken over whole or not at all.

::

    plan = plan_roster(service, officer_id, agreement_id, data)
    if not plan.errors:
        import_roster(service, officer_id, agreement_id, data, organ="Rectors' conference", last_day=None)

The file is read again when it is taken over: nothing of a plan is kept or believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy.orm import Session

from signing_service.agreement.addresses import check_address
from signing_service.agreement.doubled_people import doubled
from signing_service.agreement.mandates import check_days
from signing_service.agreement.roster import LANGUAGE_COLUMN, Roster, RosterError, RosterPerson, read_roster
from signing_service.agreement.roster_file import check_without_errors, with_parties
from signing_service.agreement.rules_met import unmet
from signing_service.agreement.source import TOML, Source, parse_source
from signing_service.agreement.terms import Party, Terms
from signing_service.errors import ConflictError, InputError, Phrase
from signing_service.store import agreements, mandates, people
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.drafts import store_source
from signing_service.workflow.login import require_officer
from signing_service.workflow.mails import DEFAULT, FINISHED
from signing_service.workflow.mandates import Authority, add_mandate
from signing_service.workflow.people import NewPerson, store_person
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """A representative of the file, and whether the service knows the person already."""

    entry: RosterPerson
    known: bool

    @property
    def signer(self) -> str:
        return f"{self.entry.party}:{self.entry.role}"


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """What taking a file over would do."""

    errors: tuple[RosterError, ...]
    """What is wrong, by row; nothing can be taken over while there is any."""
    terms: Terms | None
    """The draft's terms afterwards; None while there are errors."""
    people: tuple[PlannedPerson, ...]
    leaving: tuple[str, ...]
    """Names of people whose mandate ends, as their place is gone."""

    added: tuple[Party, ...] = ()
    changed: tuple[Party, ...] = ()
    """Those that are written otherwise in the file, or for which somebody else signs."""
    removed: tuple[Party, ...] = ()
    """Those of the draft that the file does not name."""
    cautions: tuple[Phrase, ...] = ()
    """People who stand there twice."""

    @property
    def needs_organ(self) -> bool:
        """Whether some row does not say who authorised its person, so that it must be said for these."""
        return not self.people or any(not person.entry.organ for person in self.people)

    def person_for(self, signer: str) -> PlannedPerson | None:
        """Who is named in the file for a signer."""
        return next((person for person in self.people if person.signer == signer), None)


@dataclass(frozen=True, slots=True)
class _Reading:
    roster: Roster
    source: Source | None
    known: dict[str, Person]
    """People of the file that are there already, by address."""


def plan_roster(service: Service, officer_id: str, agreement_id: str, data: bytes) -> RosterPlan:
    """Say what taking the file over would do, without doing anything.

    Raises FormatError or LimitError where the file is no such table or does not fit the agreement's rules,
    ConflictError once the agreement is published.
    """
    with service.database.read() as session:
        require_officer(session, officer_id)
        reading = _read(session, agreement_id, data)
        given = mandates.of_agreement(session, agreement_id)
        old = Terms.from_json(agreements.get(session, agreement_id).terms).parties
    terms = reading.source.terms(agreement_id) if reading.source else None
    present = {signer.id for signer in terms.signers()} if terms else set()
    return RosterPlan(
        errors=tuple(sorted(reading.roster.errors, key=lambda error: error.row)),
        terms=terms,
        people=tuple(PlannedPerson(entry, entry.email.lower() in reading.known) for entry in reading.roster.people),
        leaving=tuple(person.name for row, person in given if row.signer not in present) if terms else (),
        cautions=tuple(_twice(reading.roster)),
        **(_differences(old, terms.parties, _elsewhere(reading.roster, given)) if terms else {}),
    )


def _twice(roster: Roster) -> Iterator[Phrase]:
    return doubled((roster.parties[one.party]["name"], one.name, one.email) for one in roster.people)


def _elsewhere(roster: Roster, given: list[tuple[MandateRow, Person]]) -> set[str]:
    """The parties for which the file names somebody else than the draft does."""
    now = {(row.signer, person.email.lower()) for row, person in given}
    return {one.party for one in roster.people if (f"{one.party}:{one.role}", one.email.lower()) not in now}


def _differences(old: tuple[Party, ...], new: tuple[Party, ...], others: set[str]) -> dict[str, tuple[Party, ...]]:
    before, after = {party.id: party for party in old}, {party.id for party in new}
    return {
        "added": tuple(party for party in new if party.id not in before),
        "changed": tuple(
            party for party in new if party.id in before and (party != before[party.id] or party.id in others)
        ),
        "removed": tuple(party for party in old if party.id not in after),
    }


def import_roster(
    service: Service, officer_id: str, agreement_id: str, data: bytes, *, organ: str, last_day: date | None
) -> Terms:
    """Take over parties, people and mandates in one transaction; ``organ`` authorised those whose row says nobody.

    Raises as plan_roster, and InputError where the last day is over; naming the first row, where the file has errors.
    """
    now = service.clock()
    today = now.astimezone(UTC).date()
    check_days(today, last_day, today)
    with service.database.begin() as session:
        require_officer(session, officer_id)
        agreements.lock(session, agreement_id)
        reading = _read(session, agreement_id, data)
        check_without_errors(reading.roster)
        assert reading.source is not None, "it is missing only where there are errors"
        terms = store_source(session, agreement_id, reading.source, now)
        for entry in reading.roster.people:
            address = check_address(entry.email)
            person = reading.known.get(address)
            if person is None:
                person = reading.known[address] = store_person(session, _newcomer(terms, entry), now)
            authority = Authority(entry.organ or organ, today, last_day)
            add_mandate(session, agreement_id, f"{entry.party}:{entry.role}", person, authority, now)
    return terms


def _read(session: Session, agreement_id: str, data: bytes) -> _Reading:
    """Read the file against the draft and the people that there are."""
    agreement = agreements.get(session, agreement_id)
    if agreement.state != "draft":
        raise ConflictError("the agreement is published; its bytes are frozen", hint="publish a corrected version")
    files = agreements.source_files(session, agreement_id)
    roster = read_roster(data, Terms.from_json(agreement.terms).languages)
    known = _check_people(session, roster)
    if roster.errors:
        return _Reading(roster, None, known)
    terms = Terms.from_json(agreement.terms)
    counted = {key: party["name"] for key, party in roster.parties.items() if not party["guest"]}
    problem = unmet(terms.rules.signatures, counted, {party.id: party.name for party in terms.parties})
    if counted and problem is not None:
        raise problem
    source = parse_source({**files, TOML: with_parties(files[TOML], roster)})
    return _Reading(roster, source, known)


def _check_people(session: Session, roster: Roster) -> dict[str, Person]:
    """Complain of addresses that are another person's, and find the people that are there already."""
    known: dict[str, Person] = {}
    names: dict[str, str] = {}
    wrong = {error.row for error in roster.errors if error.column == "email"}
    for entry in roster.people:
        if entry.language and entry.language not in FINISHED:
            told = Phrase("%(text)s is none of %(choices)s", text=repr(entry.language), choices=", ".join(FINISHED))
            roster.errors.append(RosterError(entry.row, LANGUAGE_COLUMN, told))
        if entry.row in wrong:
            continue
        try:
            address = check_address(entry.email)
        except InputError as error:
            roster.errors.append(RosterError(entry.row, "email", error.message))
            continue
        person = known.get(address) or people.by_email(session, address)
        if person is not None:
            known[address] = person
            if person.ended is not None:
                roster.errors.append(_of_address(entry, "%(email)s is of somebody who has left", email=address))
        name = person.name if person else names.setdefault(address, entry.name)
        if name != entry.name:
            roster.errors.append(
                _of_address(entry, "%(email)s is the address of %(name)s already", email=address, name=name)
            )
    return known


def _of_address(entry: RosterPerson, message: str, **values: object) -> RosterError:
    return RosterError(entry.row, "email", Phrase(message, **values))


def _newcomer(terms: Terms, entry: RosterPerson) -> NewPerson:
    party = terms.party(entry.party)
    locale = entry.language or (party.native_language if party.native_language in FINISHED else DEFAULT)
    return NewPerson(entry.name, entry.email, entry.native_name, locale, party.time_zone)
