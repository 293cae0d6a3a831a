"""The signing table: a shared device that an officer unlocks for one person at a time (DESIGN 1, "the hall").

::

    places, older = table_places(service, officer_id)
    token = unlock(service, officer_id, officer_token, place.agreement, place.signer, address=…, agent=…)

The officer's own session on the device ends as the person's begins, so the officer cannot act in it; the person
approves with a phone or security key of their own, never by password; afterwards the session is ended and the browser
emptied.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import NotAllowedError, NotFoundError
from signing_service.store import acts, agreements, listing, mandates, passkeys, people, sessions
from signing_service.store.tables import Agreement
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_terms, mandates_in_order

PAGE = 24  # agreements


@dataclass(frozen=True, slots=True)
class Place:
    """One signer who may come to the table."""

    agreement: str
    title: str
    signer: str
    party: str
    name: str
    confirmed: bool
    """Whether the person has a confirmed passkey; who has not can enrol at the table."""


def table_places(service: Service, officer_id: str, after: str = "") -> tuple[list[Place], str | None]:
    """Who has yet to sign, in a page of the open agreements below ``after``, and below which the next page begins.

    Raises NotAllowedError for all but officers.
    """
    with service.database.read() as session:
        require(session, officer_id, "table")
        rows = listing.agreements_page(session, limit=PAGE + 1, stage="open", after=after)
        places = [place for row in rows[:PAGE] for place in _places(session, row)]
    return places, rows[PAGE - 1].id if len(rows) > PAGE else None


def _places(session: Session, agreement: Agreement) -> list[Place]:
    terms, places = load_terms(agreement), []
    signed = {one.signer for one in acts.summary(session, agreement.id) if one.kind == "signature"}
    for row, person in mandates_in_order(session, terms):
        if row.signer == SECRETARIAT or row.signer in signed:
            continue
        party, title = terms.signer(row.signer).party.name, terms.title[terms.languages[0]]
        confirmed = bool(passkeys.confirmed_for(session, row.id))
        places.append(Place(agreement.id, title, row.signer, party, person.name, confirmed))
    return places


def unlock(
    service: Service, officer_id: str, officer_token: str, agreement_id: str, signer: str, *, address: str, agent: str
) -> str:
    """Hand the device over: end the officer's session on it and begin the person's; return its token.

    Raises NotFoundError where nobody holds that mandate, NotAllowedError for all but officers and for oneself.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "table")
        mandate = mandates.in_force(session, agreement_id, signer)
        if signer == SECRETARIAT or agreements.get(session, agreement_id).state != "published":
            raise NotFoundError("there is no such place at the table")
        if mandate.person == officer_id or people.get(session, mandate.person).ended is not None:
            raise NotAllowedError("the table is for other people than the officer who unlocks it")
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
