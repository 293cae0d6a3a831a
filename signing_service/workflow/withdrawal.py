"""Ending a published agreement before it is countersigned: withdrawn, or superseded by a corrected version.

A corrected version is a new agreement that names the old one's digest; signatures never carry over, people do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_withdraw
from signing_service.agreement.terms import Terms
from signing_service.store import acts, agreements, ledger
from signing_service.store.tables import Withdrawal
from signing_service.workflow.notification import tell_about_withdrawal
from signing_service.workflow.permissions import require
from signing_service.workflow.reasons import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts


def withdraw(service: Service, officer_id: str, agreement_id: str, reason: str) -> None:
    """Withdraw a published agreement and tell everybody in it.

    Raises InputError on a reason that is empty or too long, NotAllowedError once it is countersigned or withdrawn.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "withdraw")
        prepare(session, service, officer_id, agreement_id, reason, now)
        record(session, officer_id, agreement_id, reason, None, now)
    service.publish()


def prepare(
    session: Session, service: Service, officer_id: str, agreement_id: str, reason: str, now: datetime
) -> None:
    """What a withdrawal does before anything is recorded: hold the agreement, check it, tell everybody in it."""
    agreement = agreements.lock(session, agreement_id)
    agreements.newest_end(session, agreement_id)  # a draft has none, and cannot be withdrawn
    may_withdraw(load_acts(session, agreement_id))
    terms = Terms.from_json(agreement.terms)
    tell_about_withdrawal(session, service, terms, clean_reason(reason), officer_id, now)


def record(
    session: Session, officer_id: str, agreement_id: str, reason: str, superseded_by: str | None, now: datetime
) -> None:
    """Record what was prepared; ``superseded_by`` is the SHA-256 of a successor's revision 0."""
    reason = clean_reason(reason)
    members = {"officer": officer_id, "reason": reason, "superseded_by": superseded_by}
    entry = ledger.append(session, agreement_id, "withdrawal", members, now)
    acts.add_withdrawal(
        session,
        Withdrawal(
            agreement=agreement_id,
            officer=officer_id,
            reason=reason,
            superseded_by=superseded_by,
            time=now,
            entry_index=entry.index,
        ),
    )


@dataclass(frozen=True, slots=True)
class Versions:
    """The ids of the agreements before and after one, where it corrects another or was corrected."""

    replaces: str | None
    replaced_by: str | None


def versions(service: Service, officer_id: str, agreement_id: str) -> Versions:
    """Which agreement this one replaces and which replaced it; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        older, newer = terms.supersedes, load_acts(session, agreement_id).superseded_by
        return Versions(
            agreements.by_revision0(session, older) if older else None,
            agreements.by_revision0(session, newer) if newer else None,
        )
