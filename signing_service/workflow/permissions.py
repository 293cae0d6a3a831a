"""Who may do what: one table of offices and undertakings (docs/roles.md), asked by every use case.

::

    officer = require(session, person_id, "publish")     # NotAllowedError for all others
    may("operator", "service")                           # True

Representatives, guests and observers hold no office: what they may do follows from their mandates and invitations to
one agreement (workflow.download.check_reader). What this table says is the service's own rule; an auditor goes by the
trust file, whose successor any officer in it can sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy.orm import Session

from signing_service.errors import NotAllowedError
from signing_service.store import people
from signing_service.store.tables import Person

Undertaking = Literal[
    "secretariat", "confirm", "table", "attest", "publish", "withdraw", "extend", "offices", "service"
]  # fmt: skip

OFFICER, LEAD, OPERATOR = "officer", "lead-officer", "operator"
OFFICES = (OFFICER, LEAD, OPERATOR)

PERMISSIONS: Mapping[Undertaking, frozenset[str]] = {
    "secretariat": frozenset({OFFICER, LEAD}),  # read everything, drafts, people, mandates, observers, countersign
    "confirm": frozenset({OFFICER, LEAD}),
    "table": frozenset({OFFICER, LEAD}),
    "attest": frozenset({OFFICER, LEAD}),
    "publish": frozenset({LEAD}),
    "withdraw": frozenset({LEAD}),
    "extend": frozenset({LEAD}),
    "offices": frozenset({LEAD}),  # who holds which office, and the trust file's successors
    "service": frozenset({LEAD, OPERATOR}),
}


def may(office: str, undertaking: Undertaking) -> bool:
    """Whether who holds ``office`` ("" for none) may do this."""
    return office in PERMISSIONS[undertaking]


def require(session: Session, person_id: str, undertaking: Undertaking) -> Person:
    """Return the person if their office allows this and has not ended; raises NotAllowedError."""
    person = people.get(session, person_id)
    if person.ended is None and may(person.office, undertaking):
        return person
    if person.ended is None and may(LEAD, undertaking) and person.officer:
        raise NotAllowedError("only a lead officer may do this", hint="ask the lead officer of the secretariat")
    raise NotAllowedError("only an officer of the secretariat may do this")


def require_over(session: Session, officer_id: str, person_id: str) -> Person:
    """Return the officer if they may decide how this person signs in; raises NotAllowedError, NotFoundError.

    How those sign in who hold an office is the lead officers' matter: an officer who connected an account of their own
    to a lead officer would be one.
    """
    officer = require(session, officer_id, "confirm")
    if people.get(session, person_id).office and not may(officer.office, "offices"):
        raise NotAllowedError("only a lead officer may do this", hint="ask the lead officer of the secretariat")
    return officer
