"""An officer confirms that an approval credential is the representative's (DESIGN 4, "Enrolment").

::

    for item in waiting_enrolments(service, officer_id): ...
    request = begin_confirmation(service, officer_id, item.id, "video")      # after comparing the code
    confirm(service, officer_id, item.id, answer)                             # the officer's own passkey
    refuse(service, officer_id, item.id)                                      # or else: the codes differ
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from signing_service.approval import (
    Confirmation,
    ConfirmationStatement,
    Enrolled,
    Method,
    verify_confirmation,
)
from signing_service.encoding import parse_canonical_json, to_base64url
from signing_service.errors import ApprovalError, ConflictError, InputError, NotAllowedError
from signing_service.store import ledger, mandates, openings, passkeys
from signing_service.store.tables import Credential, Enrolment
from signing_service.store.tables import Mandate as MandateRow
from signing_service.workflow import approval_keys
from signing_service.workflow.notification import tell_about_confirmation, tell_about_revocation
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
from signing_service.workflow.trust import check_in_office, current

METHODS: tuple[Method, ...] = ("in-person", "video", "phone")


def waiting_enrolments(service: Service, officer_id: str) -> list[approval_keys.Enrolled]:
    """Every enrolment that waits for an officer, the oldest first; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "confirm")
        found = passkeys.waiting(session)
        rows = [(mandates.get(session, enrolment.mandate), enrolment, key) for enrolment, key, _ in found]
        return [approval_keys.view_of(*row) for row in rows if row[0].revoked is None]


def count_waiting(service: Service) -> int:
    """How many of them there are, for who is known to be an officer: one count by an index."""
    with service.database.look() as session:
        return passkeys.count_waiting(session)


def begin_confirmation(service: Service, officer_id: str, enrolment_id: str, method: str) -> dict[str, Any]:
    """Fix what the officer confirms, and give it with the options for the officer's passkey.

    Raises NotAllowedError for all but officers with a passkey in the trust file, and for one's own credential;
    ConflictError where it is confirmed or revoked already.
    """
    chosen = next((item for item in METHODS if item == method), None)
    if chosen is None:
        raise InputError(
            "%(method)s is no way to compare the code",
            hint="choose one of %(choices)s",
            method=repr(method[:40]),
            choices=", ".join(METHODS),
        )
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "confirm")
        own = officer_keys(session, officer_id)
        mandate_row, enrolment, credential = _open_enrolment(session, officer_id, enrolment_id)
        view = approval_keys.view_of(mandate_row, enrolment, credential)
        statement = ConfirmationStatement(
            agreement=view.agreement,
            signer=view.signer,
            person=view.person,
            name=view.name,
            credential=credential.key_sha256,
            mandate=view.mandate,
            method=chosen,
            officer=officer_id,
            time=now,
        )
        challenge, expires = statement.challenge(), now + CHALLENGE_LIFETIME
        about = statement.to_json()
        passkeys.add_challenge(session, challenge, "confirmation", expires=expires, person=officer_id, about=about)
    options = request_options(service, challenge, [key.credential_id for key in own])
    return {"statement": parse_canonical_json(about), "passkey": options, **view.to_value()}


def confirm(service: Service, officer_id: str, enrolment_id: str, answer: dict[str, Any]) -> None:
    """Take the officer's assertion over the statement; record the confirmation and tell the representative.

    Raises ApprovalError where it is not by a passkey of this officer in the trust file, or for something else.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "confirm")
        challenge = challenge_in(answer)
        about = passkeys.take_challenge(session, challenge, "confirmation", now=now, person=officer_id)
        mandate_row, enrolment, credential = _open_enrolment(session, officer_id, enrolment_id)
        own = credential_of(session, officer_id, "officer", answer)
        confirmation = Confirmation(about, assertion_of(answer, own.key))
        view = approval_keys.view_of(mandate_row, enrolment, credential)
        enrolled = Enrolled(view.agreement, view.signer, view.person, credential.key_sha256, view.mandate)
        trusted = [key.key for key in officer_keys(session, officer_id)]
        statement = verify_confirmation(confirmation, enrolled, relying_party(service), trusted)
        note_use(session, own, confirmation.assertion, now)
        enrolment.state, enrolment.confirmed = "confirmed", now
        enrolment.officer, enrolment.method = officer_id, statement.method
        tell_about_confirmation(session, service, mandate_row, officer_id, now)
        members = {
            "enrolment": openings.by_index(session, [enrolment.entry_index])[0].sequence,
            "signer": enrolment.signer,
            "key_sha256": credential.key_sha256,
            "mandate_sha256": mandate_row.digest,
            "officer": officer_id,
            "method": statement.method,
            "confirmation": to_base64url(confirmation.to_der()),
        }
        enrolment.confirmation_index = ledger.append(session, enrolment.agreement, "confirmation", members, now).index
        check_in_office(session, officer_id)
    service.publish()


def refuse(service: Service, officer_id: str, enrolment_id: str) -> None:
    """The officer saw another code than the person read out: the key may be somebody else's, so it ends here.

    It is revoked with that reason, for good and in the record, and the person is told to make another one. Raises
    NotAllowedError for all but officers, ConflictError where it is confirmed or revoked already.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "confirm")
        _, enrolment, credential = _open_enrolment(session, officer_id, enrolment_id)
        rows = approval_keys.mandates_of(session, enrolment, credential)
        tell_about_revocation(session, service, rows, officer_id, now, "differed")
        approval_keys.take_back(session, credential, approval_keys.CODES_DIFFER, officer_id, now)
    service.publish()


def officer_keys(session: Session, officer_id: str) -> list[Credential]:
    """The officer's passkeys that the trust file names; raises NotAllowedError where there is none."""
    trusted = current(session).officer(officer_id)
    own = passkeys.of_person(session, officer_id, "officer")
    found = [key for key in own if trusted is not None and trusted.until is None and key.key in trusted.keys]
    if not found:
        raise NotAllowedError("no passkey of yours is in the trust file", hint="enrol one; an officer confirms it")
    return found


def _open_enrolment(session: Session, officer_id: str, enrolment_id: str) -> tuple[MandateRow, Enrolment, Credential]:
    enrolment, credential = passkeys.lock_enrolment(session, enrolment_id)
    mandate_row = mandates.get(session, enrolment.mandate)
    if enrolment.state != "waiting":
        raise ConflictError(
            "this passkey was revoked already" if enrolment.state == "revoked" else "this passkey is confirmed already"
        )
    if mandate_row.revoked is not None:
        raise ConflictError("the mandate was given to somebody else in between")
    if credential.person == officer_id:
        raise ApprovalError("nobody confirms a passkey of their own", hint="ask another officer")
    return mandate_row, enrolment, credential
