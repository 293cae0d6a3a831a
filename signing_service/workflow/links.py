"""Personal links: single use, expiring, stored hashed; the token stands in the URL's fragment, which no server logs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.store import agreements, mandates, people
from signing_service.workflow.service import Service

INVITATION_LIFETIME = timedelta(days=14)
SIGN_IN_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InvitedAs:
    """One signer that an invited person may act as."""

    agreement: str
    title: str
    party: str
    role: str


def new_link(
    session: Session, service: Service, person_id: str, purpose: str, now: datetime, lifetime: timedelta
) -> str:
    """Make a link within the caller's transaction; a new invitation withdraws the person's older unused links."""
    if purpose == "invitation":
        people.revoke_invitations(session, person_id, now=now)
    token = people.invite(session, person_id, purpose, now=now, expires=now + lifetime)
    return f"{service.settings.public_url}/invitation#{token}"


def roles_of(session: Session, person_id: str, language: str) -> tuple[InvitedAs, ...]:
    """Every signer that a person may act as, the newest mandate first; told in ``language`` as far as the terms can."""
    return tuple(
        _invited_as(session, mandate.agreement, mandate.signer, language)
        for mandate in mandates.of_person(session, person_id)
        if mandate.signer != SECRETARIAT
    )


def _invited_as(session: Session, agreement_id: str, signer_id: str, language: str) -> InvitedAs:
    terms = Terms.from_json(agreements.get(session, agreement_id).terms)
    signer = terms.signer(signer_id)
    party = signer.party.native_name if signer.party.native_language == language else signer.party.name
    shown = language if language in terms.languages else terms.languages[0]
    return InvitedAs(agreement_id, terms.title[shown], party, signer.role.title[shown])
