"""Personal links: single use, expiring, stored hashed; the token stands in the URL's fragment, which no server logs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.store import agreements, mandates, people
from signing_service.store.tables import Agreement
from signing_service.workflow.service import Service
from signing_service.workflow.state import can_still_sign, load_acts, load_terms

INVITATION_LIFETIME = timedelta(days=14)
SIGN_IN_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InvitedAs:
    """One signer as whom an invited person can still sign."""

    agreement: str
    title: str
    reference: str
    version: str
    party: str
    role: str
    closes: datetime | None
    """When signing closes, as sealed or as extended."""
    zone: str
    """The party's time zone (IANA)."""


def new_link(
    session: Session, service: Service, person_id: str, purpose: str, now: datetime, lifetime: timedelta
) -> str:
    """Make a link within the caller's transaction; a new invitation withdraws the person's older unused ones."""
    if purpose == "invitation":
        people.revoke_invitations(session, person_id, now=now, purpose=purpose)
    token = people.invite(session, person_id, purpose, now=now, expires=now + lifetime)
    return f"{service.settings.public_url}/invitation#{token}"


def roles_of(session: Session, person_id: str, language: str, now: datetime) -> tuple[InvitedAs, ...]:
    """Every signer as whom a person can still sign, the newest mandate first.

    Told in ``language`` as far as the terms can.
    """
    own = [mandate for mandate in mandates.of_person(session, person_id) if mandate.signer != SECRETARIAT]
    places = [(agreements.get(session, mandate.agreement), mandate.signer) for mandate in own]
    return tuple(
        _invited_as(session, row, signer, language)
        for row, signer in places
        if can_still_sign(session, row, signer, now)
    )


def _invited_as(session: Session, row: Agreement, signer_id: str, language: str) -> InvitedAs:
    terms = load_terms(row)
    signer = terms.signer(signer_id)
    party = signer.party.native_name if signer.party.native_language == language else signer.party.name
    shown = language if language in terms.languages else terms.languages[0]
    return InvitedAs(
        row.id,
        terms.title[shown],
        terms.reference,
        terms.version,
        party,
        signer.role.title[shown],
        load_acts(session, row.id).closes(terms),
        signer.party.time_zone,
    )
