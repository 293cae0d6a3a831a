"""Personal links: single use, expiring, stored hashed; the token stands in the URL's fragment, which no server logs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from sqlalchemy.orm import Session

from signing_service.agreement.turns import ahead
from signing_service.store import people
from signing_service.workflow.mails import DEFAULT
from signing_service.workflow.service import Service
from signing_service.workflow.state import Awaited, awaited_of

INVITATION_LIFETIME = timedelta(days=14)
SIGN_IN_LIFETIME = timedelta(days=1)
MOST_TOLD = 12  # signatures that an invitation lists: who has more to sign finds all of them on the pages


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
    waits: bool
    """Whether others sign first, in the parties' order."""


def new_link(
    session: Session, service: Service, person_id: str, purpose: str, now: datetime, lifetime: timedelta
) -> str:
    """Make a link within the caller's transaction; a new invitation withdraws the person's older unused ones."""
    if purpose == "invitation":
        people.revoke_invitations(session, person_id, now=now, purpose=purpose)
    token = people.invite(session, person_id, purpose, now=now, expires=now + lifetime)
    locale = people.get(session, person_id).locale
    language = f"?language={locale}" if locale != DEFAULT else ""  # so that the page is in it before anybody signs in
    return f"{service.settings.public_url}/invitation{language}#{token}"


class Roles(NamedTuple):
    """As whom a person can still sign, as far as one mail or page tells it."""

    told: tuple[InvitedAs, ...]
    more: bool
    """Whether there are others besides."""


def roles_of(
    session: Session,
    person_id: str,
    language: str,
    now: datetime,
    *,
    first: str | None = None,
    ended: str | None = None,
) -> Roles:
    """The signers as whom a person can still sign, at most MOST_TOLD, the newest mandate first.

    Told in ``language`` as far as the terms can. ``first``: the agreement with which it begins; ``ended``: one that is
    withdrawn in the same transaction, so that it waits for nobody.
    """
    found = (awaited for awaited in awaited_of(session, person_id, now, first) if awaited.terms.id != ended)
    few = tuple(_invited_as(awaited, language) for awaited in islice(found, MOST_TOLD + 1))
    return Roles(few[:MOST_TOLD], more=len(few) > MOST_TOLD)


def _invited_as(awaited: Awaited, language: str) -> InvitedAs:
    terms = awaited.terms
    signer = terms.signer(awaited.mandate.signer)
    party = signer.party.native_name if signer.party.native_language == language else signer.party.name
    shown = language if language in terms.languages else terms.languages[0]
    return InvitedAs(
        terms.id,
        terms.title[shown],
        terms.reference,
        terms.version,
        party,
        signer.role.title[shown],
        awaited.acts.closes(terms),
        signer.party.time_zone,
        bool(ahead(terms, awaited.acts, signer.id)),
    )
