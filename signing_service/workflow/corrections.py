"""Correcting a person's name or e-mail address, by an officer; what was published or recorded stays as it is. ::

    changed = correct_person(service, officer_id, person_id, Correction(name, native_name, email))
    for one in corrections_of(session, {person_id}):      # who corrected what, and when: events of the record

An address is where links that sign in go, so a changed one is nobody's secret: the person's old and new address and
every officer are told, in the transaction of the change (docs/trust.md).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.addresses import check_address
from signing_service.agreement.mandates import TAG, Mandate, Representative
from signing_service.agreement.names import clean_name
from signing_service.encoding import canonical_json, parse_canonical_json, parse_time, sha256_hex, tagged_sha256
from signing_service.errors import ConflictError, NotAllowedError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import agreements, ledger, mandates, openings, passkeys, people, sessions, university_logins
from signing_service.store.tables import Person
from signing_service.workflow.login import require_officer
from signing_service.workflow.moments import told
from signing_service.workflow.next_steps import next_step
from signing_service.workflow.notices import subject_and_body
from signing_service.workflow.permissions import require_over
from signing_service.workflow.posting import Notice, send_notice
from signing_service.workflow.service import Service
from signing_service.workflow.state import awaited_of

EVENT = "person-corrected"


class CorrectedMeanwhileError(ConflictError):
    """Another officer was first."""


@dataclass(frozen=True, slots=True)
class Correction:
    """How a person is really called, and where mail reaches them."""

    name: str
    native_name: str | None
    email: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """One correction, as the record has it."""

    index: int
    """Of its entry."""
    time: datetime
    person: str
    by: str
    changed: frozenset[str]
    """Of ``name``, ``native_name`` and ``email``."""


def look(person: Person) -> str:
    """A digest of what a correction would change."""
    return sha256_hex(canonical_json({"name": person.name, "native_name": person.native_name, "email": person.email}))


def correct_person(
    service: Service, officer_id: str, person_id: str, correction: Correction, seen: str | None = None
) -> frozenset[str]:
    """Change a person's name or address; return what of Correction's members has changed.

    ``seen``: what ``look`` gave when the officer looked at the person, so that nobody undoes what another corrected.

    Mandates in drafts get the new name, those of published agreements keep theirs. A changed address withdraws the
    unused links to the old one and signs the person out. Raises NotAllowedError for all but officers, and for officers
    of no lead where the person holds an office; InputError on a bad name or address, ConflictError on one in use and
    where the person is another than ``seen`` by now.
    """
    now = service.clock()
    with service.database.begin() as session:
        officer = require_over(session, officer_id, person_id)
        person = people.get(session, person_id)
        if person.ended is not None:
            raise NotAllowedError("this person may not act any more")
        held = _hold_drafts(session, person_id)
        people.hold(session, person)
        if seen not in (None, look(person)):
            raise CorrectedMeanwhileError(
                "somebody has corrected this person since you opened the page, so nothing was changed",
                hint="look at what stands there now, and correct what is still wrong",
            )
        old = person.email
        changed = _change(session, person, correction)
        if not changed:
            return changed
        if changed & {"name", "native_name"}:
            _rename_in_drafts(session, person, held)
        if "email" in changed:
            people.revoke_invitations(session, person_id, now=now)
            if person_id != officer_id:
                sessions.end_all(session, person_id, now=now)
            _tell(session, service, person, officer, old, now)
        members = {"person": person_id, "changed": sorted(changed), "by": officer_id}
        ledger.append(session, SERVICE_SCOPE, EVENT, members, now)
    service.publish()
    return changed


def corrections_of(session: Session, persons: Collection[str]) -> list[Corrected]:
    """The corrections of these people (ids), the oldest first."""
    found = []
    for opening in openings.of_type(session, SERVICE_SCOPE, EVENT):
        event = parse_canonical_json(opening.event or b"{}")
        if event.get("person") in persons:
            changed, time = frozenset(event["changed"]), parse_time(event["time"])
            found.append(Corrected(opening.index, time, event["person"], event["by"], changed))
    return found


@dataclass(frozen=True, slots=True)
class OldName:
    """A published agreement that can be signed, and whose mandate has another name than the person has now."""

    agreement: str
    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """What an officer sees of a person's corrections."""

    made: tuple[tuple[Corrected, str], ...]
    """Each with the name of who made it, the newest first."""
    old_names: tuple[OldName, ...]


def corrections_for_officer(service: Service, officer_id: str, person_id: str) -> Corrections:
    """The corrections of a person, and where an old name would be signed with; NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        person = people.get(session, person_id)
        made = corrections_of(session, {person_id})
        names = people.names(session, {one.by for one in made})
        listed = tuple((one, names.get(one.by, one.by)) for one in reversed(made))
        return Corrections(listed, tuple(_old_names(session, person, service.clock())))


def _old_names(session: Session, person: Person, now: datetime) -> list[OldName]:
    found = []
    for awaited in awaited_of(session, person.id, now):
        named = Mandate.from_json(awaited.mandate.json).representative
        if named != Representative(person.id, person.name, person.native_name):
            found.append(OldName(awaited.terms.id, awaited.terms.reference, named.name))
    return found


def _change(session: Session, person: Person, correction: Correction) -> frozenset[str]:
    wanted = {
        "name": clean_name(correction.name),
        "native_name": clean_name(correction.native_name) if correction.native_name else None,
        "email": check_address(correction.email).lower(),
    }
    changed = frozenset(member for member, value in wanted.items() if getattr(person, member) != value)
    people.correct(session, person, {member: wanted[member] for member in changed})
    return changed


def _hold_drafts(session: Session, person_id: str) -> set[str]:
    """Hold the drafts in which the person is named, before any other row, so that none is published meanwhile."""
    named = mandates.drafts_of(session, person_id)
    return {one for one in named if agreements.lock(session, one).state == "draft"}


def _rename_in_drafts(session: Session, person: Person, held: Collection[str]) -> None:
    """Nobody has seen or signed under a draft's mandates yet, so they are written again."""
    for row in mandates.of_person(session, person.id):
        if row.agreement in held:
            named = Representative(person.id, person.name, person.native_name)
            value = parse_canonical_json(row.json)  # as it is: one whose days are wrong is told by the checklist
            row.json = canonical_json({**value, "representative": named.to_members()})
            row.digest = tagged_sha256(TAG, row.json).hex()


def _tell(session: Session, service: Service, person: Person, officer: Person, old: str, now: datetime) -> None:
    """Tell every officer; and who has an account, at both addresses."""
    said = {"officer": officer.name, "name": person.name, "old": old, "new": person.email}
    for one in people.officers(session):
        if one.id != person.id:
            when = told(now, one.locale, one.time_zone)
            subject, body = subject_and_body("address", one.locale, {**said, "when": when})
            step = next_step("address", one.locale)
            page = step.page % {"person": person.id}
            notice = Notice("address", f"{subject}: {person.name}", body, person.name, page, step.button)
            send_notice(session, service, one, notice, now)
    if has_account(session, person):
        when = told(now, person.locale, person.time_zone)
        subject, body = subject_and_body("own-address", person.locale, {**said, "when": when})
        step = next_step("own-address", person.locale)
        notice = Notice("own-address", subject, body, "", step.page, step.button)
        for address in (old, person.email):
            send_notice(session, service, person, notice, now, recipient=address)


def has_account(session: Session, person: Person) -> bool:
    """Whether the person has been here: has a password, a passkey of any kind or a university's account."""
    logins = university_logins.of_person(session, person.id)
    return (
        person.password_hash is not None
        or bool(passkeys.of_person(session, person.id))
        or any(one.state == "confirmed" for one in logins)
    )
