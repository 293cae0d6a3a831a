"""What publishing a draft would do, to be told before it is done: who gets a mail, what it ends, what it resembles.

::

    told = consequences(service, officer_id, agreement_id)
    told.people, told.replaced, told.same
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.agreement.acts import state
from signing_service.agreement.terms import Terms
from signing_service.store import agreements, mandates
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts, load_terms

_ENDED = ("withdrawn", "superseded", "expired")


@dataclass(frozen=True, slots=True)
class Other:
    """Another agreement that publishing this one touches."""

    id: str
    terms: Terms
    signed: int
    """How many have signed it."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What publishing a draft would do."""

    people: int
    """How many get a mail: who is invited, and who is told that an earlier version is withdrawn."""
    replaced: Other | None
    """The earlier version that it withdraws."""
    same: tuple[Other, ...]
    """Published agreements, not ended, of the same number and version, which it does not replace."""


def consequences(service: Service, officer_id: str, agreement_id: str) -> Consequences:
    """Say what publishing a draft would do; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        terms = load_terms(agreements.get(session, agreement_id))
        old = agreements.by_revision0(session, terms.supersedes) if terms.supersedes else None
        people = {person.id for one in (terms.id, old) if one for _, person in mandates.of_agreement(session, one)}
        return Consequences(
            len(people), _other(session, old) if old else None, _same(session, service, terms, old or "")
        )


def _same(session: Session, service: Service, terms: Terms, replaced: str) -> tuple[Other, ...]:
    found, now = [], service.clock()
    for row in agreements.with_reference(session, terms.reference):
        if row.state != "published" or row.id in (terms.id, replaced):
            continue
        theirs = load_terms(row)
        if theirs.version == terms.version and state(theirs, load_acts(session, row.id), now) not in _ENDED:
            found.append(_other(session, row.id))
    return tuple(found)


def _other(session: Session, agreement_id: str) -> Other:
    terms = load_terms(agreements.get(session, agreement_id))
    return Other(agreement_id, terms, len(load_acts(session, agreement_id).given(terms)))
