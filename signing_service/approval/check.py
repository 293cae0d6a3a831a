"""The check of an approval, by the service before it issues and by the verifier from the PDF alone.

    statement = verify_approval(approval, expected, at=token.time, relying_party=party, credential_keys=keys)

(1) the statement is canonical and says what was expected, member by member; (2) it had not expired; then for a
passkey (W3C WebAuthn Level 2 section 7.2): (3) the key belongs to one of the person's approval credentials, (4) the
client data are for this challenge, origin and ceremony, (5) the authenticator spoke to this relying party with
user presence and user verification, (6) the signature verifies. Each failure has its own reason.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from signing_service.approval.cose import parse_cose_key
from signing_service.approval.evidence import Approval, PasskeyAssertion, ServiceAssertion
from signing_service.approval.statement import Act, Statement, challenge_of
from signing_service.encoding import format_time, to_base64url
from signing_service.errors import ApprovalError, FormatError

CLOCK_DIFFERENCE = timedelta(minutes=5)  # a timestamp authority's clock may be that far behind the service's
MAX_CLIENT_DATA_BYTES = 4096
MIN_AUTHENTICATOR_DATA_BYTES = 37  # rpIdHash, flags, signCount (WebAuthn Level 2 section 6.1)
MAX_AUTHENTICATOR_DATA_BYTES = 1024  # room for extensions' outputs
USER_PRESENT, USER_VERIFIED, ATTESTED, EXTENDED = 0x01, 0x04, 0x40, 0x80  # flags, WebAuthn Level 2 section 6.1


@dataclass(frozen=True, slots=True)
class Expected:
    """What a statement must say; a member that is None may be anything (and is for the report)."""

    act: Act | None = None
    agreement: str | None = None
    revision0: str | None = None
    signer: str | None = None
    mandate: str | None = None
    consent: str | None = None
    consent_language: str | None = None
    key: bytes | None = None
    appearance: str | None = None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """To whom passkeys speak, as in the trust file."""

    origin: str
    """The web origin, ``https://sign.example.org``."""
    id: str
    """The relying-party id, ``sign.example.org``."""


_DIFFERENCES = {
    "act": "another act",
    "agreement": "another agreement",
    "revision0": "another text (revision 0 differs)",
    "signer": "another signer",
    "mandate": "another mandate",
    "consent": "another consent sentence",
    "consent_language": "a consent sentence in another language",
    "key": "another one-time key",
    "appearance": "another appearance",
}


def verify_approval(
    approval: Approval,
    expected: Expected,
    *,
    at: datetime,
    relying_party: RelyingParty | None = None,
    credential_keys: Collection[bytes] = (),
) -> Statement:
    """Check ``approval`` as of ``at`` and give its statement; the assurance is ``approval.assurance``.

    ``credential_keys`` are the COSE keys of the person's approval credentials, from confirmed enrolments; they and
    ``relying_party`` are needed for passkeys only. Raises ApprovalError, or FormatError on malformed bytes.
    """
    statement = Statement.from_json(approval.statement)  # (1)
    for field in fields(Expected):
        wanted = getattr(expected, field.name)
        if wanted is not None and getattr(statement, field.name) != wanted:
            raise ApprovalError(f"approval is for {_DIFFERENCES[field.name]}")
    if at > statement.expires:  # (2)
        raise ApprovalError(f"approval expired at {format_time(statement.expires)}")
    if isinstance(approval.evidence, ServiceAssertion):
        _check_service(approval.evidence, statement, at)
    elif relying_party is None:
        raise ApprovalError("passkey's approval cannot be checked without the relying party")
    else:
        _check_passkey(approval.evidence, challenge_of(approval.statement), relying_party, credential_keys)
    return statement


def _check_service(assertion: ServiceAssertion, statement: Statement, at: datetime) -> None:
    if assertion.time > at + CLOCK_DIFFERENCE:
        raise ApprovalError("approval was asserted after the act that it is for")
    if assertion.time > statement.expires:
        raise ApprovalError(f"approval was asserted after it expired at {format_time(statement.expires)}")


def _check_passkey(
    assertion: PasskeyAssertion, challenge: bytes, relying_party: RelyingParty, credential_keys: Collection[bytes]
) -> None:
    if assertion.public_key not in credential_keys:  # (3)
        raise ApprovalError(
            "approval was made with a credential that is not the person's confirmed approval credential",
            hint="a passkey for login does not approve; enrol an approval credential and have it confirmed",
        )
    verify_assertion(assertion, challenge, relying_party)


def verify_assertion(assertion: PasskeyAssertion, challenge: bytes, relying_party: RelyingParty) -> None:
    """Check an assertion over ``challenge`` by the key that it names; whose key that is, the caller must know.

    Raises ApprovalError with its own reason for each of: another challenge, page, relying party, nobody present or
    not verified, a signature that does not verify; FormatError on malformed bytes.
    """
    _check_client_data(assertion.client_data, challenge, relying_party.origin)  # (4)
    _check_authenticator_data(assertion.authenticator_data, relying_party.id)  # (5)
    signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
    parse_cose_key(assertion.public_key).verify(assertion.signature, signed)  # (6)


def _check_client_data(data: bytes, challenge: bytes, origin: str) -> None:
    if len(data) > MAX_CLIENT_DATA_BYTES:
        raise FormatError(f"client data are larger than {MAX_CLIENT_DATA_BYTES} bytes")
    try:
        client = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise FormatError("client data are not JSON") from error
    if not isinstance(client, dict):
        raise FormatError("client data are not a JSON object")
    if client.get("type") != "webauthn.get":
        raise ApprovalError("passkey was asked for something else than an assertion")
    if not hmac.compare_digest(str(client.get("challenge")).encode(), to_base64url(challenge).encode()):
        raise ApprovalError("passkey approved another statement")
    if client.get("origin") != origin:
        raise ApprovalError(f"passkey was used on a foreign page, {str(client.get('origin'))[:80]!r}")
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise ApprovalError("passkey was used inside a page of somebody else")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormatError("client data have a member twice")
    return members


def _check_authenticator_data(data: bytes, relying_party_id: str) -> None:
    if not MIN_AUTHENTICATOR_DATA_BYTES <= len(data) <= MAX_AUTHENTICATOR_DATA_BYTES:
        raise FormatError("authenticator data have a wrong length")
    if not hmac.compare_digest(data[:32], hashlib.sha256(relying_party_id.encode()).digest()):
        raise ApprovalError("passkey was made for another relying party")
    flags = data[32]
    if not flags & USER_PRESENT:
        raise ApprovalError("passkey was used without the person being present")
    if not flags & USER_VERIFIED:
        raise ApprovalError("passkey was used without verifying the person (PIN or biometrics)")
    if flags & ATTESTED or (len(data) > MIN_AUTHENTICATOR_DATA_BYTES) != bool(flags & EXTENDED):
        raise FormatError("authenticator data hold something that their flags do not say")
