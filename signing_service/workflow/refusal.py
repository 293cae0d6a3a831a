"""Declining to sign, with a reason: an act like a signature, but without a document of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_refuse
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.names import clean_name
from signing_service.approval import Statement, service_approval
from signing_service.encoding import sha256_hex, to_base64url
from signing_service.errors import InputError, NotFoundError
from signing_service.store import acts, agreements, ledger
from signing_service.store.tables import Refusal
from signing_service.workflow.attempts import consent_for
from signing_service.workflow.login import check_password
from signing_service.workflow.notification import tell_about_refusal
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_acts, load_mandate, load_published

MAX_REASON = 2000  # characters
EXPIRY = timedelta(minutes=1)  # of the approval; it is used at once


def refuse(
    service: Service, person_id: str, agreement_id: str, signer: str, reason: str, password: str, language: str = "en"
) -> None:
    """Record that a representative declines; the secretariat is told. Who declined may still sign later.

    Raises InputError on a reason that is empty or too long, NotFoundError without a mandate, NotAllowedError on a
    wrong password or when it is too late, ConflictError when signed or declined already.
    """
    reason = clean_reason(reason)
    check_password(service, person_id, password)
    now = service.clock()
    with service.database.begin() as session:
        agreements.lock(session, agreement_id)
        published = load_published(session, agreement_id)
        mandate_id, mandate = _mandate(session, agreement_id, signer, person_id)
        mandate.check_valid_at(now)
        may_refuse(published.terms, load_acts(session, agreement_id), signer, now)
        members = {
            "signer": signer,
            "mandate_sha256": mandate.digest(),
            "reason": reason,
            "approval": to_base64url(_approval(published, mandate, signer, language, now)),
        }
        tell_about_refusal(session, service, published.terms, signer, reason, now)
        entry = ledger.append(session, agreement_id, "refusal", members, now)
        refusal = Refusal(
            agreement=agreement_id,
            signer=signer,
            person=person_id,
            mandate=mandate_id,
            reason=reason,
            time=now,
            entry_index=entry.index,
        )
        acts.add_refusal(session, refusal)
    service.publish()


def clean_reason(reason: str) -> str:
    """A reason in one line of NFC; raises InputError when it is empty or too long."""
    reason = clean_name(" ".join(reason.split()))
    if not 1 <= len(reason) <= MAX_REASON:
        raise InputError(f"the reason has {len(reason)} characters", hint=f"write 1 to {MAX_REASON}")
    return reason


def _mandate(session: Session, agreement_id: str, signer: str, person_id: str) -> tuple[str, Mandate]:
    found = load_mandate(session, agreement_id, signer, person_id)
    if found is None:
        raise NotFoundError(f"you have no mandate to act as {signer}", hint="ask the secretariat")
    return found


def _approval(published: Published, mandate: Mandate, signer: str, language: str, now: datetime) -> bytes:
    statement = Statement(
        act="refusal",
        agreement=published.id,
        revision0=published.revision0_sha256,
        signer=signer,
        mandate=mandate.digest(),
        consent=consent_for(published.terms, signer, "refusal", language),
        consent_language=language,
        key=b"",  # nothing is signed, so there is no key
        appearance=sha256_hex(b""),
        expires=now + EXPIRY,
    )
    return service_approval(statement.to_json(), "password", now).to_der()
