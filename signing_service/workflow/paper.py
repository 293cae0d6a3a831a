"""A signature on paper, where the sealed rules allow it: an officer attests the scanned page with a passkey.

::

    request = begin_attestation(service, officer_id, agreement_id, "njupt:president", Page(scan, date(2025, 4, 11)))
    attest(service, officer_id, agreement_id, "njupt:president", answer, scan)

The scan is kept as it came, as evidence: what it shows, people judge. Nothing of it touches the PDF.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pypdfium2
from PIL import Image
from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_attest_paper
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT
from signing_service.approval import Confirmation
from signing_service.approval.paper import PaperStatement, verify_paper
from signing_service.encoding import parse_canonical_json, sha256_hex, to_base64url
from signing_service.errors import ApprovalError, InputError, LimitError, NotAllowedError, NotFoundError
from signing_service.store import acts, agreements, ledger, mandates, passkeys
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Paper
from signing_service.workflow.confirmation import officer_keys
from signing_service.workflow.notification import tell_about_paper
from signing_service.workflow.passkeys import (
    CHALLENGE_LIFETIME,
    assertion_of,
    challenge_in,
    credential_of,
    note_use,
    relying_party,
    request_options,
)
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_acts, load_published
from signing_service.workflow.trust import check_in_office

MAX_SCAN = 1024 * 1024  # bytes; a page at 200 dpi in grey has some 300 KB
MAX_PAGES = 10
MAX_PIXELS = 40_000_000  # A4 at 600 dpi has 35 million
PURPOSE = "paper"
_MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_IMAGES = {"image/png": "PNG", "image/jpeg": "JPEG"}


@dataclass(frozen=True, slots=True)
class Page:
    """A scanned page, and the day that stands on it."""

    scan: bytes
    signed_on: date


def begin_attestation(
    service: Service, officer_id: str, agreement_id: str, signer: str, page: Page
) -> dict[str, Any]:
    """Fix what the officer attests, and give it with the options for the officer's passkey.

    Raises NotAllowedError where the sealed rules allow no paper or for one's own signature, NotFoundError where nobody
    has the mandate, InputError on what is no scan, ConflictError where the signer has signed.
    """
    media_type, now = check_scan(page.scan), service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "attest")
        own = officer_keys(session, officer_id)
        published, row, mandate = _place(session, agreement_id, signer)
        may_attest_paper(published.terms, load_acts(session, agreement_id), signer, now)
        if row.person == officer_id:
            raise NotAllowedError("nobody attests a signature of their own", hint="ask another officer")
        _check_day(mandate, page.signed_on, now.date())
        statement = PaperStatement(
            agreement=agreement_id,
            revision0=published.revision0_sha256,
            signer=signer,
            person=mandate.representative.id,
            name=mandate.representative.name,
            mandate=row.digest,
            document=sha256_hex(page.scan),
            media_type=media_type,
            signed_on=page.signed_on,
            officer=officer_id,
            time=now,
        )
        about, expires = statement.to_json(), now + CHALLENGE_LIFETIME
        passkeys.add_challenge(
            session, statement.challenge(), PURPOSE, expires=expires, person=officer_id, about=about
        )
    options = request_options(service, statement.challenge(), [key.credential_id for key in own])
    return {"statement": parse_canonical_json(about), "passkey": options}


def attest(
    service: Service, officer_id: str, agreement_id: str, signer: str, answer: dict[str, Any], scan: bytes
) -> None:
    """Take the officer's assertion over the statement, keep the scan, record the event and tell the representative.

    Raises as begin_attestation, and ApprovalError where the passkey or the scan is another than was attested.
    """
    with service.database.begin() as session:
        require(session, officer_id, "attest")
        published, row, mandate = _place(session, agreement_id, signer)
        now = service.clock()  # once the agreement is held, for which it may have waited past the end
        about = passkeys.take_challenge(session, challenge_in(answer), PURPOSE, now=now, person=officer_id)
        own = credential_of(session, officer_id, "officer", answer)
        attestation = Confirmation(about, assertion_of(answer, own.key))
        trusted = [key.key for key in officer_keys(session, officer_id)]
        stated = verify_paper(attestation, relying_party(service), trusted)
        wanted = (agreement_id, signer, row.digest, sha256_hex(scan), officer_id)
        if (stated.agreement, stated.signer, stated.mandate, stated.document, stated.officer) != wanted:
            raise ApprovalError("what was attested is another page", hint="reload the page and try again")
        done = load_acts(session, agreement_id)
        may_attest_paper(published.terms, done, signer, now)
        note_use(session, own, attestation.assertion, now)
        dated = _store(session, service, row, attestation, stated, scan, now)
        may_attest_paper(published.terms, done, signer, dated)  # as `verify` will judge it
        _check_day(mandate, stated.signed_on, dated.date())
        check_in_office(session, officer_id)
    service.publish()


def scan_of(service: Service, officer_id: str, agreement_id: str, signer: str) -> tuple[str, bytes]:
    """The attested scan with its media type, for officers; raises NotFoundError."""
    with service.database.read() as session:
        require(session, officer_id, "attest")
        found = acts.paper(session, agreement_id, signer)
        if found is None:
            raise NotFoundError("there is no signature on paper")
        return found.media_type, agreements.document(session, found.document_sha256)


def check_scan(scan: bytes) -> str:
    """Give the media type; raises InputError unless it is a PDF, PNG or JPEG that can be looked at, within limits."""
    if len(scan) > MAX_SCAN:
        raise LimitError("the scan is larger than %(limit)s KB", hint="scan it smaller", limit=MAX_SCAN // 1024)
    media_type = next((kind for magic, kind in _MAGIC.items() if scan.startswith(magic)), None)
    if media_type is None:
        raise InputError("the scan is neither PDF nor PNG nor JPEG", hint="scan the page as one of these")
    try:
        readable = _pages(scan) <= MAX_PAGES if media_type == "application/pdf" else _is_picture(scan, media_type)
    except (pypdfium2.PdfiumError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError("the scan cannot be read", hint="scan the page again") from error
    if not readable:
        raise LimitError("the scan has too many pages or pixels", hint="scan the signed page alone")
    return media_type


def _pages(scan: bytes) -> int:
    document = pypdfium2.PdfDocument(scan)
    try:
        return len(document) or MAX_PAGES + 1
    finally:
        document.close()


def _is_picture(scan: bytes, media_type: str) -> bool:
    with Image.open(io.BytesIO(scan), formats=(_IMAGES[media_type],)) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            return False
        picture.load()
        return True


def _place(session: Session, agreement_id: str, signer: str) -> tuple[Published, MandateRow, Mandate]:
    if signer == SECRETARIAT:
        raise NotAllowedError("an officer countersigns with a passkey, never on paper")
    agreements.lock(session, agreement_id)
    published = load_published(session, agreement_id)
    published.terms.signer(signer)
    row = mandates.in_force(session, agreement_id, signer)
    return published, row, Mandate.from_json(row.json)


def _check_day(mandate: Mandate, signed_on: date, today: date) -> None:
    if signed_on > today + timedelta(days=1):  # the day is that of the place, which may be ahead of UTC
        raise InputError("the page cannot have been signed on a day to come")
    if signed_on < mandate.first_day or (mandate.last_day is not None and signed_on > mandate.last_day):
        raise NotAllowedError(
            "the mandate of %(name)s was not valid on %(day)s",
            hint="ask the secretariat for a mandate that is in date",
            name=mandate.representative.name,
            day=signed_on,
        )


def _store(
    session: Session,
    service: Service,
    row: MandateRow,
    attestation: Confirmation,
    stated: PaperStatement,
    scan: bytes,
    now: datetime,
) -> datetime:
    """Record the attestation; give the time of its event."""
    agreements.add_document(session, stated.document, scan, now=now)
    members = {
        "signer": stated.signer,
        "mandate_sha256": stated.mandate,
        "document_sha256": stated.document,
        "media_type": stated.media_type,
        "officer": stated.officer,
        "attestation": to_base64url(attestation.to_der()),
    }
    tell_about_paper(session, service, row, stated.officer, now)
    entry = ledger.append(session, stated.agreement, "paper", members, now)
    acts.add_paper(
        session,
        Paper(
            agreement=stated.agreement,
            signer=stated.signer,
            person=row.person,
            mandate=row.id,
            officer=stated.officer,
            document_sha256=stated.document,
            media_type=stated.media_type,
            signed_on=stated.signed_on,
            time=entry.time,
            entry_index=entry.index,
        ),
    )
    return entry.time
