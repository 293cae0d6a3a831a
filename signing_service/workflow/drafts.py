"""Drafts: an agreement's source before it is published, and its preview; draft_checklist says what is still to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_withdraw
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.source_check import check_source
from signing_service.agreement.terms import Terms
from signing_service.encoding import canonical_json, sha256_hex
from signing_service.errors import ConflictError
from signing_service.pdf.rendering import render_base
from signing_service.store import agreements, mandates, people
from signing_service.store.identifiers import new_id
from signing_service.workflow.login import require_officer
from signing_service.workflow.mandates import Authority, add_mandate
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts


def create_draft(service: Service, officer_id: str, files: Mapping[str, bytes]) -> str:
    """Keep a new draft of this source (``agreement.toml`` and one Markdown file a language); return its id.

    Raises FormatError with file and line where the source is not acceptable.
    """
    with service.database.begin() as session:
        require_officer(session, officer_id)
        return add_draft(session, officer_id, files, service.clock())[0]


def add_draft(
    session: Session, officer_id: str, files: Mapping[str, bytes], now: datetime, supersedes: str | None = None
) -> tuple[str, Terms]:
    """Keep a draft within the caller's transaction; ``supersedes`` is the SHA-256 of an older revision 0."""
    agreement_id = new_id()
    terms = check_source(files).terms(agreement_id, supersedes)
    agreements.add_draft(
        session,
        agreement_id,
        reference=terms.reference,
        terms=terms.to_json(),
        files=dict(files),
        officer=officer_id,
        now=now,
    )
    return agreement_id, terms


def digest(files: Mapping[str, bytes]) -> str:
    """Tells whether a draft's files are still those that somebody looked at; empty for none."""
    return sha256_hex(canonical_json({path: sha256_hex(data) for path, data in files.items()})) if files else ""


def replace_source(
    service: Service, officer_id: str, agreement_id: str, files: Mapping[str, bytes], seen: str | None = None
) -> None:
    """Replace a draft's source; raises FormatError on a bad one, ConflictError once the agreement is published.

    ``seen``: the ``digest`` of the files that the new ones were made of; ConflictError where others are there by now.
    """
    source = check_source(files)
    with service.database.begin() as session:
        require_officer(session, officer_id)
        agreements.lock(session, agreement_id)
        if seen not in (None, digest(agreements.source_files(session, agreement_id))):
            raise ConflictError(
                "somebody changed this draft while you were writing",
                hint="nothing of yours is lost: saving again puts it in place of theirs",
            )
        store_source(session, agreement_id, source, service.clock())


def store_source(session: Session, agreement_id: str, source: Source, now: datetime) -> Terms:
    """Replace a draft's source within the caller's transaction; mandates of signers that are gone end."""
    supersedes = Terms.from_json(agreements.get(session, agreement_id).terms).supersedes
    terms = source.terms(agreement_id, supersedes)
    files = dict(source.files)
    agreements.replace_draft(session, agreement_id, reference=terms.reference, terms=terms.to_json(), files=files)
    present = {signer.id for signer in terms.signers()}
    for row, _ in mandates.of_agreement(session, agreement_id):
        if row.signer not in present:
            mandates.revoke(session, row.id, now=now)
    return terms


def load_source(session: Session, agreement_id: str) -> tuple[Source, Terms]:
    """The parsed source of an agreement and its terms."""
    terms = Terms.from_json(agreements.get(session, agreement_id).terms)
    return parse_source(agreements.source_files(session, agreement_id)), terms


def preview(service: Service, agreement_id: str) -> bytes:
    """The unsigned PDF of a draft, as publishing would seal it."""
    with service.database.read() as session:
        source, terms = load_source(session, agreement_id)
    return render(service, source, terms)


def render(service: Service, source: Source, terms: Terms) -> bytes:
    """The base as this service prints it: with its fonts and the address of its page on verifying."""
    return render_base(source, terms, verification_url=f"{service.settings.public_url}/verify", fonts=service.fonts)


def create_correction(service: Service, officer_id: str, agreement_id: str, files: Mapping[str, bytes]) -> str:
    """Keep a draft that will supersede a published agreement; its people are carried over. Returns the draft's id.

    Publishing the draft withdraws the old agreement in the same transaction. Raises FormatError on a bad source,
    NotAllowedError where the old agreement cannot be withdrawn any more.
    """
    now = service.clock()
    with service.database.begin() as session:
        require_officer(session, officer_id)
        may_withdraw(load_acts(session, agreement_id))
        old = agreements.ends(session, agreements.get(session, agreement_id).id)[0]
        draft, terms = add_draft(session, officer_id, files, now, supersedes=old.sha256)
        present = {signer.id for signer in terms.signers()}
        for row, person in mandates.of_agreement(session, agreement_id):
            if row.signer in present:
                mandate = Mandate.from_json(row.json)
                authority = Authority(mandate.organ, mandate.first_day, mandate.last_day, mandate.document)
                add_mandate(session, draft, row.signer, people.get(session, person.id), authority, now)
    return draft
