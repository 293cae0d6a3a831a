"""Drafts: an agreement's source before it is published, its preview, and the checklist for publishing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from babel import Locale
from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_withdraw
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.terms import Terms
from signing_service.encoding import canonical_json, sha256_hex
from signing_service.errors import ConflictError, Phrase
from signing_service.pdf.rendering import render_base
from signing_service.store import agreements, mandates, people
from signing_service.store.identifiers import new_id
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.login import require_officer
from signing_service.workflow.mandates import Authority, add_mandate
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of the checklist before publication."""

    part: Literal["text", "rules", "people", "publish"]
    """Where it is put right, in the order in which a draft is made."""
    ok: bool
    text: Phrase
    caution: bool = False
    """Whether it is no obstacle, but nothing to be pleased about either."""
    namesake: bool = False
    """Whether it tells of another agreement of the same number and version that this one does not replace."""


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
    terms = parse_source(files).terms(agreement_id, supersedes)
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
    source = parse_source(files)
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


def checklist(service: Service, agreement_id: str) -> list[CheckItem]:
    """What an officer looks at before publishing; publishing needs every line to be right."""
    with service.database.read() as session:
        _, terms = load_source(session, agreement_id)
        given = mandates.of_agreement(session, agreement_id)
        same = _same(session, terms)
    named = {row.signer for row, _ in given}
    missing = ", ".join(signer.party.name for signer in terms.signers() if signer.id not in named)
    languages = ", ".join(map(_own_name, terms.languages))
    parties, signatures = len(terms.parties), len(terms.signers())
    named_all = Phrase("no representative yet: %(parties)s", parties=missing) if missing else None
    return [
        CheckItem("text", True, Phrase("the text is complete in %(languages)s", languages=languages)),
        CheckItem(
            "text",
            True,
            Phrase("parties: %(parties)s, signatures: %(signatures)s", parties=parties, signatures=signatures),
        ),
        CheckItem("people", not missing, named_all or Phrase("everybody is named")),
        *_dates(terms, given, service.clock()),
        *same,
        CheckItem("publish", True, Phrase("timestamps by independent authorities"))
        if service.independent_time
        else CheckItem(
            "publish", True, Phrase("timestamps by the built-in authority: time not independent"), caution=True
        ),
    ]


def _own_name(language: str) -> str:
    """A language in its own words."""
    return Locale.parse(language, sep="-").get_display_name() or language


def _dates(terms: Terms, given: list[tuple[MandateRow, Person]], now: datetime) -> list[CheckItem]:
    """What the calendar says against publishing now."""
    items, closes = [], terms.rules.closes
    if closes is not None and closes <= now:
        items.append(CheckItem("rules", False, Phrase("nobody could sign: signing closes at %(time)s", time=closes)))
    today = now.astimezone(UTC).date()
    until = max(closes or now, now).astimezone(UTC).date()
    inverted, ended, early = [], [], []
    for row, person in given:
        if row.valid_until is None:
            continue
        if row.valid_until < row.valid_from:
            inverted.append(person.name)
        elif row.valid_until < today:
            ended.append(person.name)
        elif row.valid_until < until:
            early.append(person.name)
    if inverted:
        text = Phrase("mandates end before they begin; give them anew: %(names)s", names=", ".join(inverted))
        items.append(CheckItem("people", False, text))
    if ended:
        text = Phrase("mandates have ended already; give them anew: %(names)s", names=", ".join(ended))
        items.append(CheckItem("people", False, text))
    if early:
        text = Phrase("mandates end before signing does: %(names)s", names=", ".join(early))
        items.append(CheckItem("people", True, text, caution=True))
    return items


def _same(session: Session, terms: Terms) -> list[CheckItem]:
    """That another agreement is called the same, so that people could take one for the other."""
    found = agreements.with_reference(session, terms.reference)
    same = {row.id for row in found if Terms.from_json(row.terms).version == terms.version} - {terms.id}
    corrected = agreements.by_revision0(session, terms.supersedes) if terms.supersedes else None
    said = {"reference": terms.reference, "version": terms.version}
    if corrected in same:
        phrase = "the agreement that it replaces is %(reference)s, version %(version)s, too: give it another version"
        return [CheckItem("text", False, Phrase(phrase, **said))]
    phrase = "another agreement is %(reference)s, version %(version)s, too"
    return [CheckItem("text", True, Phrase(phrase, **said), caution=True, namesake=True)] if same else []


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
