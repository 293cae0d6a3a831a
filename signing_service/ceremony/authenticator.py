"""A passkey in software, for the ceremony in a terminal and for tests: it speaks WebAuthn's JSON, as browsers do.

::

    passkeys = Authenticator("https://sign.example.org")
    registration = passkeys.create(options)          # PublicKeyCredentialCreationOptionsJSON in, response JSON out
    assertion = passkeys.get(request)                # PublicKeyCredentialRequestOptionsJSON in, response JSON out

Keys are P-256 (ES256), kept in memory only. What a test wants to go wrong (another page, nobody verified, …) it says
in ``Behaviour``.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.approval import PasskeyAssertion
from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import InputError

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
CREDENTIAL_ID_BYTES = 16
AAGUID = bytes(16)  # of no model, as with attestation "none"


@dataclass(slots=True)
class Behaviour:
    """How the authenticator and its browser behave; the defaults are honest."""

    user_present: bool = True
    user_verified: bool = True
    backed_up: bool = False
    origin: str | None = None
    """The page's origin, where it is not the authenticator's own."""
    relying_party_id: str | None = None
    cross_origin: bool = False


@dataclass(slots=True)
class Passkey:
    """One credential."""

    id: bytes
    relying_party_id: str
    user: bytes
    """The user handle that it was made for."""
    key: ec.EllipticCurvePrivateKey
    count: int = 0

    @property
    def cose_key(self) -> bytes:
        """The public key as COSE_Key (RFC 9053 section 7.1), CTAP2 canonical CBOR."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y


@dataclass(slots=True)
class Authenticator:
    """One device of one person, used on the pages of ``origin``."""

    origin: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    passkeys: list[Passkey] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make a credential (WebAuthn Level 2 section 5.1.3); raises InputError where one is excluded."""
        known = {to_base64url(passkey.id) for passkey in self.passkeys}
        if known & {item["id"] for item in options.get("excludeCredentials", ())}:
            raise InputError("this device has a passkey of this person already")
        passkey = Passkey(
            secrets.token_bytes(CREDENTIAL_ID_BYTES),
            options["rp"].get("id") or urlsplit(self.origin).hostname or "",
            from_base64url(options["user"]["id"]),
            ec.generate_private_key(ec.SECP256R1()),
        )
        self.passkeys.append(passkey)
        length = len(passkey.id).to_bytes(2, "big")
        attested = AAGUID + length + passkey.id + passkey.cose_key
        data = self._authenticator_data(passkey, attested)
        response = {
            "clientDataJSON": to_base64url(self._client_data("webauthn.create", options["challenge"])),
            "attestationObject": to_base64url(_attestation_object(data)),
            "authenticatorData": to_base64url(data),
            "transports": ["internal"],
        }
        return _credential(passkey, response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Sign a challenge with the credential that is allowed, or any for the relying party (section 5.1.4)."""
        passkey = self._choose(options)
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._authenticator_data(passkey)
        signature = passkey.key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": to_base64url(client_data),
            "authenticatorData": to_base64url(data),
            "signature": to_base64url(signature),
            "userHandle": to_base64url(passkey.user),
        }
        return _credential(passkey, response)

    def approve(self, challenge: bytes, passkey: Passkey | None = None) -> PasskeyAssertion:
        """Sign a challenge and give the assertion as docs/formats.md 3 carries it."""
        chosen = passkey or self.passkeys[-1]
        allowed = [{"id": to_base64url(chosen.id), "type": "public-key"}]
        answer = self.get({"challenge": to_base64url(challenge), "allowCredentials": allowed})["response"]
        return PasskeyAssertion(
            chosen.id,
            chosen.cose_key,
            from_base64url(answer["authenticatorData"]),
            from_base64url(answer["clientDataJSON"]),
            from_base64url(answer["signature"]),
        )

    def _choose(self, options: dict[str, Any]) -> Passkey:
        allowed = {item["id"] for item in options.get("allowCredentials", ())}
        for passkey in reversed(self.passkeys):
            if not allowed or to_base64url(passkey.id) in allowed:
                return passkey
        raise InputError("this device has none of the passkeys that are asked for")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        origin, cross = self.behaviour.origin or self.origin, self.behaviour.cross_origin
        data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": cross}
        return json.dumps(data, separators=(",", ":")).encode()

    def _authenticator_data(self, passkey: Passkey, attested: bytes = b"") -> bytes:
        """WebAuthn Level 2 section 6.1."""
        how = self.behaviour
        flags = USER_PRESENT * how.user_present | USER_VERIFIED * how.user_verified
        flags |= (BACKUP_ELIGIBLE | BACKED_UP) * how.backed_up | (ATTESTED if attested else 0)
        passkey.count += 1
        party = sha256((how.relying_party_id or passkey.relying_party_id).encode()).digest()
        return party + bytes([flags]) + passkey.count.to_bytes(4, "big") + attested


def _credential(passkey: Passkey, response: dict[str, Any]) -> dict[str, Any]:
    name = to_base64url(passkey.id)
    return {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": response,
    }


def _attestation_object(data: bytes) -> bytes:
    """CBOR map of format "none" (WebAuthn Level 2 section 8.7) in CTAP2's canonical order."""
    length = len(data)
    head = b"\x58" + bytes([length]) if length < 256 else b"\x59" + length.to_bytes(2, "big")
    return b"\xa3" + b"\x63fmt" + b"\x64none" + b"\x67attStmt" + b"\xa0" + b"\x68authData" + head + data
