"""What a page must know of a signature to be given, so that its browser can check what it is asked to sign."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.agreement.acts import is_over, may_sign
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, field_of
from signing_service.approval import Act
from signing_service.errors import NotFoundError
from signing_service.store import people
from signing_service.workflow.approvals import require_way, ways_to_approve
from signing_service.workflow.mandates import expected_officer_mandate
from signing_service.workflow.prepared import reason_of
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_acts, load_mandate, load_published


@dataclass(frozen=True, slots=True)
class OwnSigning:
    """A person's own signature that is still to be given."""

    agreement: str
    revision0_sha256: str
    signer: str
    field: str
    """The name of the signature field."""
    act: Act
    mandate: Mandate
    organization: str
    """As the one-time certificate will name it."""
    country: str | None
    reason: str
    """As the signature dictionary will state it."""
    email: str
    now_named: str
    """How the person is called by now, where the mandate has an older name; else empty."""
    password: bool
    """Whether a password approves it, too."""


def own_signing(service: Service, person_id: str, agreement_id: str, signer: str) -> OwnSigning:
    """What this person is about to sign as ``signer``.

    Raises NotFoundError without a mandate, NotAllowedError or ConflictError where the signature cannot be given now.
    """
    now = service.clock()
    with service.database.read() as session:
        published = load_published(session, agreement_id)
        signatory = _signatory(session, service, published, person_id, signer)
        mandate = signatory.mandate
        done = load_acts(session, agreement_id)
        if is_over(published.terms, done, now):  # that is the reason, whatever there is to approve with
            may_sign(published.terms, done, signer, now)
        ways = ways_to_approve(session, service, published.terms, signatory)
        require_way(ways, signer)
        may_sign(published.terms, done, signer, now)
        person = people.get(session, person_id)
        email, now_named = person.email, mandate.representative.now_named(person.name, person.native_name)
    mandate.check_valid_at(now)
    party = None if signer == SECRETARIAT else published.terms.party(mandate.party)
    return OwnSigning(
        agreement=agreement_id,
        revision0_sha256=published.revision0_sha256,
        signer=signer,
        field=field_of(signer),
        act="countersignature" if signer == SECRETARIAT else "signature",
        mandate=mandate,
        organization=party.name if party else service.name,
        country=party.country if party else None,
        reason=reason_of(published, signer),
        email=email,
        now_named=now_named,
        password=ways.password,
    )


def _signatory(session: Session, service: Service, published: Published, person_id: str, signer: str) -> Signatory:
    found = load_mandate(session, published.id, signer, person_id)
    if found is not None:
        return Signatory(signer, person_id, *found)
    officer = people.get(session, person_id)
    if signer == SECRETARIAT and officer.officer and officer.ended is None:
        mandate = expected_officer_mandate(service, published.id, officer, service.clock())
        return Signatory(signer, person_id, "", mandate)
    raise NotFoundError("you have no mandate to sign as %(signer)s", hint="ask the secretariat", signer=signer)
