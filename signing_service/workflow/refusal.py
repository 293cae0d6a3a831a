"""Declining to sign, with a reason: an act like a signature, but without a document of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_refuse
from signing_service.agreement.mandates import Mandate
from signing_service.approval import Statement, challenge_of
from signing_service.encoding import parse_canonical_json, sha256_hex, to_base64url
from signing_service.errors import ApprovalError, NotFoundError
from signing_service.store import acts, agreements, ledger, passkeys
from signing_service.store.tables import Refusal
from signing_service.workflow.approvals import (
    Answer,
    PasskeyAnswer,
    approve,
    check_secret,
    require_way,
    ways_to_approve,
)
from signing_service.workflow.attempts import consent_for
from signing_service.workflow.download import check_party
from signing_service.workflow.notification import tell_about_refusal
from signing_service.workflow.passkeys import challenge_in, credential_of, request_options
from signing_service.workflow.reasons import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_acts, load_mandate, load_published

EXPIRY = timedelta(minutes=10)  # of the approval


def refuse(
    service: Service, person_id: str, agreement_id: str, signer: str, reason: str, answer: Answer, language: str = "en"
) -> None:
    """Record that a representative declines; the secretariat is told. Who declined may still sign later.

    A passkey's answer is to begin_refusal's challenge. Raises InputError on a reason that is empty or too long,
    NotFoundError without a mandate, ApprovalError on a passkey that does not count or was asked for another reason,
    NotAllowedError on a wrong password or when it is too late, ConflictError when signed or declined already.
    """
    reason = clean_reason(reason)
    check_secret(service, person_id, answer)
    with service.database.begin() as session:
        if isinstance(answer, PasskeyAnswer):
            credential_of(session, person_id, "approval", answer.response, hold=True)  # before the agreement's row
        check_party(session, person_id, agreement_id)
        agreements.lock(session, agreement_id)
        now = service.clock()  # once the agreement is held, for which it may have waited
        published = load_published(session, agreement_id)
        signatory = _signatory(session, published, person_id, signer, now)
        mandate = signatory.mandate
        statement = _statement(published, signatory, reason, language, now)
        if isinstance(answer, PasskeyAnswer):
            challenge = challenge_in(answer.response)
            statement = passkeys.take_challenge(session, challenge, "refusal", now=now, person=person_id)
            _check_statement(statement, signatory, reason)
        approval = approve(session, service, published.terms, signatory, statement, answer)
        members = {
            "signer": signer,
            "mandate_sha256": mandate.digest(),
            "reason": reason,
            "approval": to_base64url(approval.to_der()),
        }
        tell_about_refusal(session, service, published.terms, signatory, reason, now)
        entry = ledger.append(session, agreement_id, "refusal", members, now)
        _check_dated(statement, mandate, entry.time)
        refusal = Refusal(
            agreement=agreement_id,
            signer=signer,
            person=person_id,
            mandate=signatory.mandate_id,
            reason=reason,
            time=entry.time,
            entry_index=entry.index,
        )
        acts.add_refusal(session, refusal)
    service.publish()


def begin_refusal(
    service: Service, person_id: str, agreement_id: str, signer: str, reason: str, language: str = "en"
) -> dict[str, Any]:
    """Fix what a passkey is about to approve, and give its options as PublicKeyCredentialRequestOptionsJSON.

    Raises as refuse, and NotAllowedError where the person has no confirmed passkey.
    """
    reason, now = clean_reason(reason), service.clock()
    with service.database.begin() as session:
        check_party(session, person_id, agreement_id)
        published = load_published(session, agreement_id)
        signatory = _signatory(session, published, person_id, signer, now)
        ways = ways_to_approve(session, service, published.terms, signatory)
        require_way(ways, signer)
        statement = _statement(published, signatory, reason, language, now)
        challenge = challenge_of(statement)
        expires = now + EXPIRY
        passkeys.add_challenge(session, challenge, "refusal", expires=expires, person=person_id, about=statement)
    options = request_options(service, challenge, list(ways.passkeys))
    return {"statement": parse_canonical_json(statement), "passkey": options if ways.passkeys else None}


def _signatory(session: Session, published: Published, person_id: str, signer: str, now: datetime) -> Signatory:
    found = load_mandate(session, published.id, signer, person_id)
    if found is None:
        raise NotFoundError("you have no mandate to act as %(signer)s", hint="ask the secretariat", signer=signer)
    found[1].check_valid_at(now)
    may_refuse(published.terms, load_acts(session, published.id), signer, now)
    return Signatory(signer, person_id, *found)


def _statement(published: Published, signatory: Signatory, reason: str, language: str, now: datetime) -> bytes:
    statement = Statement(
        act="refusal",
        agreement=published.id,
        revision0=published.revision0_sha256,
        signer=signatory.signer,
        mandate=signatory.mandate.digest(),
        consent=consent_for(published.terms, signatory.signer, "refusal", language),
        consent_language=language,
        key=b"",  # nothing is signed, so there is no key
        appearance=sha256_hex(reason.encode()),
        expires=now + EXPIRY,
    )
    return statement.to_json()


def _check_statement(statement: bytes, signatory: Signatory, reason: str) -> None:
    approved = Statement.from_json(statement)
    wanted = (signatory.mandate.agreement, signatory.signer, signatory.mandate.digest(), sha256_hex(reason.encode()))
    if (approved.agreement, approved.signer, approved.mandate, approved.appearance) != wanted:
        raise ApprovalError("what was approved is not this refusal", hint="reload the page and try again")


def _check_dated(statement: bytes, mandate: Mandate, time: datetime) -> None:
    """As `verify` will judge it, by the time of the event."""
    mandate.check_valid_at(time)
    if time > Statement.from_json(statement).expires:
        raise ApprovalError("the passkey's answer came too late", hint="try again")
