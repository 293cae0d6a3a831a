"""Taking a signature with somebody's own certificate: judged, timestamped, stored with its event (DESIGN 4b).

::

    held = reserve(service, person_id, agreement_id, signer)             # workflow.reservations
    receipt = take_upload(service, person_id, agreement_id, signer, pdf)

Whatever is refused changes nothing: the turn stays reserved and the person may try again. A signature without a
trusted timestamp of its own is followed by a document timestamp, stored in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import timestamp_field
from signing_service.encoding import format_time, sha256_hex, to_base64url
from signing_service.errors import MistimedSignatureError, TimestampError
from signing_service.pdf.delta import byte_range_digest, embed, timestamp_delta
from signing_service.pdf.grammar import Tail
from signing_service.pki.revocation import RevocationAsker
from signing_service.pki.timestamp_check import MAX_CLOCK_DIFFERENCE
from signing_service.store import acts, agreements, attempts, ledger, turns
from signing_service.store.attempts import AttemptRow
from signing_service.store.tables import Signature
from signing_service.verify.certificate import Certificate
from signing_service.verify.own_certificate import ASSURANCE
from signing_service.verify.own_sandbox import Judged, judge_apart
from signing_service.verify.own_upload import Upload, check_prefix
from signing_service.verify.revision import verify_last_revision
from signing_service.workflow.attempts import check_may_act, signed_already
from signing_service.workflow.notification import tell_about_signature
from signing_service.workflow.own_material import OwnMaterial
from signing_service.workflow.own_revocation import check_revocation
from signing_service.workflow.receipts import receipt_of
from signing_service.workflow.reservations import not_reserved, own_reservation
from signing_service.workflow.revisions import Candidate, store_candidate
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_mandate, load_published
from signing_service.workflow.trust import current_bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    """An upload that may be stored."""

    judged: Judged
    material: OwnMaterial
    signature: Candidate
    stamp: Candidate | None
    """The document timestamp behind it, where it has none of its own."""
    time: datetime
    """The proven time."""
    independent: bool


def take_upload(service: Service, person_id: str, agreement_id: str, signer: str, uploaded: bytes) -> bytes:
    """Take a signed PDF; return the receipt (JSON), the same for the same file again.

    Raises NotAllowedError without a living reservation, UploadError with the reason (LimitError, UnavailableError and
    TimestampError too) where it is not accepted; then nothing was stored and the turn stays reserved.
    """
    known = _stored_before(service, person_id, agreement_id, signer, uploaded)
    if known is not None:
        return receipt_of(service, known)
    held = own_reservation(service, person_id, agreement_id, signer)
    with service.database.read() as session:
        published = load_published(session, agreement_id)
        signatory = _signatory(session, agreement_id, signer, person_id)
        done = check_may_act(session, published, signatory, service.clock())
        latest = _latest(agreements.get(session, agreement_id).published, done)
        end = agreements.newest_end(session, agreement_id)
        stored = service.prefixes.bytes_of(session, agreement_id, end)
        trust = current_bytes(session)
    check_prefix(stored, uploaded)
    expected = Upload(signer, signatory.mandate.representative)
    judged = judge_apart(stored, uploaded, expected, trust, service.clock())
    _check_own_timestamp(judged.timestamp, latest, service.clock())
    material = check_revocation(RevocationAsker(service.settings.revocation_urls), judged, service.clock())
    taken = _stamped(service, published, judged, material, end.number, stored, uploaded, signer)
    _store(service, held.attempt, published, taken)
    service.publish()
    by = _stored_before(service, person_id, agreement_id, signer, uploaded)  # by a twin that may have had another file
    return receipt_of(service, by or held.attempt)


def _stored_before(service: Service, person_id: str, agreement_id: str, signer: str, uploaded: bytes) -> str | None:
    """The attempt by which exactly this file was stored already; raises ConflictError for another file."""
    with service.database.read() as session:
        found = acts.signature(session, agreement_id, signer)
        if found is None or found.person != person_id or found.attempt is None:
            return None
        if agreements.end_of(session, agreement_id, found.revision).sha256 != sha256_hex(uploaded):
            raise signed_already()
        return found.attempt


def _signatory(session: Session, agreement_id: str, signer: str, person_id: str) -> Signatory:
    found: tuple[str, Mandate] | None = load_mandate(session, agreement_id, signer, person_id)
    if found is None:
        raise not_reserved()
    return Signatory(signer, person_id, *found)


def _latest(published: datetime | None, done: Acts) -> datetime:
    """The newest time that a revision of the agreement proves."""
    assert published is not None, "only published agreements have turns"
    return max([published, *(act.time for act in done.signatures.values())])


def _check_own_timestamp(time: datetime | None, latest: datetime, now: datetime) -> None:
    """Raise where the signature's own timestamp is as far off as none of ours may be (pki.timestamp_check).

    Verifiers fail a signature whose time is two minutes before that of one which it contains: this one, or the next.
    """
    if time is not None and time > now + MAX_CLOCK_DIFFERENCE:
        raise MistimedSignatureError(
            "the timestamp in your signature, %(time)s, lies in the future",
            hint="upload the same file again in some minutes; your turn stays reserved",
            time=time,
        )
    if time is not None and time < latest - MAX_CLOCK_DIFFERENCE:
        raise MistimedSignatureError(
            "the timestamp in your signature, %(time)s, is older than what you signed, which is of %(latest)s",
            hint="sign with another timestamp authority, or with none: the service adds a timestamp itself",
            time=time,
            latest=latest,
        )


def _stamped(
    service: Service,
    published: Published,
    judged: Judged,
    material: OwnMaterial,
    number: int,
    stored: bytes,
    uploaded: bytes,
    signer: str,
) -> _Taken:
    """Give the revisions to be stored; asks for a timestamp where the signature has none, with no transaction open."""
    digest = sha256(uploaded)
    delta = uploaded[len(stored) :]
    signature = Candidate(number + 1, delta, len(uploaded), judged.startxref, judged.size, digest.hexdigest())
    if judged.timestamp is not None:
        return _Taken(judged, material, signature, None, judged.timestamp, judged.independent)
    tail = Tail(len(uploaded), judged.startxref, judged.size)
    update = timestamp_delta(published.layout, tail, timestamp_field(signer))
    token = service.timestamp(byte_range_digest(digest, update))
    certificate = Certificate.load(judged.path[0])
    if not certificate.since <= token.time <= certificate.until:
        raise TimestampError("the timestamp lies outside the certificate's validity; nothing was stored")
    data = embed(update, token.der)
    verify_last_revision(uploaded, uploaded + data, trust=service.trust, at=service.clock())
    digest.update(data)
    after = update.tail
    stamp = Candidate(number + 2, data, after.length, after.startxref, after.size, digest.hexdigest())
    return _Taken(judged, material, signature, stamp, token.time, token.independent)


def _store(service: Service, attempt_id: str, published: Published, taken: _Taken) -> None:
    now = service.clock()
    with service.database.begin() as session:
        attempt = attempts.find(session, attempt_id, lock=True)
        if attempt.state == "complete":
            return  # a twin of this request came first
        agreements.hold(session, attempt.agreement)
        held = turns.reserved(session, attempt.agreement, now=now)
        if held is None or held.id != attempt.id:
            raise not_reserved()
        signatory = _signatory(session, attempt.agreement, attempt.signer, attempt.person)
        before = check_may_act(session, published, signatory, taken.time)
        store_candidate(session, attempt.agreement, taken.signature, now)
        if taken.stamp is not None:
            agreements.add_revision(session, attempt.agreement, taken.stamp, now=now)
        turns.release_all(session, attempt.agreement, attempt.signer)
        attempts.change(session, attempt.id, state="complete", completed=now, certificate=taken.judged.path[0])
        tell_about_signature(session, service, published, signatory, before, taken.time, now)
        index = ledger.append(session, attempt.agreement, "signature", _members(signatory, taken), now).index
        if taken.stamp is not None:
            ledger.append(session, attempt.agreement, "document-timestamp", _stamp_members(attempt, taken), now)
        acts.add_signature(session, _row(attempt, taken, index))


def _timestamp(taken: _Taken) -> dict[str, Any]:
    return {"time": format_time(taken.time), "independent": taken.independent}


def _revision(candidate: Candidate) -> dict[str, Any]:
    return {"revision": candidate.number, "pdf_sha256": candidate.sha256, "pdf_length": candidate.length}


def _members(signatory: Signatory, taken: _Taken) -> dict[str, Any]:
    return {
        "signer": signatory.signer,
        "mandate_sha256": signatory.mandate.digest(),
        "certificate": to_base64url(taken.judged.path[0]),
        "certificate_sha256": sha256_hex(taken.judged.path[0]),
        "subject": taken.judged.subject,
        "assurance": ASSURANCE,
        "timestamp": _timestamp(taken),
        **_revision(taken.signature),
    }


def _stamp_members(attempt: AttemptRow, taken: _Taken) -> dict[str, Any]:
    assert taken.stamp is not None, "asked only where there is one"
    return {"field": timestamp_field(attempt.signer), "timestamp": _timestamp(taken), **_revision(taken.stamp)}


def _row(attempt: AttemptRow, taken: _Taken, index: int) -> Signature:
    return Signature(
        agreement=attempt.agreement,
        signer=attempt.signer,
        act=attempt.act,
        revision=taken.signature.number,
        person=attempt.person,
        mandate=attempt.mandate,
        attempt=attempt.id,
        certificate=taken.judged.path[0],
        certificate_sha256=sha256_hex(taken.judged.path[0]),
        assurance=ASSURANCE,
        timestamp_time=taken.time,
        timestamp_independent=taken.independent,
        entry_index=index,
        material=taken.material.to_json(),
    )
