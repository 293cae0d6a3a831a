"""Logging in with a passkey, and proving presence again in a session (step-up)."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy.orm import Session

from signing_service.approval import verify_assertion
from signing_service.encoding import from_base64url
from signing_service.errors import ApprovalError, FormatError, NotAllowedError
from signing_service.store import passkeys, people, sessions
from signing_service.workflow.passkeys import (
    CHALLENGE_BYTES,
    CHALLENGE_LIFETIME,
    assertion_of,
    challenge_in,
    credential_of,
    note_use,
    relying_party,
    request_options,
)
from signing_service.workflow.service import Service


def login_options(service: Service) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON for whoever comes; the device offers its passkeys for this service."""
    challenge, now = secrets.token_bytes(CHALLENGE_BYTES), service.clock()
    with service.database.begin() as session:
        passkeys.forget_challenges(session, now=now)
        passkeys.add_challenge(session, challenge, "login", expires=now + CHALLENGE_LIFETIME)
    return request_options(service, challenge, [])


def sign_in_with_passkey(service: Service, answer: dict[str, Any], *, address: str, agent: str) -> str:
    """Check a discoverable passkey's answer and open a session; return its token. Raises ApprovalError."""
    now = service.clock()
    with service.database.begin() as session:
        passkeys.take_challenge(session, challenge_in(answer), "login", now=now)
        try:
            found = passkeys.find(session, from_base64url(answer.get("id")))
        except FormatError as error:
            raise ApprovalError("this is no answer of a passkey") from error
        if found is None:
            raise ApprovalError("this passkey is not known here", hint="ask the secretariat for a new link")
        if people.get(session, found.person).ended is not None:
            raise NotAllowedError("this person may not sign in any more")
        _check(session, service, found.person, answer)
        return sessions.start(session, found.person, now=now, address=address, agent=agent, method="passkey")


def step_up_options(service: Service, person_id: str) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON for one of the person's own login passkeys."""
    challenge, now = secrets.token_bytes(CHALLENGE_BYTES), service.clock()
    with service.database.begin() as session:
        own = [credential.credential_id for credential in passkeys.of_person(session, person_id, "login")]
        passkeys.add_challenge(session, challenge, "step-up", expires=now + CHALLENGE_LIFETIME, person=person_id)
    return request_options(service, challenge, own)


def step_up(service: Service, person_id: str, token: str, answer: dict[str, Any]) -> None:
    """Note in the session that the person proved presence with a login passkey; raises ApprovalError."""
    now = service.clock()
    with service.database.begin() as session:
        passkeys.take_challenge(session, challenge_in(answer), "step-up", now=now, person=person_id)
        _check(session, service, person_id, answer)
        sessions.step_up(session, token, now=now)
        sessions.upgrade(session, token, "passkey")


def _check(session: Session, service: Service, person_id: str, answer: dict[str, Any]) -> None:
    credential = credential_of(session, person_id, "login", answer)
    assertion = assertion_of(answer, credential.key)
    verify_assertion(assertion, challenge_in(answer), relying_party(service))
    note_use(session, credential, assertion, service.clock())
