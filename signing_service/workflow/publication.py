"""From an agreement's source to its sealed revision 0, whose bytes never change again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from signing_service.agreement.terms import Terms
from signing_service.encoding import canonical_json, sha256_hex
from signing_service.errors import ConflictError, NotAllowedError
from signing_service.pdf.delta import byte_range_digest, embed, seal_delta
from signing_service.pdf.grammar import Layout, read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pki.cms import assemble, signed_attributes
from signing_service.store import agreements, ledger, mandates
from signing_service.store.tables import Agreement
from signing_service.verify.revision import verify_last_revision
from signing_service.workflow import withdrawal
from signing_service.workflow.draft_checklist import checklist
from signing_service.workflow.drafts import load_source, render
from signing_service.workflow.invitations import invite_representatives
from signing_service.workflow.mandates import record_mandate
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import mandates_in_order

CMS_RESERVE = 5120  # bytes of DER for certificates, approval and signature: a passkey's approval is the largest part
TOKEN_RESERVE = 512  # bytes by which a later timestamp token may be longer than the first
CONTENTS_STEP = 512  # bytes; /Contents is a multiple of this


def publish(service: Service, officer_id: str, agreement_id: str, seen: str) -> None:
    """Render, seal with a timestamp, freeze and record the agreement; its representatives are invited.

    ``seen``: what ``look`` gave when the officer looked at the draft. Raises ConflictError if it is another by now or
    published already, NotAllowedError while the checklist has an open line, TimestampError if no authority answers:
    then nothing was published.
    """
    with service.database.read() as session:
        require(session, officer_id, "publish")
        _require_as_seen(session, agreements.get(session, agreement_id), seen)
        source, terms = load_source(session, agreement_id)
    for item in checklist(service, agreement_id):
        if not item.ok:
            raise NotAllowedError("the agreement cannot be published yet: %(reason)s", reason=item.text)
    base = render(service, source, terms)
    sealed = seal(service, base, terms)
    verify_last_revision(b"", sealed.pdf, trust=service.trust, at=service.clock())
    _store(service, officer_id, terms, base, sealed, seen)
    service.publish()


def look(service: Service, agreement_id: str) -> str:
    """A digest of all that an officer answers for by publishing: terms, source files, who signs by whose authority."""
    with service.database.read() as session:
        return _digest(session, agreements.get(session, agreement_id))


def changed_since() -> ConflictError:
    """What is told where the draft is another than the one that was looked at."""
    return ConflictError(
        "the draft has been changed since you looked at it, so it is not published",
        hint="look at it again, then publish it",
    )


def _digest(session: Session, agreement: Agreement) -> str:
    files = agreements.source_files(session, agreement.id)
    given = mandates.of_agreement(session, agreement.id)
    looked_at = {
        "terms": sha256_hex(agreement.terms),
        "files": {path: sha256_hex(content) for path, content in files.items()},
        "mandates": {row.signer: row.digest for row, _ in given},
    }
    return sha256_hex(canonical_json(looked_at))


def _require_as_seen(session: Session, agreement: Agreement, seen: str) -> None:
    if agreement.state != "draft":
        raise ConflictError("the agreement is published already")
    if _digest(session, agreement) != seen:
        raise changed_since()


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


def _store(service: Service, officer_id: str, terms: Terms, base: bytes, sealed: Sealed, seen: str) -> None:
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
    publication = agreements.Publication(
        terms=terms.to_json(),
        layout=sealed.layout.to_json(),
        contents_size=sealed.layout.contents_size,
        base_length=len(base),
        revision0=revision0,
        officer=officer_id,
    )
    ends = f"superseded by version {terms.version} of {terms.reference}"
    with service.database.begin() as session:
        _require_as_seen(session, agreements.lock(session, terms.id), seen)
        agreement = agreements.publish(session, terms.id, publication, now=now)
        old = agreements.by_revision0(session, terms.supersedes) if terms.supersedes else None
        if old is not None:
            withdrawal.prepare(session, service, officer_id, old, ends, now)
        invite_representatives(session, service, terms, now, ended=old)
        agreement.publication_index = ledger.append(session, terms.id, "publication", members, now).index
        if old is not None:  # from here on the log is locked: no row is waited for any more
            withdrawal.record(session, officer_id, old, ends, digest, now)
        _record_mandates(session, terms, officer_id, now)


def _record_mandates(session: Session, terms: Terms, officer_id: str, now: datetime) -> None:
    for row, _ in mandates_in_order(session, terms):
        record_mandate(session, row, officer_id, now)
