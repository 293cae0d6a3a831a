"""Erasing a person's data from an event: event and salt go, the entry stays, and an ``erased`` event says so.

Without event and salt nobody can open the entry's commitment any more; the log still audits. What parties need to
assert or defend legal claims is kept (docs/privacy.md), and bundles that were handed out are out of reach.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, openings
from signing_service.workflow.refusal import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts

KEPT = ("publication", "mandate", "enrolment", "confirmation", "issuance", "signature", "countersignature",
        "archive-timestamp", "withdrawal", "erased")  # fmt: skip
"""Types of event that stay, once somebody has signed: a signature could not be proven without them."""


def erase(service: Service, scope: str, sequence: int, reason: str) -> int:
    """Erase one event of an agreement; return the index of its entry.

    Raises NotFoundError where there is no such event, ConflictError where it was erased already, NotAllowedError
    for events of the service itself and for those that prove a signature.
    """
    reason = clean_reason(reason)
    now = service.clock()
    with service.database.begin() as session:
        found = _find(session, scope, sequence)
        if found.event is None:
            raise ConflictError(f"event {sequence} of {scope} is erased already")
        _check_may_go(session, scope, found.type)
        openings.erase(session, found.index)
        members = {"erased": sequence, "erased_type": found.type, "reason": reason}
        ledger.append(session, scope, "erased", members, now)
    service.publish()
    return found.index


def _find(session: Session, scope: str, sequence: int) -> openings.Opening:
    for opening in openings.of_scope(session, scope):
        if opening.sequence == sequence:
            return opening
    raise NotFoundError(f"the record has no event {sequence} in {scope}")


def _check_may_go(session: Session, scope: str, kind: str) -> None:
    if scope == SERVICE_SCOPE:
        raise NotAllowedError("events of the service itself hold nobody's data, and are kept")
    acts = load_acts(session, scope)
    if kind in KEPT and (acts.signatures or acts.countersignature):
        raise NotAllowedError(
            f"the {kind} event is needed to prove signatures, and is kept for legal claims",
            hint="docs/privacy.md says which events can be erased and when",
        )
