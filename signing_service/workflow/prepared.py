"""Preparing the next revision for a browser: its delta, the attributes to sign, the proof that all is logged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_sign
from signing_service.agreement.terms import SECRETARIAT, field_of
from signing_service.encoding import to_base64url
from signing_service.errors import NotAllowedError, RecordError
from signing_service.pdf.delta import Delta, byte_range_digest, signature_delta
from signing_service.pki.cms import signed_attributes
from signing_service.store import acts, agreements, attempts, openings, publisher, turns
from signing_service.store.attempts import AttemptRow
from signing_service.workflow.attempts import check_alive, load_signatory, own_attempt, signed_already
from signing_service.workflow.download import check_reader
from signing_service.workflow.proofs import prove_all, with_cosignatures
from signing_service.workflow.reservations import Reservation, reservation
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_acts, load_newest, load_published, tail_of

LEASE = timedelta(seconds=10)  # from preparing to the signature, and between two questions of who waits
MIN_POLL, MAX_POLL = 0.04, 6.0  # seconds between two questions of who waits; well under the lease
ON_THE_WAY = timedelta(seconds=3)  # for a question to arrive, so that nobody loses the place by asking when told to
HELD_PLACES = 2  # how many at the head of a queue may be answered only when their turn comes
LONGEST_HOLD = 1.5  # seconds for which such an answer is held
MAX_BASE_END = 1 << 18  # bytes of the base that go with the delta; a browser that lacks more asks for them itself
LOOK_PAUSE, LOOKS_A_TURN = 0.015, 8  # shortest seconds between two looks at the queue; looks until the head moves


@dataclass(frozen=True, slots=True)
class Waiting:
    """Others are ahead in the agreement's queue."""

    agreement: str
    place: int
    """How many they are."""
    retry_after: int
    """Milliseconds after which to ask again."""
    reserved: Reservation | None = None
    """Who keeps the turn to sign with an own certificate, where it is that."""


@dataclass(frozen=True, slots=True)
class BaseEnd:
    """The bytes of the base from an offset on."""

    start: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the browser checks and signs (DESIGN 4a, step 3)."""

    revision: int
    """The number that the new revision will have."""
    base_length: int
    """Bytes of the newest revision, which the delta continues."""
    revision0_length: int
    delta: bytes
    """With zeroes in /Contents."""
    signed_attributes: bytes
    """DER SET OF."""
    certificate: bytes
    """DER of the one-time certificate."""
    chain: tuple[bytes, ...]
    """DER of the issuing authority's certificate."""
    issuance: openings.Opening
    proof: bytes
    """tlog-proof of the issuance's entry."""
    base_end: BaseEnd | None = None
    """What the browser lacks of the base, where it said what it has and that is not far from it."""

    def to_value(self) -> dict[str, Any]:
        """The JSON that the browser is given; binary values in base64url."""
        members = {
            "revision": self.revision,
            "base_length": self.base_length,
            "revision0_length": self.revision0_length,
            "delta": to_base64url(self.delta),
            "signed_attributes": to_base64url(self.signed_attributes),
            "certificate": to_base64url(self.certificate),
            "chain": [to_base64url(one) for one in self.chain],
            "issuance": {
                "event": to_base64url(self.issuance.event or b""),
                "salt": to_base64url(self.issuance.salt or b""),
                "entry": to_base64url(self.issuance.entry),
                "index": self.issuance.index,
                "proof": self.proof.decode("utf-8"),
            },
        }
        if self.base_end is not None:
            members["base_end"] = {"start": self.base_end.start, "bytes": to_base64url(self.base_end.data)}
        return members


def prepare(service: Service, person_id: str, attempt_id: str, have: int | None = None) -> Prepared | Waiting:
    """Give an approved attempt its turn and its prepared delta on the newest revision, or its place in the queue.

    ``have``: how many bytes of the document the browser has, None where it does not say. Raises NotFoundError for
    another person's attempt, NotAllowedError for one that is not approved or has expired, ConflictError where
    the signer has signed.
    """
    prepared = _prepare(service, person_id, attempt_id, have)
    if prepared is None:  # whoever issued the certificate died before its publication
        service.publish()
        prepared = _prepare(service, person_id, attempt_id, have)
    if prepared is None:
        raise RecordError("the record has no released checkpoint yet")
    return prepared


def still_waiting(service: Service, agreement_id: str, stands: turns.Standing, now: datetime) -> Waiting | None:
    """The place of who stands far back in the queue with a lease that lasts; None where something is to be written."""
    if stands.ahead <= HELD_PLACES:
        return None
    if stands.longest > now + LEASE:
        return None  # a reservation, or the clock was set back: who takes a turn sees to that
    waiting = _waiting(service, agreement_id, stands.head, stands.ahead)
    asks_again = now + timedelta(milliseconds=waiting.retry_after) + ON_THE_WAY
    return waiting if asks_again < stands.lease_until else None


def _prepare(service: Service, person_id: str, attempt_id: str, have: int | None) -> Prepared | Waiting | None:
    """As prepare; None while no released checkpoint covers the certificate's issuance."""
    with service.database.begin() as session:
        attempt = own_attempt(session, person_id, attempt_id, lock=True)
        issued = attempt.issuance_index
        if issued is None:
            raise NotAllowedError("this attempt is not approved yet", hint="approve it first")
        check_alive(attempt, service.clock())  # its passkey may have been revoked since: it would hold up the others
        checkpoint = publisher.newest(session)
        if checkpoint is None or checkpoint.size <= issued:
            return None
        place = turns.take(session, attempt.agreement, attempt.id, now=service.clock(), lease=LEASE)
        _check_unsigned(session, attempt, service.clock())  # once the agreement is held; who is refused is not queued
        if place > 0:
            held = reservation(session, attempt.agreement, service.clock())
            return _waiting(service, attempt.agreement, turns.head(session, attempt.agreement), place, held)
        published, end = load_newest(session, attempt.agreement)
        if attempt.prepared_revision != end.number + 1:
            attempt = _prepare_on(session, service, published, attempt, end)
        issuance = openings.by_index(session, [issued])[0]
        return Prepared(
            revision=end.number + 1,
            base_length=end.length,
            revision0_length=published.revision0_length,
            delta=attempt.prepared_delta or b"",
            signed_attributes=attempt.signed_attributes or b"",
            certificate=attempt.certificate or b"",
            chain=(service.keys.issuing_ca.public_bytes(Encoding.DER),),
            issuance=issuance,
            proof=prove_all(session, [issuance.index], with_cosignatures(session, checkpoint))[issuance.index],
            base_end=_base_end(session, service, attempt, end, have),
        )


def _check_unsigned(session: Session, attempt: AttemptRow, now: datetime) -> None:
    """Raise ConflictError where the signer has signed, by this attempt or another one: nobody is to wait for it."""
    person = acts.signed_by(session, attempt.agreement, attempt.signer)
    if person == attempt.person:
        raise signed_already()
    if person is not None:
        terms = load_published(session, attempt.agreement).terms
        may_sign(terms, load_acts(session, attempt.agreement), attempt.signer, now)


def _base_end(
    session: Session, service: Service, attempt: AttemptRow, end: agreements.RevisionEnd, have: int | None
) -> BaseEnd | None:
    if have is None or not 0 < end.length - have <= MAX_BASE_END:
        return None
    check_reader(session, attempt.person, attempt.agreement)
    return BaseEnd(have, service.prefixes.bytes_of(session, attempt.agreement, end)[have:])


def _waiting(
    service: Service, agreement_id: str, head: int, place: int, held: Reservation | None = None
) -> Waiting:
    seconds = service.pace.wait(agreement_id, head, max(0, place - HELD_PLACES))
    seconds = MAX_POLL if held else min(max(seconds, MIN_POLL), MAX_POLL)
    return Waiting(agreement_id, place, round(1000 * seconds), held)


def await_turn(
    service: Service, waiting: Waiting, attempt_id: str, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Wait until the turn has come to who stands near the head of the queue; say whether it has.

    It looks into the database, whichever process or machine the others are signing on; no transaction stays open.
    """
    if waiting.place > HELD_PLACES or waiting.reserved is not None:
        return False
    between = max(LOOK_PAUSE, waiting.place * service.pace.of(waiting.agreement) / LOOKS_A_TURN)
    for _ in range(math.ceil(LONGEST_HOLD / between)):
        with service.database.ask() as driver:
            if turns.is_next(driver, attempt_id):
                return True
        pause(between)
    return False


def _prepare_on(
    session: Session, service: Service, published: Published, attempt: AttemptRow, end: agreements.RevisionEnd
) -> AttemptRow:
    delta = delta_of(session, published, attempt, end)
    digest = byte_range_digest(service.prefixes.hash_of(session, published.id, end), delta)
    certificate = x509.load_der_x509_certificate(attempt.certificate or b"")
    values: dict[str, Any] = {
        "prepared_revision": end.number + 1,
        "prepared_delta": delta.data,
        "signed_attributes": signed_attributes(digest, certificate, attempt.approval),
    }
    attempts.change(session, attempt.id, **values)
    return replace(attempt, **values)


def delta_of(session: Session, published: Published, attempt: AttemptRow, end: agreements.RevisionEnd) -> Delta:
    """The attempt's delta on a revision; the same for the same attempt and revision.

    Raises NotFoundError where its mandate is no longer in force: the browser would miss the name, and cry foul.
    """
    mandate = load_signatory(session, attempt).mandate
    return signature_delta(
        published.layout,
        tail_of(end),
        field_of(attempt.signer),
        name=mandate.representative.name,
        reason=reason_of(published, attempt.signer),
        time=attempt.created,
        appearance=attempt.appearance,
    )


def reason_of(published: Published, signer: str) -> str:
    """The act in words, for the signature dictionary's /Reason."""
    title = published.terms.title.get("en") or published.terms.title[published.terms.languages[0]]
    if signer == SECRETARIAT:
        return f"Countersignature of “{title}” by the secretariat"
    whole = published.terms.signer(signer)
    role = whole.role.title.get("en") or whole.role.title[published.terms.languages[0]]
    return f"Signature of “{title}” for {whole.party.name}, as {role}"
