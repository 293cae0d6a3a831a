"""The one-time certificate: issued for an approval, and logged before its key signs (DESIGN 4a, step 3)."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import sha256_hex, to_base64url
from signing_service.errors import ConflictError
from signing_service.pki.authority import OneTimeSubject, issue_one_time
from signing_service.store import attempts, ledger
from signing_service.store.attempts import AttemptRow
from signing_service.workflow.approvals import Answer, approve
from signing_service.workflow.attempts import check_may_act, load_signatory, own_attempt
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_published


def issue(service: Service, person_id: str, attempt_id: str, spki: bytes, statement: bytes, answer: Answer) -> None:
    """Take the approval of an attempt that has begun, make its certificate for the key ``spki`` (DER) and log both.

    Done before with the same key and statement, it changes nothing. Raises ConflictError on another key or one that
    served before, and what approve and check_may_act raise.
    """
    now = service.clock()
    with service.database.begin() as session:
        attempt = own_attempt(session, person_id, attempt_id, lock=True)
        if attempt.state != "begun":
            check_same(attempt, spki, statement)  # a twin of this request came first
            return
        published = load_published(session, attempt.agreement)
        signatory = load_signatory(session, attempt)
        check_may_act(session, published, signatory, now)
        approval = approve(session, service, published.terms, signatory, statement, answer).to_der()
        certificate = issue_one_time(service.keys, spki, _subject(service, published, signatory), now)
        der = certificate.public_bytes(Encoding.DER)
        members = {
            "act": attempt.act,
            "signer": attempt.signer,
            "mandate_sha256": signatory.mandate.digest(),
            "certificate": to_base64url(der),
            "certificate_sha256": sha256_hex(der),
            "approval": to_base64url(approval),
        }
        appended = ledger.append(session, attempt.agreement, "issuance", members, now)
        issued = {"approval": approval, "certificate": der, "issuance_index": appended.index}
        attempts.approve(session, attempt.id, statement, spki, **issued)


def _subject(service: Service, published: Published, signatory: Signatory) -> OneTimeSubject:
    mandate = signatory.mandate
    if signatory.signer == SECRETARIAT:
        organisation, country = service.name, None
    else:
        party = published.terms.party(mandate.party)
        organisation, country = party.name, party.country
    return OneTimeSubject(published.id, mandate.party, mandate.role, organisation, country, mandate.representative.name)


def check_same(attempt: AttemptRow | attempts.Asked, spki: bytes, statement: bytes) -> None:
    """Raise ConflictError unless the attempt was approved for this key (DER SPKI) and statement."""
    if (attempt.spki, attempt.statement) != (spki, statement):
        raise ConflictError("this attempt was approved with another key", hint="reload the page and begin again")
