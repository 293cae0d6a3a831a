"""From an agreement's source to its sealed revision 0, whose bytes never change again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from signing_service.agreement.terms import Terms
from signing_service.errors import ConflictError, NotAllowedError
from signing_service.pdf.delta import byte_range_digest, embed, seal_delta
from signing_service.pdf.grammar import Layout, read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pki.cms import assemble, signed_attributes
from signing_service.store import agreements, ledger
from signing_service.verify.revision import verify_last_revision
from signing_service.workflow.drafts import checklist, load_source, render
from signing_service.workflow.mandates import record_mandate
from signing_service.workflow.notification import invite_representatives
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import mandates_in_order
from signing_service.workflow.withdrawal import supersede

CMS_RESERVE = 5120  # bytes of DER for certificates, approval and signature: a passkey's approval is the largest part
TOKEN_RESERVE = 512  # bytes by which a later timestamp token may be longer than the first
CONTENTS_STEP = 512  # bytes; /Contents is a multiple of this


def publish(service: Service, officer_id: str, agreement_id: str) -> None:
    """Render, seal with a timestamp, freeze and record the agreement; its representatives are invited.

    Raises ConflictError if it is published already, NotAllowedError while the checklist has an open line,
    TimestampError if no authority answers: then nothing was published.
    """
    with service.database.read() as session:
        require(session, officer_id, "publish")
        if agreements.get(session, agreement_id).state != "draft":
            raise ConflictError("the agreement is published already")
        source, terms = load_source(session, agreement_id)
    for item in checklist(service, agreement_id):
        if not item.ok:
            raise NotAllowedError("the agreement cannot be published yet: %(reason)s", reason=item.text)
    base = render(service, source, terms)
    sealed = seal(service, base, terms)
    verify_last_revision(b"", sealed.pdf, trust=service.trust, at=service.clock())
    _store(service, officer_id, terms, base, sealed)
    service.publish()


@dataclass(frozen=True, slots=True)
class Sealed:
    """Revision 0 and what later deltas need of it."""

    pdf: bytes
    layout: Layout
    startxref: int
    size: int


def seal(service: Service, base: bytes, terms: Terms) -> Sealed:
    """Certify the base with the alliance's seal (DocMDP P=2), with a timestamp."""
    now = service.clock()
    probe = service.timestamp(sha256(base).digest())  # how long this authority's tokens are
    layout = read_layout(base, contents_size=_contents_size(len(probe.der)))
    title = terms.title.get("en") or terms.title[terms.languages[0]]
    delta = seal_delta(layout, read_tail(base), name=service.name, reason=f"Seal of “{title}”", time=now)
    attributes = signed_attributes(byte_range_digest(sha256(base), delta), service.keys.seal, None)
    signature = service.keys.sign("seal", attributes)
    token = service.timestamp(sha256(signature).digest())
    container = assemble(attributes, signature, [service.keys.seal, service.keys.services_ca], token.der)
    return Sealed(base + embed(delta, container), layout, delta.tail.startxref, delta.tail.size)


def _contents_size(token: int) -> int:
    needed = CMS_RESERVE + token + TOKEN_RESERVE
    return -(-needed // CONTENTS_STEP) * CONTENTS_STEP


def _store(service: Service, officer_id: str, terms: Terms, base: bytes, sealed: Sealed) -> None:
    now = service.clock()
    digest = sha256(sealed.pdf).hexdigest()
    members = {
        "terms": terms.to_value(),
        "pdf_sha256": digest,
        "pdf_length": len(sealed.pdf),
        "base_length": len(base),
        "contents_size": sealed.layout.contents_size,
        "officer": officer_id,
    }
    revision0 = agreements.NewRevision(0, sealed.pdf, len(sealed.pdf), sealed.startxref, sealed.size, digest)
    with service.database.begin() as session:
        agreements.lock(session, terms.id)
        entry = ledger.append(session, terms.id, "publication", members, now)
        publication = agreements.Publication(
            terms=terms.to_json(),
            layout=sealed.layout.to_json(),
            contents_size=sealed.layout.contents_size,
            base_length=len(base),
            revision0=revision0,
            officer=officer_id,
            entry_index=entry.index,
        )
        agreements.publish(session, terms.id, publication, now=now)
        supersede(session, service, officer_id, terms, digest, now)
        _record_mandates(session, terms, officer_id, now)
        invite_representatives(session, service, terms, now)


def _record_mandates(session: Session, terms: Terms, officer_id: str, now: datetime) -> None:
    for row, _ in mandates_in_order(session, terms):
        record_mandate(session, row, officer_id, now)
