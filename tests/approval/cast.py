"""The approvals' cast: Lin's and the officer's passkeys, what Lin approves, and what the officer confirms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from signing_service.approval import Approval, ConfirmationStatement, Expected, RelyingParty, Statement
from signing_service.approval.confirmation import Confirmation, Enrolled
from signing_service.ceremony.authenticator import Authenticator, Passkey
from signing_service.encoding import sha256_hex, to_base64url
from tests.cast import LIN, NOON, OFFICER, ORIGIN, PUBLIC_URL

PARTY = RelyingParty(PUBLIC_URL, ORIGIN)
AGREEMENT = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
MANDATE = sha256_hex(b"Lin's mandate")
KEY = b"stands for the one-time key"


def authenticator(user: str = LIN.id) -> Authenticator:
    """A fresh device with one passkey."""
    device = Authenticator(PUBLIC_URL)
    add_passkey(device, user)
    return device


def add_passkey(device: Authenticator, user: str = LIN.id) -> Passkey:
    challenge = to_base64url(b"any")
    device.create({"rp": {"id": ORIGIN}, "user": {"id": to_base64url(user.encode())}, "challenge": challenge})
    return device.passkeys[-1]


def statement(**changes: Any) -> Statement:
    """What Lin approves at noon."""
    values: dict[str, Any] = {
        "act": "signature",
        "agreement": AGREEMENT,
        "revision0": sha256_hex(b"revision 0"),
        "signer": LIN.signer,
        "mandate": MANDATE,
        "consent": "I sign.",
        "consent_language": "en",
        "key": KEY,
        "appearance": sha256_hex(b"appearance"),
        "expires": NOON + timedelta(minutes=15),
    }
    return Statement(**(values | changes))


def expected(**changes: Any) -> Expected:
    """The same as the checker expects it."""
    plain = statement(**changes)
    names = ("act", "agreement", "revision0", "signer", "mandate", "consent", "consent_language", "key", "appearance")
    return Expected(**{name: getattr(plain, name) for name in names})


def approval(device: Authenticator, approved: Statement | None = None) -> Approval:
    """The device's approval of a statement."""
    approved = approved or statement()
    return Approval(approved.to_json(), device.approve(approved.challenge()))


def confirmation_statement(key: bytes, **changes: Any) -> ConfirmationStatement:
    """What the officer confirms of Lin's credential."""
    values: dict[str, Any] = {
        "agreement": AGREEMENT,
        "signer": LIN.signer,
        "person": LIN.id,
        "name": LIN.name,
        "credential": sha256_hex(key),
        "mandate": MANDATE,
        "method": "video",
        "officer": OFFICER.id,
        "time": NOON,
    }
    return ConfirmationStatement(**(values | changes))


def confirmation(officer: Authenticator, key: bytes, **changes: Any) -> Confirmation:
    """The officer's confirmation of Lin's credential."""
    stated = confirmation_statement(key, **changes)
    return Confirmation(stated.to_json(), officer.approve(stated.challenge()))


def enrolled(key: bytes) -> Enrolled:
    """Lin's enrolment of a credential, as the record has it."""
    return Enrolled(AGREEMENT, LIN.signer, LIN.id, sha256_hex(key), MANDATE)
