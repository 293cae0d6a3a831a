"""Who acts for whom: mandates given, replaced and revoked by officers, each one an event once the agreement is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import is_over
from signing_service.agreement.mandates import Mandate, Representative, check_days
from signing_service.agreement.names import clean_name
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.encoding import parse_canonical_json, sha256_hex
from signing_service.errors import ConflictError, InputError, Phrase
from signing_service.store import acts, agreements, ledger, mandates, people
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.login import require_officer
from signing_service.workflow.notification import tell_about_new_mandate, tell_about_replacement
from signing_service.workflow.permissions import OPERATOR
from signing_service.workflow.reasons import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts, load_mandate, load_terms

OTHER_OFFICER = Phrase("another officer countersigns")  # the reason in the event of an officer's mandate that replaces
MAX_DOCUMENT = 1536 * 1024  # bytes; a scanned page has about 200 KB


@dataclass(frozen=True, slots=True)
class Authority:
    """Where a mandate comes from and how long it lasts."""

    organ: str
    """Who gave it: a rector's office, a council."""
    first_day: date
    last_day: date | None = None
    document: str | None = None
    """Number or name of the document that says so."""
    pdf: bytes | None = None
    """That document; its digest stands in the mandate, so in the approval and in the record."""


def give_mandate(
    service: Service,
    officer_id: str,
    agreement_id: str,
    signer: str,
    person_id: str,
    authority: Authority,
    reason: str = "",
) -> str:
    """Let a person act as a signer; the signer's earlier mandate, if any, is revoked. Returns the mandate's id.

    Once the agreement is published, replacing a mandate takes a ``reason``, which stands in its event, and while it can
    be signed the newly named person is invited and the former one told; who is both is told of the new mandate. Raises
    ConflictError once the signer has signed, digitally or on paper, NotFoundError for an unknown signer, InputError on
    a bad name or reason, and for days of which none is left.
    """
    now = service.clock()
    check_days(authority.first_day, authority.last_day, now.astimezone(UTC).date())
    with service.database.begin() as session:
        require_officer(session, officer_id)
        agreement = agreements.lock(session, agreement_id)
        Terms.from_json(agreement.terms).signer(signer)
        if people.get(session, person_id).office == OPERATOR:
            raise ConflictError("an operator sees no agreement's content, and signs none")
        if acts.signature(session, agreement_id, signer) is not None:
            raise ConflictError("%(signer)s has signed already; the mandate stays on record", signer=signer)
        if acts.paper(session, agreement_id, signer) is not None:
            raise ConflictError(
                "%(signer)s has signed on paper; the mandate stays on record",
                hint="if somebody else is to sign, publish a corrected version",
                signer=signer,
            )
        replaces = agreement.state == "published" and mandates.has_one(session, agreement_id, signer)
        why = clean_reason(reason) if replaces else ""
        former = mandates.in_force(session, agreement_id, signer) if replaces else None
        row = add_mandate(session, agreement_id, signer, people.get(session, person_id), authority, now)
        if agreement.state == "published":
            _tell(session, service, row, former, why, officer_id, now)
            record_mandate(session, row, officer_id, now, why)
    if agreement.state == "published":
        service.publish()
    return row.id


def present_authorities(service: Service, officer_id: str, agreement_id: str) -> dict[str, Authority]:
    """By whose authority and on which days everybody acts who is named in an agreement, by signer.

    As it is stored: days that cannot be are told by the checklist. Documents are left out.
    """
    with service.database.read() as session:
        require_officer(session, officer_id)
        rows = [row for row, _ in mandates.of_agreement(session, agreement_id)]
        return {row.signer: _as_stored(row) for row in rows}


def _as_stored(row: MandateRow) -> Authority:
    value = parse_canonical_json(row.json)
    return Authority(value["organ"], row.valid_from, row.valid_until, value["document"])


def document_of_same(
    service: Service, officer_id: str, agreement_id: str, signer: str, person_id: str, authority: Authority
) -> bytes | None:
    """The document of the signer's present mandate if it says the same: the same person, organ and document's name."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        if not mandates.has_one(session, agreement_id, signer):
            return None
        row = mandates.in_force(session, agreement_id, signer)
        value = parse_canonical_json(row.json)
        same = (value["organ"], value["document"]) == (clean_name(authority.organ), authority.document)
        if row.person != person_id or not same or value["document_sha256"] is None:
            return None
        return agreements.find_document(session, value["document_sha256"])


def officer_mandate(
    session: Session, service: Service, agreement_id: str, person_id: str, now: datetime
) -> tuple[str, Mandate] | None:
    """An officer's mandate to countersign, given within the caller's transaction if need be; None for anybody else.

    Holds the agreement's row until commit, and looks only then: another request of the officer may just have given it.
    """
    person = people.get(session, person_id)
    if not person.officer or person.ended is not None:
        return None
    agreements.hold(session, agreement_id)
    found = load_mandate(session, agreement_id, SECRETARIAT, person_id)
    if found is not None:
        return found
    reason = OTHER_OFFICER if mandates.has_one(session, agreement_id, SECRETARIAT) else ""
    row = add_mandate(session, agreement_id, SECRETARIAT, person, _officers_authority(service, now), now)
    record_mandate(session, row, person_id, now, reason)
    return row.id, Mandate.from_json(row.json)


def expected_officer_mandate(service: Service, agreement_id: str, officer: Person, now: datetime) -> Mandate:
    """The mandate that officer_mandate would give, for the page that is to check it; nothing is stored."""
    return _mandate(agreement_id, SECRETARIAT, officer, _officers_authority(service, now))


def _officers_authority(service: Service, now: datetime) -> Authority:
    return Authority(f"{service.name}, secretariat", now.astimezone(UTC).date())


def record_mandate(session: Session, row: MandateRow, officer_id: str, now: datetime, reason: str = "") -> None:
    """Append the mandate's event to the record of its published agreement; ``reason``: why it replaces another."""
    members = {
        "mandate": Mandate.from_json(row.json).to_value(),
        "mandate_sha256": row.digest,
        "officer": officer_id,
        **({"reason": reason} if reason else {}),
    }
    row.entry_index = ledger.append(session, row.agreement, "mandate", members, now).index


def add_mandate(
    session: Session, agreement_id: str, signer: str, person: Person, authority: Authority, now: datetime
) -> MandateRow:
    """Give a mandate within the caller's transaction, revoking the signer's present one; not recorded yet."""
    if authority.pdf is not None:
        check_document(authority.pdf)
        agreements.add_document(session, sha256_hex(authority.pdf), authority.pdf, now=now)
    _revoke_present(session, agreement_id, signer, now)
    mandate = _mandate(agreement_id, signer, person, authority)
    return mandates.add(
        session,
        agreement=agreement_id,
        signer=signer,
        person=person.id,
        json=mandate.to_json(),
        digest=mandate.digest(),
        valid_from=mandate.first_day,
        valid_until=mandate.last_day,
        now=now,
    )


def check_document(pdf: bytes) -> None:
    """Raise InputError unless a mandate's document is a PDF of a size that a bundle can carry."""
    if not pdf.startswith(b"%PDF-"):
        raise InputError("the mandate's document is not a PDF", hint="save or scan it as a PDF")
    if len(pdf) > MAX_DOCUMENT:
        raise InputError(
            "the mandate's document is larger than %(limit)s KB", hint="scan it smaller", limit=MAX_DOCUMENT // 1024
        )


def _tell(
    session: Session,
    service: Service,
    row: MandateRow,
    former: MandateRow | None,
    reason: str,
    officer: str,
    now: datetime,
) -> None:
    """Invite who is named under an agreement that can be signed, and tell who loses a mandate that was in date."""
    terms = load_terms(agreements.get(session, row.agreement))
    if is_over(terms, load_acts(session, terms.id), now):
        return
    if former is not None and former.person == row.person:
        tell_about_new_mandate(session, service, row, reason, officer, now)
        return
    send_invitation(session, service, people.get(session, row.person), now, terms.id)
    if former is not None and not _has_ended(former, now):
        tell_about_replacement(session, service, former, officer, now)


def _has_ended(mandate: MandateRow, now: datetime) -> bool:
    return mandate.valid_until is not None and mandate.valid_until < now.astimezone(UTC).date()


def _mandate(agreement_id: str, signer: str, person: Person, authority: Authority) -> Mandate:
    party, _, role = signer.partition(":")
    return Mandate(
        agreement=agreement_id,
        party=party,
        role=role,
        representative=Representative(
            person.id, clean_name(person.name), clean_name(person.native_name) if person.native_name else None
        ),
        organ=clean_name(authority.organ),
        document=authority.document,
        document_sha256=sha256_hex(authority.pdf) if authority.pdf else None,
        first_day=authority.first_day,
        last_day=authority.last_day,
    )


def _revoke_present(session: Session, agreement_id: str, signer: str, now: datetime) -> None:
    if mandates.has_one(session, agreement_id, signer):
        mandates.revoke(session, mandates.in_force(session, agreement_id, signer).id, now=now)
