"""Erasing a person's data from an event: event and salt go, the entry stays, and an ``erased`` event says so.

Without event and salt nobody can open the entry's commitment any more; the log still audits. What the event repeated
in other rows and in mails goes with it. What parties need to assert or defend legal claims is kept (docs/privacy.md),
and bundles that were handed out are out of reach.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from signing_service.agreement.acts import state
from signing_service.agreement.mandates import ERASED, Mandate, Representative
from signing_service.agreement.terms import Terms
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import agreements, forgetting, ledger, openings
from signing_service.workflow.reasons import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts

ALWAYS_KEPT = frozenset({"publication", "archive-timestamp", "document-timestamp", "erased"})
"""Types of event without a person's data. Were an ``erased`` one erased, the first gap would look like a lie."""
ERASABLE = frozenset({"refusal"})
"""Types of event that no signature depends on. Every other type, also one that is not known here, is evidence."""
ENDED = ("withdrawn", "superseded", "expired")


def erase(service: Service, scope: str, sequence: int, reason: str) -> int:
    """Erase one event of an agreement; return the index of its entry.

    Raises NotFoundError where there is no such event, ConflictError where it was erased already, NotAllowedError
    for events of the service itself and for those that prove a signature, or may yet come to.
    """
    reason = clean_reason(reason)
    now = service.clock()
    if scope == SERVICE_SCOPE:
        raise NotAllowedError("events of the service itself are kept: every agreement's proof depends on them")
    with service.database.begin() as session:
        agreements.lock(session, scope)  # nobody signs meanwhile
        found = _find(session, scope, sequence)
        _check_may_go(session, service, found)
        if not openings.erase(session, found.index):
            raise ConflictError(f"event {sequence} of {scope} is erased already")
        _forget_copies(session, found)
        members = {"erased": sequence, "erased_type": found.type, "reason": reason}
        ledger.append(session, scope, "erased", members, now)
    service.publish()
    forgetting.overwrite(service.database)
    return found.index


def _find(session: Session, scope: str, sequence: int) -> openings.Opening:
    for opening in openings.of_scope(session, scope):
        if opening.sequence == sequence:
            return opening
    raise NotFoundError(f"the record has no event {sequence} in {scope}")


def _check_may_go(session: Session, service: Service, found: openings.Opening) -> None:
    """Raise NotAllowedError unless nobody needs the event any more."""
    if found.type in ERASABLE:
        return
    hint = "docs/privacy.md says which events can be erased and when"
    if found.type in ALWAYS_KEPT:
        raise NotAllowedError(f"the {found.type} event holds nobody's data, and is kept", hint=hint)
    acts = load_acts(session, found.scope)
    if acts.signatures or acts.countersignature:
        raise NotAllowedError(
            f"the {found.type} event is needed to prove signatures, and is kept for legal claims", hint=hint
        )
    terms = Terms.from_json(agreements.get(session, found.scope).terms)
    if state(terms, acts, service.clock()) not in ENDED:
        raise NotAllowedError(
            f"the {found.type} event is needed while the agreement can still be signed",
            hint=f"withdraw it first; {hint}"
        )


def _forget_copies(session: Session, found: openings.Opening) -> None:
    if found.type == "refusal":
        forgetting.forget_refusal(session, found.scope, found.index)
    elif found.type == "withdrawal":
        forgetting.forget_withdrawal(session, found.scope, found.index)
    elif found.type == "mandate":
        forgetting.forget_mandate(session, found.index, _without_names)


def _without_names(json: bytes) -> bytes:
    mandate = Mandate.from_json(json)
    return replace(mandate, representative=Representative(mandate.representative.id, ERASED, None)).to_json()
