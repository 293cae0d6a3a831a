"""Receipts: what a signer keeps; made once after the act is published, and the same ever after."""

from __future__ import annotations

from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json
from signing_service.errors import NotFoundError
from signing_service.evidence.receipt import Receipt, format_receipt
from signing_service.evidence.trust import fingerprint
from signing_service.store import acts, openings
from signing_service.store.tables import Attempt
from signing_service.workflow.proofs import is_published, prove
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current_bytes


def receipt_of(service: Service, attempt_id: str) -> bytes:
    """The receipt (docs/formats.md 9) of a complete attempt, stored on first asking; publishes if that was cut off."""
    with service.database.read() as session:
        attempt = acts.attempt(session, attempt_id)
        if attempt.receipt is not None:
            return attempt.receipt
        published = is_published(session, _entry_index(session, attempt))
    if not published:
        service.publish()
    return make_receipt(service, attempt_id)


def make_receipt(service: Service, attempt_id: str) -> bytes:
    """Make and store the receipt of a complete attempt whose act is published; the stored one where there is one.

    Raises NotFoundError where the attempt is not complete, RecordError where its act is not published.
    """
    with service.database.begin() as session:
        attempt = acts.lock_attempt(session, attempt_id)
        if attempt.receipt is None:
            index = _entry_index(session, attempt)
            attempt.receipt = _make(session, service, attempt.agreement, attempt.signer, index)
        return attempt.receipt


def _entry_index(session: Session, attempt: Attempt) -> int:
    signature = acts.signature(session, attempt.agreement, attempt.signer)
    if attempt.state != "complete" or signature is None or signature.attempt != attempt.id:
        raise NotFoundError("this attempt was not completed, so it has no receipt")
    return signature.entry_index


def own_receipt(service: Service, person_id: str, agreement_id: str, signer: str) -> bytes:
    """The receipt of this person's own signature; raises NotFoundError for anybody else's, as for none."""
    with service.database.read() as session:
        signature = acts.signature(session, agreement_id, signer)
    if signature is None or signature.person != person_id or signature.attempt is None:
        raise NotFoundError("there is no receipt of yours for this agreement")
    return receipt_of(service, signature.attempt)


def _make(session: Session, service: Service, agreement_id: str, signer: str, index: int) -> bytes:
    opening = openings.by_index(session, [index])[0]
    event = opening.event or b""
    return format_receipt(
        Receipt(
            agreement=agreement_id,
            signer=signer,
            event=event,
            salt=opening.salt or b"",
            entry=opening.entry,
            index=index,
            proof=prove(session, index),
            pdf_sha256=parse_canonical_json(event)["pdf_sha256"],
            trust_sha256=fingerprint(current_bytes(session)).hex(),
        )
    )
