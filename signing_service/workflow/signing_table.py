"""The signing table: a shared device that an officer unlocks for one person at a time (DESIGN 1, "the hall").

::

    places, older = table_places(service, officer_id)
    token = unlock(service, officer_id, officer_token, place.terms.id, place.signer.id, address=…, agent=…)

The officer's own session on the device ends as the person's begins, so the officer cannot act in it; the person
approves with a phone or security key of their own, never by password; afterwards the session is ended and the browser
emptied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import is_over
from signing_service.agreement.mandates import Mandate as SealedMandate
from signing_service.agreement.terms import SECRETARIAT, Signer, Terms
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.store import agreements, listing, mandates, passkeys, people, sessions
from signing_service.store.tables import Agreement, Mandate, Person
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import awaited_of, load_acts, load_terms, mandates_in_order

PAGE = 24  # agreements


@dataclass(frozen=True, slots=True)
class Place:
    """One signer who may come to the table."""

    terms: Terms
    signer: Signer
    name: str
    """As the mandate has it, which is signed with."""
    native_name: str | None
    confirmed: bool
    """Whether the person has a confirmed passkey; who has not can enrol at the table."""
    now_named: str = ""
    """How the person is called by now, where that is another name."""


def table_places(service: Service, officer_id: str, after: str = "") -> tuple[list[Place], str | None]:
    """Who can yet sign, in a page of the open agreements below ``after``, and below which the next page begins.

    The officer is left out, for whom nobody but another officer unlocks the table. Raises NotAllowedError for all but
    officers.
    """
    now = service.clock()
    with service.database.read() as session:
        require(session, officer_id, "table")
        rows = listing.agreements_page(session, limit=PAGE + 1, stage="open", after=after)
        places = [place for row in rows[:PAGE] for place in _places(session, row, officer_id, now)]
    return places, rows[PAGE - 1].id if len(rows) > PAGE else None


def place_at_table(service: Service, officer_id: str, agreement_id: str, signer: str) -> Place:
    """For whom the device would be unlocked; raises as unlock."""
    with service.database.read() as session:
        mandate = _coming(session, officer_id, agreement_id, signer, service.clock())
        terms = load_terms(agreements.get(session, agreement_id))
        return _place(session, terms, mandate, people.get(session, mandate.person))


def _places(session: Session, agreement: Agreement, officer_id: str, now: datetime) -> list[Place]:
    terms, done = load_terms(agreement), load_acts(session, agreement.id)
    if agreement.state != "published" or is_over(terms, done, now):
        return []
    gone = done.given(terms) | {SECRETARIAT}
    return [
        _place(session, terms, row, person)
        for row, person in mandates_in_order(session, terms)
        if row.signer not in gone and person.id != officer_id and person.ended is None
    ]


def _place(session: Session, terms: Terms, mandate: Mandate, person: Person) -> Place:
    confirmed = passkeys.is_confirmed(session, mandate.id)
    named = SealedMandate.from_json(mandate.json).representative
    now_named = named.now_named(person.name, person.native_name)
    return Place(terms, terms.signer(mandate.signer), named.name, named.native_name, confirmed, now_named)


def _coming(session: Session, officer_id: str, agreement_id: str, signer: str, now: datetime) -> Mandate:
    """The mandate by which somebody may come to the table."""
    require(session, officer_id, "table")
    mandate, agreement = mandates.in_force(session, agreement_id, signer), agreements.get(session, agreement_id)
    if signer == SECRETARIAT or agreement.state != "published":
        raise NotFoundError("there is no such place at the table")
    if mandate.person == officer_id or people.get(session, mandate.person).ended is not None:
        raise NotAllowedError("the table is for other people than the officer who unlocks it")
    if all(one.mandate.id != mandate.id for one in awaited_of(session, mandate.person, now)):
        raise ConflictError("this person cannot sign any more", hint="choose who comes next from the list")
    return mandate


def unlock(
    service: Service, officer_id: str, officer_token: str, agreement_id: str, signer: str, *, address: str, agent: str
) -> str:
    """Hand the device over: end the officer's session on it and begin the person's; return its token.

    Raises NotFoundError where nobody holds that mandate, ConflictError where it signs nothing any more, NotAllowedError
    for all but officers and for oneself.
    """
    now = service.clock()
    with service.database.begin() as session:
        mandate = _coming(session, officer_id, agreement_id, signer, now)
        sessions.end(session, officer_token, now=now)
        return sessions.start(
            session,
            mandate.person,
            now=now,
            address=address,
            agent=agent,
            step_up=False,
            method="table",
            table=sessions.Table(officer_id, agreement_id, signer),
        )
