"""What can be taken away: the PDF, the evidence bundle, the trust file. Each to its own people only."""

from __future__ import annotations

from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json
from signing_service.errors import NotFoundError
from signing_service.evidence.bundle import Bundle, BundledEvent, write_bundle
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.record.note import parse_note
from signing_service.store import acts, agreements, mandates, observers, openings
from signing_service.store.agreements import RevisionEnd
from signing_service.store.mandates import Standing
from signing_service.store.openings import Opening
from signing_service.store.tree import read_entries
from signing_service.verify.bundled import certificates_in, certificates_pem
from signing_service.verify.changes import read_revisions
from signing_service.verify.structure import read_document
from signing_service.workflow.permissions import OPERATOR
from signing_service.workflow.proofs import prove_all, witnessed_checkpoint
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current, current_bytes

SUFFIXES = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}


def check_reader(session: Session, person_id: str, agreement_id: str) -> None:
    """Raise NotFoundError unless this person may read the text and PDF: as check_party, or an observer."""
    standing = mandates.standing(session, agreement_id, person_id)
    if _is_party(standing):
        return
    living = standing.living and standing.office != OPERATOR
    if not (living and observers.observes(session, agreement_id, person_id)):
        raise _no_such_agreement()


def check_party(session: Session, person_id: str, agreement_id: str) -> None:
    """Raise NotFoundError unless this person may have the evidence too: an officer, or one with a mandate in it.

    A draft is the officers' alone, and others are told nothing of whether there is one.
    """
    if not _is_party(mandates.standing(session, agreement_id, person_id)):
        raise _no_such_agreement()


def _is_party(standing: Standing) -> bool:
    if not standing.living or standing.office == OPERATOR:
        return False
    return standing.officer or (standing.held and standing.state == "published")


def _no_such_agreement() -> NotFoundError:
    return NotFoundError("there is no such agreement")


def pdf(service: Service, person_id: str, agreement_id: str, revision: int | None = None) -> bytes:
    """The agreement's PDF up to a revision, the newest if None; raises NotFoundError."""
    with service.database.read() as session:
        check_reader(session, person_id, agreement_id)
        return agreements.read_pdf(session, agreement_id, revision)


def pdf_end(
    service: Service, person_id: str, agreement_id: str, revision: int, start: int
) -> tuple[bytes, RevisionEnd]:
    """The bytes of a revision from ``start`` on, and where it ends: what a browser that has the rest still needs."""
    with service.database.read() as session:
        check_reader(session, person_id, agreement_id)
        end = agreements.end_of(session, agreement_id, revision)
        return agreements.read_end(session, agreement_id, revision, start), end


def evidence(service: Service, person_id: str, agreement_id: str, *, complete: bool = False) -> tuple[str, bytes]:
    """The evidence bundle of everything published so far, with its file name; raises NotFoundError.

    ``complete`` adds every entry of the record up to the checkpoint, unopened where it belongs to others, so that
    an auditor can see that there is no second history of the agreement.
    """
    with service.database.read() as session:
        check_party(session, person_id, agreement_id)
    service.publish()
    with service.database.read() as session:
        bundle = _bundle(session, agreement_id, complete=complete)
    return bundle.file_name, write_bundle(bundle)


def trust_file(service: Service) -> bytes:
    """The current trust file; an auditor gets it, or its fingerprint, from elsewhere too."""
    with service.database.read() as session:
        return current_bytes(session)


def _bundle(session: Session, agreement_id: str, *, complete: bool) -> Bundle:
    note = witnessed_checkpoint(session, current(session), openings.end_of_scope(session, agreement_id))
    size = parse_checkpoint(parse_note(note).text).size
    own = openings.of_scope(session, agreement_id, size)
    revisions = (parse_canonical_json(opening.event).get("revision", 0) for opening in own if opening.event)
    pdf_bytes = agreements.read_pdf(session, agreement_id, max(revisions, default=0))
    found = {opening.index: opening for opening in own + openings.of_scope(session, SERVICE_SCOPE, size)}
    indices = range(size) if complete else sorted(found)
    entries = dict(enumerate(read_entries(session, 0, size))) if complete else {}
    certificates = certificates_in(read_revisions(pdf_bytes, read_document(pdf_bytes)))
    return Bundle(
        agreement=agreement_id,
        pdf=pdf_bytes,
        events=tuple(
            _bundled(found[index]) if index in found else BundledEvent(index, entries[index]) for index in indices
        ),
        proofs=prove_all(session, sorted(found), note),
        certificates=certificates_pem(certificates),
        mandates=_documents(session, own),
        papers=_papers(session, agreement_id, size),
        complete=complete,
    )


def _documents(session: Session, own: list[Opening]) -> dict[str, bytes]:
    """The PDFs that the recorded mandates rest on, by their SHA-256; an erased one is left out."""
    events = [parse_canonical_json(opening.event) for opening in own if opening.event and opening.type == "mandate"]
    digests = {event["mandate"]["document_sha256"] for event in events} - {None}
    found = {digest: agreements.find_document(session, digest) for digest in sorted(digests)}
    return {digest: content for digest, content in found.items() if content is not None}


def _papers(session: Session, agreement_id: str, size: int) -> dict[str, bytes]:
    """The scans of signatures on paper that were recorded by the checkpoint, by their name in the bundle."""
    found = {}
    for row in acts.papers(session, agreement_id):
        scan = agreements.find_document(session, row.document_sha256)
        if row.entry_index < size and scan is not None:
            found[f"papers/{row.document_sha256}{SUFFIXES[row.media_type]}"] = scan
    return found


def _bundled(opening: Opening) -> BundledEvent:
    return BundledEvent(opening.index, opening.entry, opening.event, opening.salt)
