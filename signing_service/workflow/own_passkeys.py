"""Where a person's approval passkeys stand: for the signatures still to give, and those made for any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT, Party
from signing_service.store import agreements, mandates, passkeys
from signing_service.store.tables import Mandate as MandateRow
from signing_service.workflow.service import Service
from signing_service.workflow.state import awaited_of, load_terms


@dataclass(frozen=True, slots=True)
class Place:
    """A signature of a person, and where the passkey for it stands."""

    agreement: str
    signer: str
    title: Mapping[str, str]
    """The agreement's, by language."""
    party: Party
    state: str
    """``none`` · ``waiting`` · ``confirmed``."""
    awaited: bool
    """Whether the signature can still be given."""


def own_places(service: Service, person_id: str) -> list[Place]:
    """The signatures that a person may yet give, or has an approval passkey for; the newest mandate first."""
    with service.database.read() as session:
        awaited = {one.mandate.id for one in awaited_of(session, person_id, service.clock())}
        rows = [row for row in mandates.of_person(session, person_id) if row.signer != SECRETARIAT]
        places = [(row, _state(session, row)) for row in rows]
        return [
            _place(session, row, state, awaited=row.id in awaited)
            for row, state in places
            if row.id in awaited or state != "none"
        ]


def _state(session: Session, row: MandateRow) -> str:
    states = {enrolment.state for enrolment, _ in passkeys.of_mandate(session, row.id)}
    return next((one for one in ("confirmed", "waiting") if one in states), "none")


def _place(session: Session, row: MandateRow, state: str, *, awaited: bool) -> Place:
    terms = load_terms(agreements.get(session, row.agreement))
    return Place(row.agreement, row.signer, terms.title, terms.signer(row.signer).party, state, awaited)
