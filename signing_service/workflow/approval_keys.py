"""Enrolling a representative's approval credential, and taking it back (DESIGN 4, "Enrolment").

::

    options = registration_options(service, person_id, "approval")
    enrolled = enrol(service, person_id, agreement_id, "njupt:president", answer)
    enrolled.key             # of which each browser computes the code that is compared

What is enrolled counts for nothing until an officer confirms it (workflow.confirmation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Party
from signing_service.encoding import parse_canonical_json, to_base64url
from signing_service.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.store import agreements, attempts, ledger, mandates, openings, passkeys, people
from signing_service.store.identifiers import new_id
from signing_service.store.tables import Credential, Enrolment
from signing_service.store.tables import Mandate as MandateRow
from signing_service.workflow.account_notices import tell_of_account
from signing_service.workflow.download import check_party
from signing_service.workflow.login import require_officer
from signing_service.workflow.notification import tell_about_revocation, tell_officers_about_enrolment
from signing_service.workflow.passkeys import register
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_mandate, load_published, load_terms

REASONS = ("lost", "replaced", "withdrawn", "mistake")
CODES_DIFFER = "codes differ"  # what an officer found; the key may be somebody else's


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An approval credential for one mandate, as its person and the officers see it."""

    id: str
    agreement: str
    signer: str
    person: str
    """The representative's id, as the mandate names it."""
    name: str
    mandate: str
    """The mandate's digest."""
    key: bytes
    """COSE_Key."""
    backed_up: bool
    state: str
    """``waiting`` · ``confirmed`` · ``revoked``."""
    created: datetime
    method: str | None
    confirmed: datetime | None
    codes_differed: bool = False
    """Whether it was revoked since the officer saw another code than its person."""

    def to_value(self) -> dict[str, Any]:
        """What a browser needs to show the enrolment and compute its code."""
        return {
            "enrolment": self.id,
            "key": to_base64url(self.key),
            "mandate": self.mandate,
            "person": self.person,
            "signer": self.signer,
            "state": self.state,
        }


def enrol(service: Service, person_id: str, agreement_id: str, signer: str, answer: dict[str, Any]) -> Enrolled:
    """Register a new approval credential and enrol it for the person's mandate, in one transaction.

    Raises NotFoundError without a mandate, ApprovalError or FormatError on a passkey that cannot be accepted.
    """
    with service.database.begin() as session:
        check_party(session, person_id, agreement_id)
        load_published(session, agreement_id)
        mandate_row = _own_mandate(session, person_id, agreement_id, signer)
        credential = register(session, service, person_id, "approval", answer)
        enrolled = _enrol(session, service, mandate_row, credential)
    service.publish()
    return enrolled


def enrol_again(service: Service, person_id: str, agreement_id: str, signer: str) -> Enrolled:
    """Enrol the approval credential that the person has already for a further mandate; an officer confirms it anew.

    Raises NotFoundError where there is none, ConflictError where it is enrolled for that mandate.
    """
    with service.database.begin() as session:
        check_party(session, person_id, agreement_id)
        load_published(session, agreement_id)
        mandate_row = _own_mandate(session, person_id, agreement_id, signer)
        own = passkeys.of_person(session, person_id, "approval")
        held = passkeys.find(session, own[-1].credential_id, hold=True) if own else None
        if held is None or held.ended is not None:  # while it was being looked for
            raise NotFoundError("you have no approval passkey yet", hint="make one")
        enrolled = _enrol(session, service, mandate_row, held)
    service.publish()
    return enrolled


def own_enrolments(service: Service, person_id: str, agreement_id: str, signer: str) -> list[Enrolled]:
    """A person's enrolments for one mandate, the newest first; raises NotFoundError without the mandate."""
    with service.database.read() as session:
        check_party(session, person_id, agreement_id)
        mandate_row = _own_mandate(session, person_id, agreement_id, signer)
        found = passkeys.of_mandate(session, mandate_row.id)
        views = [(view_of(mandate_row, *one), _codes_differed(session, one[0])) for one in reversed(found)]
    return [replace(view, codes_differed=differed) for view, differed in views]


def states_for_officer(service: Service, officer_id: str, agreement_id: str) -> dict[str, str]:
    """Where the approval passkeys of an agreement's signers stand: ``waiting`` or ``confirmed``, else not named.

    Raises NotAllowedError for all but officers.
    """
    with service.database.read() as session:
        require_officer(session, officer_id)
        return passkeys.states_of_agreement(session, agreement_id)


@dataclass(frozen=True, slots=True)
class KeyOf:
    """A person's approval passkey that was not taken back, as officers see it."""

    enrolled: Enrolled
    title: Mapping[str, str]
    """The agreement's, by language."""
    reference: str
    party: Party


def keys_for_officer(service: Service, officer_id: str, person_id: str) -> list[KeyOf]:
    """The approval passkeys of a person that wait or are confirmed; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        own = [row for row in mandates.of_person(session, person_id) if row.signer != SECRETARIAT]
        found = [(row, one) for row in own for one in passkeys.of_mandate(session, row.id)]
        return [_key_of(session, row, *one) for row, one in found if one[0].state != "revoked"]


def _key_of(session: Session, row: MandateRow, enrolment: Enrolment, credential: Credential) -> KeyOf:
    terms = load_terms(agreements.get(session, row.agreement))
    party = terms.signer(row.signer).party
    return KeyOf(view_of(row, enrolment, credential), terms.title, terms.reference, party)


def _codes_differed(session: Session, enrolment: Enrolment) -> bool:
    if enrolment.revocation_index is None:
        return False
    event = openings.by_index(session, [enrolment.revocation_index])[0].event
    return event is not None and parse_canonical_json(event)["reason"] == CODES_DIFFER


def confirmed_signers(service: Service, person_id: str, agreement_id: str) -> frozenset[str]:
    """The signers of an agreement for whom this person has a confirmed approval passkey."""
    with service.database.read() as session:
        own = [row for row in mandates.of_person(session, person_id) if row.agreement == agreement_id]
        return frozenset(row.signer for row in own if passkeys.is_confirmed(session, row.id))


def revoke(service: Service, person_id: str, enrolment_id: str, reason: str) -> None:
    """Take an approval credential back, with every enrolment of it; by its person or an officer.

    A new device means a new enrolment and a new confirmation. Raises NotFoundError for anybody else.
    """
    if reason not in REASONS:
        raise InputError(
            "%(reason)s is no reason for a revocation",
            hint="choose one of %(choices)s",
            reason=repr(reason[:40]),
            choices=", ".join(REASONS),
        )
    now = service.clock()
    with service.database.begin() as session:
        enrolment, credential = passkeys.lock_enrolment(session, enrolment_id)
        by = people.get(session, person_id)
        if credential.person != person_id and not (by.officer and by.ended is None):
            raise NotFoundError("there is no such enrolment")
        if enrolment.state == "revoked":
            raise ConflictError("this passkey was revoked already")
        if credential.person != person_id:
            rows = mandates_of(session, enrolment, credential)
            tell_about_revocation(session, service, rows, person_id, now)
        else:
            tell_of_account(session, service, person_id, "passkey-removed", now, credential.kind)
        take_back(session, credential, reason, person_id, now)
    service.publish()


def mandates_of(session: Session, enrolment: Enrolment, credential: Credential) -> list[MandateRow]:
    """The mandates that a passkey is enrolled for, that of the enrolment which is looked at first."""
    living = [one for one in passkeys.of_credential(session, credential.id) if one.state != "revoked"]
    ids = dict.fromkeys((enrolment.mandate, *(one.mandate for one in living)))
    return [mandates.get(session, one) for one in ids]


def take_back(session: Session, credential: Credential, reason: str, by: str, now: datetime) -> None:
    """End an approval credential that passkeys.lock_enrolment holds, and record the revocation of its enrolments.

    What its holder has approved and not signed yet is not signed any more: whoever holds the device may be signing.
    Who approves with it holds it too: their attempts are approved by now, or find it ended.
    """
    attempts.end_all_of(session, credential.person)
    credential.ended = now
    for one in passkeys.of_credential(session, credential.id):
        _revoke(session, one, credential, reason, by, now)


def view_of(mandate_row: MandateRow, enrolment: Enrolment, credential: Credential) -> Enrolled:
    """An enrolment as pages show it."""
    representative = Mandate.from_json(mandate_row.json).representative
    return Enrolled(
        id=enrolment.id,
        agreement=enrolment.agreement,
        signer=enrolment.signer,
        person=representative.id,
        name=representative.name,
        mandate=mandate_row.digest,
        key=credential.key,
        backed_up=credential.backed_up,
        state=enrolment.state,
        created=enrolment.created,
        method=enrolment.method,
        confirmed=enrolment.confirmed,
    )


def _own_mandate(session: Session, person_id: str, agreement_id: str, signer: str) -> MandateRow:
    found = load_mandate(session, agreement_id, signer, person_id)
    if found is None:
        raise NotFoundError("you have no mandate to act as %(signer)s", hint="ask the secretariat", signer=signer)
    return mandates.get(session, found[0])


def _enrol(session: Session, service: Service, mandate_row: MandateRow, credential: Credential) -> Enrolled:
    now = service.clock()
    if people.get(session, mandate_row.person).ended is not None:
        raise NotAllowedError("this person may not act any more")
    members = {
        "signer": mandate_row.signer,
        "person": mandate_row.person,
        "mandate_sha256": mandate_row.digest,
        "credential": to_base64url(credential.credential_id),
        "key": to_base64url(credential.key),
        "key_sha256": credential.key_sha256,
        "backup_eligible": credential.backup_eligible,
        "backed_up": credential.backed_up,
    }
    tell_officers_about_enrolment(session, service, mandate_row, now)
    entry = ledger.append(session, mandate_row.agreement, "enrolment", members, now)
    enrolment = Enrolment(
        id=new_id(),
        credential=credential.id,
        mandate=mandate_row.id,
        agreement=mandate_row.agreement,
        signer=mandate_row.signer,
        state="waiting",
        created=now,
        entry_index=entry.index,
    )
    return view_of(mandate_row, passkeys.add_enrolment(session, enrolment), credential)


def _revoke(
    session: Session, enrolment: Enrolment, credential: Credential, reason: str, by: str, now: datetime
) -> None:
    if enrolment.state == "revoked":
        return
    members = {
        "enrolment": openings.by_index(session, [enrolment.entry_index])[0].sequence,
        "signer": enrolment.signer,
        "key_sha256": credential.key_sha256,
        "reason": reason,
        "by": by,
    }
    enrolment.state, enrolment.revoked = "revoked", now
    enrolment.revocation_index = ledger.append(session, enrolment.agreement, "revocation", members, now).index
