"""Receipts: what a signer keeps; made once after the act is published, and the same ever after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json
from signing_service.errors import NotFoundError
from signing_service.evidence.receipt import Receipt, format_receipt
from signing_service.evidence.trust import fingerprint
from signing_service.store import acts, attempts
from signing_service.workflow.proofs import is_published, prove
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current_bytes


def receipt_of(service: Service, attempt_id: str) -> bytes:
    """The receipt (docs/formats.md 9) of a complete attempt, stored on first asking; publishes if that was cut off.

    Raises UnavailableError while it is not certain that the synchronous standby has it, too.
    """
    with service.database.read() as session:
        done = _completed(session, attempt_id)
        published = done.receipt is not None or is_published(session, done.entry_index)
    if done.receipt is not None:
        service.database.settle()
        return done.receipt
    if not published:
        service.publish()
    return make_receipt(service, attempt_id)


def make_receipt(service: Service, attempt_id: str) -> bytes:
    """Make and store the receipt of a complete attempt whose act is published; the stored one where there is one.

    Raises NotFoundError where the attempt is not complete, RecordError where its act is not published.
    """
    with service.database.begin() as session:
        done = _completed(session, attempt_id, lock=True)
        if done.receipt is not None:
            return done.receipt
        receipt = _make(session, done)
        attempts.change(session, attempt_id, receipt=receipt)
        return receipt


def _completed(session: Session, attempt_id: str, *, lock: bool = False) -> attempts.Completed:
    done = attempts.completed(session, attempt_id, lock=lock)
    if done is None:
        raise NotFoundError("this attempt was not completed, so it has no receipt")
    return done


def own_receipt(service: Service, person_id: str, agreement_id: str, signer: str) -> bytes:
    """The receipt of this person's own signature; raises NotFoundError for anybody else's, as for none."""
    with service.database.read() as session:
        signature = acts.signature(session, agreement_id, signer)
    if signature is None or signature.person != person_id or signature.attempt is None:
        raise NotFoundError("there is no receipt of yours for this agreement")
    return receipt_of(service, signature.attempt)


def printed_time(service: Service, person_id: str, agreement_id: str, signer: str) -> datetime | None:
    """The time in the box of this person's own signature; None where the signer's own software drew it, or none is."""
    with service.database.read() as session:
        signature = acts.signature(session, agreement_id, signer)
        if signature is None or signature.person != person_id or signature.attempt is None:
            return None
        return None if signature.assurance == "own-certificate" else attempts.find(session, signature.attempt).created


def _make(session: Session, done: attempts.Completed) -> bytes:
    event = done.event or b""
    return format_receipt(
        Receipt(
            agreement=done.agreement,
            signer=done.signer,
            event=event,
            salt=done.salt or b"",
            entry=done.entry,
            index=done.entry_index,
            proof=prove(session, done.entry_index),
            pdf_sha256=parse_canonical_json(event)["pdf_sha256"],
            trust_sha256=fingerprint(current_bytes(session)).hex(),
        )
    )
