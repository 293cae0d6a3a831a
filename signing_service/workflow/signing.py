"""Signing, steps 3 to 6 of DESIGN 4a: certificate, prepared delta, timestamp, one transaction, receipt.

::

    prepared = approve_attempt(service, person_id, attempt_id, request_der, statement, answer)
    receipt = complete_attempt(service, person_id, attempt_id, raw_signature, prepared.revision)

The same functions serve representatives and countersigning officers. Each step may be repeated: a step that is
done gives its stored answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.approval import Approval
from signing_service.encoding import format_time, sha256_hex
from signing_service.errors import (
    ApprovalError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    TimestampError,
    VerificationError,
)
from signing_service.pdf.delta import Delta
from signing_service.pki.cms import assemble, raw_signature_to_der
from signing_service.pki.ocsp import good_response
from signing_service.pki.requests import parse_request
from signing_service.pki.timestamps import TimestampToken
from signing_service.store import acts, agreements, attempts, ledger, openings, turns
from signing_service.store.attempts import AttemptRow
from signing_service.store.tables import Signature
from signing_service.workflow.approvals import Answer, check_secret
from signing_service.workflow.attempts import check_alive, check_may_act, load_signatory, own_attempt, with_key
from signing_service.workflow.issuance import check_same, issue
from signing_service.workflow.notification import tell_about_signature
from signing_service.workflow.prepared import Prepared, Waiting, delta_of, prepare, still_waiting
from signing_service.workflow.receipts import make_receipt, receipt_of
from signing_service.workflow.revisions import Candidate, OvertakenError, make_candidate, store_candidate
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_newest
from signing_service.workflow.trust import check_in_office


class Reprepared(ConflictError):
    """Another signature landed in between; ``prepared`` continues from it, to be signed with the same key."""

    def __init__(self, prepared: Prepared | Waiting) -> None:
        super().__init__("another signature was stored in between", hint="sign the newly prepared revision")
        self.prepared = prepared


def approve_attempt(
    service: Service,
    person_id: str,
    attempt_id: str,
    request: bytes,
    statement: bytes,
    answer: Answer,
    counted: Callable[[], AbstractContextManager[None]] = nullcontext,
    have: int | None = None,
) -> Prepared | Waiting:
    """Take the approval and the PKCS#10 request (DER); issue the certificate, log it, and prepare the delta.

    Repeating it with the same request keeps the place in the queue and looks at no answer again. ``counted`` is entered
    around the look at an answer that can be guessed; ``have`` as prepare takes it. Raises ApprovalError where the
    statement is not the one that was begun or on a passkey that does not count, NotAllowedError on a wrong password or
    where the rules ask for a passkey, ConflictError once the signature is stored.
    """
    spki, now = parse_request(request), service.clock()
    with service.database.ask() as driver:
        asked = attempts.asked(driver, attempt_id)
    if asked.person != person_id:
        raise NotFoundError("there is no such attempt")
    check_alive(asked, now)
    if asked.state == "begun":
        if with_key(asked.statement, spki).to_json() != statement:
            raise ApprovalError("what was approved is not what this attempt is for", hint="reload the page")
        with counted():
            check_secret(service, person_id, answer)
        issue(service, person_id, attempt_id, spki, statement, answer)
        service.publish()
    else:
        check_same(asked, spki, statement)
        with service.database.ask() as driver:
            stands = turns.standing(driver, attempt_id, now=now)
        waiting = still_waiting(service, asked.agreement, stands, now) if stands else None
        if waiting is not None:
            return waiting
    return prepare(service, person_id, attempt_id, have)


def complete_attempt(
    service: Service, person_id: str, attempt_id: str, raw_signature: bytes, revision: int, have: int | None = None
) -> bytes:
    """Take the signature (``r ‖ s``, 64 bytes) over the prepared signed attributes; return the receipt (JSON).

    Verifies before it embeds, asks for the timestamp outside any transaction, then stores revision, signature,
    entry and mail in one. Raises Reprepared where another revision came first, TimestampError where no authority
    answers (nothing is signed then), VerificationError on a signature that does not verify.
    """
    with service.database.read() as session:
        attempt = own_attempt(session, person_id, attempt_id)
        published, end = load_newest(session, attempt.agreement)
        current = attempt.prepared_revision == revision == end.number + 1
        delta = delta_of(session, published, attempt, end) if current else None
    if attempt.state == "complete":
        return receipt_of(service, attempt_id)
    check_alive(attempt, service.clock())
    try:
        if delta is None:
            raise OvertakenError("another revision was stored in between")
        _complete(service, attempt, _Base(published, end, delta), raw_signature_to_der(raw_signature))
    except OvertakenError:
        _, receipt = attempt_state(service, person_id, attempt_id)
        if receipt is not None:
            return receipt  # a twin of this request came first
        raise Reprepared(prepare(service, person_id, attempt_id, have)) from None
    service.publish()
    return make_receipt(service, attempt_id)


def attempt_state(service: Service, person_id: str, attempt_id: str) -> tuple[str, bytes | None]:
    """The attempt's state (``begun`` · ``approved`` · ``complete`` · ``expired``) and its receipt once complete."""
    with service.database.look() as session:
        attempt = own_attempt(session, person_id, attempt_id)
    if attempt.state == "complete":
        return attempt.state, receipt_of(service, attempt_id)
    return ("expired" if service.clock() >= attempt.expires else attempt.state), None


@dataclass(frozen=True, slots=True)
class _Base:
    """The newest revision, and the prepared delta that continues it."""

    published: Published
    end: agreements.RevisionEnd
    delta: Delta


def _complete(service: Service, attempt: AttemptRow, base: _Base, signature: bytes) -> None:
    certificate = x509.load_der_x509_certificate(attempt.certificate or b"")
    attributes = attempt.signed_attributes or b""
    _check_issuer(service, certificate)
    _verify(certificate, signature, attributes)
    token = service.timestamp(sha256(signature).digest())
    if not certificate.not_valid_before_utc <= token.time <= certificate.not_valid_after_utc:
        raise TimestampError("the timestamp lies outside the one-time certificate's validity; nothing was signed")
    container = assemble(attributes, signature, [certificate, service.keys.issuing_ca], token.der)
    with service.database.read() as session:
        candidate = make_candidate(session, service, base.published, base.end, base.delta, container)
    ocsp = good_response(service.keys, certificate, max(service.clock(), token.time))
    _store(service, base.published, attempt, candidate, token, ocsp)


def _check_issuer(service: Service, certificate: x509.Certificate) -> None:
    """The issuing authority's key may have been replaced while the person was signing."""
    try:
        certificate.verify_directly_issued_by(service.keys.issuing_ca)
    except (ValueError, InvalidSignature):
        raise NotAllowedError(
            "the service's keys were replaced since this attempt began; nothing was signed", hint="begin again"
        ) from None


def _verify(certificate: x509.Certificate, signature: bytes, signed_attributes: bytes) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):  # issue_one_time makes no other
            key.verify(signature, signed_attributes, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature:
        pass
    raise VerificationError(
        "the signature does not fit the prepared revision; nothing was stored", hint="reload the page and try again"
    )


def _store(
    service: Service,
    published: Published,
    attempt: AttemptRow,
    candidate: Candidate,
    token: TimestampToken,
    ocsp: bytes,
) -> None:
    with service.database.begin() as session:
        attempt = own_attempt(session, attempt.person, attempt.id, lock=True)
        if attempt.state == "complete":
            return  # a twin of this request came first
        agreements.hold(session, attempt.agreement)  # so that nobody withdraws it after the look at the acts
        now = service.clock()  # once both are held, for which it may have waited
        check_alive(attempt, now)  # again: the passkey that approved may have been revoked meanwhile
        signatory = load_signatory(session, attempt)
        before = check_may_act(session, published, signatory, token.time)
        if turns.is_reserved(session, attempt.agreement, now=now):
            raise OvertakenError("the turn is reserved for somebody who signs with an own certificate")
        store_candidate(session, attempt.agreement, candidate, now)
        turns.release_all(session, attempt.agreement, attempt.signer)
        attempts.change(session, attempt.id, state="complete", completed=now)
        tell_about_signature(session, service, published, signatory, before, token.time, now)
        members = _signature_members(session, attempt, signatory, candidate, token)
        index = ledger.append(session, attempt.agreement, attempt.act, members, now).index
        if signatory.signer == SECRETARIAT:
            check_in_office(session, attempt.person)
        acts.add_signature(session, _signature_row(attempt, candidate, token, ocsp, index))


def _signature_members(
    session: Session, attempt: AttemptRow, signatory: Signatory, candidate: Candidate, token: TimestampToken
) -> dict[str, Any]:
    return {
        "signer": attempt.signer,
        "mandate_sha256": signatory.mandate.digest(),
        "certificate_sha256": sha256_hex(attempt.certificate or b""),
        "issuance": openings.sequence_of(session, attempt.issuance_index or 0),
        "revision": candidate.number,
        "pdf_sha256": candidate.sha256,
        "pdf_length": candidate.length,
        "assurance": Approval.from_der(attempt.approval or b"").assurance,
        "timestamp": {"time": format_time(token.time), "independent": token.independent},
    }


def _signature_row(
    attempt: AttemptRow, candidate: Candidate, token: TimestampToken, ocsp: bytes, index: int
) -> Signature:
    return Signature(
        agreement=attempt.agreement,
        signer=attempt.signer,
        act=attempt.act,
        revision=candidate.number,
        person=attempt.person,
        mandate=attempt.mandate,
        attempt=attempt.id,
        certificate=attempt.certificate or b"",
        certificate_sha256=sha256_hex(attempt.certificate or b""),
        assurance=Approval.from_der(attempt.approval or b"").assurance,
        timestamp_time=token.time,
        timestamp_independent=token.independent,
        ocsp=ocsp,
        entry_index=index,
    )
