"""Registering passkeys and asking them: W3C WebAuthn's two ceremonies, as JSON between browser and service.

::

    options = registration_options(service, person_id, "login")
    register(service, person_id, "login", answer)        # what navigator.credentials.create gave

A passkey has one kind for ever: ``login``, ``approval`` (a representative's, for acts) or ``officer`` (an officer's,
for confirmations and countersignatures). User verification is always required. Each challenge is answered once.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from webauthn import generate_registration_options, options_to_json, verify_registration_response
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from signing_service.approval import PasskeyAssertion, RelyingParty, parse_cose_key
from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import ApprovalError, FormatError, InputError, Phrase
from signing_service.store import passkeys, people, sessions
from signing_service.store.passkeys import NewCredential
from signing_service.store.tables import Credential
from signing_service.workflow.account_notices import tell_of_account
from signing_service.workflow.mails import addressed, translations
from signing_service.workflow.service import Service

KINDS = ("login", "approval", "officer")
CHALLENGE_LIFETIME = timedelta(minutes=10)
CHALLENGE_BYTES = 32
TIMEOUT = 600_000  # milliseconds that a browser waits for the person
MAX_ANSWER = 65536  # bytes of a registration's JSON; one without attestation has about 1,500

def _use(kind: str, locale: str) -> str:
    """What a kind of passkey is for, as the device's own list of passkeys shows it beside the name."""
    gettext = translations(locale).gettext
    return {"login": gettext("sign in"), "approval": gettext("approve"), "officer": gettext("officer")}[kind]


def relying_party(service: Service) -> RelyingParty:
    """To whom passkeys speak; fixed at ``init``."""
    return RelyingParty(service.trust.web_origin, service.trust.relying_party_id)


def registration_options(service: Service, person_id: str, kind: str) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON for a new passkey of one of KINDS."""
    check_kind(kind)
    now, challenge = service.clock(), secrets.token_bytes(CHALLENGE_BYTES)
    with service.database.begin() as session:
        person = people.get(session, person_id)
        known = passkeys.of_person(session, person_id, kind)
        passkeys.forget_challenges(session, now=now)
        expires = now + CHALLENGE_LIFETIME
        passkeys.add_challenge(session, challenge, f"register-{kind}", expires=expires, person=person_id)
    resident = ResidentKeyRequirement.REQUIRED if kind == "login" else ResidentKeyRequirement.DISCOURAGED
    use = _use(kind, person.locale)
    options = generate_registration_options(
        rp_id=service.trust.relying_party_id,
        rp_name=service.name,
        user_name=f"{person.email} ({use})",
        user_display_name=f"{addressed(person.name, person.native_name, person.locale)} ({use})",
        user_id=user_handle(person_id, kind),
        challenge=challenge,
        timeout=TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=resident, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential.credential_id) for credential in known],
    )
    value: dict[str, Any] = json.loads(options_to_json(options))
    return value


def user_handle(person_id: str, kind: str) -> bytes:
    """One for each kind, so that a device never lets a passkey of one kind replace that of another."""
    return f"{kind}:{person_id}".encode()


def register(session: Session, service: Service, person_id: str, kind: str, answer: dict[str, Any]) -> Credential:
    """Check a registration's answer, store the passkey and tell the person, within the caller's transaction.

    Raises ApprovalError where the answer is not to our question or nobody was verified, FormatError on a key that is
    neither ES256 nor EdDSA nor RS256, ConflictError on one that is known.
    """
    check_kind(kind)
    now = service.clock()
    challenge = challenge_in(answer)
    passkeys.take_challenge(session, challenge, f"register-{kind}", now=now, person=person_id)
    made = _verified(service, answer, challenge)
    parse_cose_key(made.key)
    added = passkeys.add(session, person_id, kind, made, now=now)
    tell_of_account(session, service, person_id, "passkey-added", now, kind)
    return added


def _verified(service: Service, answer: dict[str, Any], challenge: bytes) -> NewCredential:
    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=service.trust.relying_party_id,
            expected_origin=service.trust.web_origin,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise ApprovalError("the passkey cannot be accepted: %(reason)s", reason=str(error)[:200]) from error
    return NewCredential(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        verified.credential_backed_up,
    )


def register_login(service: Service, person_id: str, answer: dict[str, Any], token: str | None = None) -> str:
    """Store a login passkey and return its id; errors as register.

    ``token``: the session in which it was made; it rests on the passkey from now on.
    """
    with service.database.begin() as session:
        made = register(session, service, person_id, "login", answer).id
        if token is not None:
            sessions.step_up(session, token, now=service.clock())  # the device has verified the person just now
            sessions.upgrade(session, token, "passkey")
        return made


def own_kinds(service: Service, person_id: str) -> frozenset[str]:
    """The kinds of passkeys that a person has made and that are still accepted."""
    with service.database.read() as session:
        return frozenset(credential.kind for credential in passkeys.of_person(session, person_id))


def request_options(service: Service, challenge: bytes, allowed: list[bytes]) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON for ``challenge``; any discoverable passkey where none is named."""
    return {
        "challenge": to_base64url(challenge),
        "rpId": service.trust.relying_party_id,
        "timeout": TIMEOUT,
        "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": to_base64url(one)} for one in allowed],
    }


def challenge_in(answer: dict[str, Any]) -> bytes:
    """The challenge that an answer's client data name; the check proper comes after."""
    try:
        client_data = json.loads(from_base64url(answer["response"]["clientDataJSON"]))
        return from_base64url(client_data["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError, FormatError) as error:
        raise InputError("this is no answer of a passkey") from error


def assertion_of(answer: dict[str, Any], key: bytes) -> PasskeyAssertion:
    """AuthenticationResponseJSON as docs/formats.md 3 carries it; ``key`` comes from the database, never from it."""
    try:
        response = answer["response"]
        names = ("authenticatorData", "clientDataJSON", "signature")
        authenticator_data, client_data, signature = (from_base64url(response[name]) for name in names)
        return PasskeyAssertion(from_base64url(answer["id"]), key, authenticator_data, client_data, signature)
    except (KeyError, TypeError, FormatError) as error:
        raise InputError("this is no answer of a passkey") from error


def credential_of(
    session: Session, person_id: str, kind: str, answer: dict[str, Any], *, hold: bool = False
) -> Credential:
    """The stored passkey that answered; raises ApprovalError unless it is this person's, of this kind, and accepted.

    ``hold``: nobody revokes it until commit, as passkeys.find.
    """
    try:
        credential = passkeys.find(session, from_base64url(answer.get("id")), hold=hold)
    except FormatError as error:
        raise InputError("this is no answer of a passkey") from error
    if credential is None or credential.person != person_id or credential.ended is not None:
        raise ApprovalError("this passkey is not one of yours", hint="choose the passkey that you made here")
    if credential.kind != kind:
        wanted = Phrase(_use(kind, "en"))  # in the reader's language where it is shown
        raise ApprovalError("this passkey is for another use", hint="choose the one for %(use)s", use=wanted)
    return credential


def note_use(session: Session, credential: Credential, assertion: PasskeyAssertion, now: datetime) -> None:
    """Remember the signature counter; one that went back is no failure, since synced passkeys do that."""
    passkeys.note_use(session, credential, int.from_bytes(assertion.authenticator_data[33:37], "big"), now=now)


def check_kind(kind: str) -> None:
    """Raise InputError unless ``kind`` is one of KINDS."""
    if kind not in KINDS:
        raise InputError(
            "there are no passkeys of kind %(kind)s",
            hint="choose one of %(choices)s",
            kind=repr(kind[:40]),
            choices=", ".join(KINDS),
        )
