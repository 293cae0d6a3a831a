"""A software passkey for tests: makes COSE keys and assertions as an authenticator and a browser would."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from signing_service.approval import Approval, PasskeyAssertion, Statement, challenge_of
from signing_service.encoding import to_base64url
from tests.cast import ORIGIN, PUBLIC_URL

Kind = Literal["ES256", "EdDSA", "RS256"]
PRESENT, VERIFIED = 0x01, 0x04
RSA_KEY = rsa.generate_private_key(65537, 2048)


def cbor_head(major: int, argument: int) -> bytes:
    """The shortest head of a CBOR item (RFC 8949 section 4.2.1)."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = 1 if argument < 256 else 2
    return bytes([major << 5 | (24 if size == 1 else 25)]) + argument.to_bytes(size, "big")


def cbor(value: Any) -> bytes:
    """Encode integers, byte strings and maps, the latter in the order that they have."""
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, dict):
        return cbor_head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
    return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)


def cose_key(key: Any) -> bytes:
    """The COSE_Key of a private key's public half."""
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        return cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
    if isinstance(public, rsa.RSAPublicKey):
        modulus = public.public_numbers().n
        return cbor({1: 3, 3: -257, -1: modulus.to_bytes((modulus.bit_length() + 7) // 8, "big"), -2: b"\x01\x00\x01"})
    return cbor({1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()})


def make_key(kind: Kind) -> Any:
    """A new private key; RSA's is made once, because that takes long."""
    if kind == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if kind == "EdDSA" else RSA_KEY


@dataclass(frozen=True)
class Passkey:
    """A credential; each member changed makes an assertion that is wrong in one way."""

    key: Any = field(default_factory=lambda: make_key("ES256"))
    relying_party_id: str = ORIGIN
    origin: str = PUBLIC_URL
    ceremony: str = "webauthn.get"
    flags: int = PRESENT | VERIFIED
    more_client_data: dict[str, Any] = field(default_factory=lambda: {"crossOrigin": False})
    extensions: bytes = b""

    @property
    def public_key(self) -> bytes:
        """The COSE_Key that an enrolment keeps."""
        return cose_key(self.key)

    def but(self, **changes: Any) -> Passkey:
        """The same credential used differently."""
        return replace(self, **changes)

    def client_data(self, challenge: bytes) -> bytes:
        """clientDataJSON as browsers write it."""
        members = {"type": self.ceremony, "challenge": to_base64url(challenge), "origin": self.origin}
        return json.dumps(members | self.more_client_data, separators=(",", ":")).encode()

    def approve(self, statement: Statement) -> Approval:
        """Approve ``statement``."""
        encoded = statement.to_json()
        return Approval(encoded, self.assert_challenge(challenge_of(encoded)))

    def assert_challenge(self, challenge: bytes) -> PasskeyAssertion:
        """Sign ``challenge`` as WebAuthn Level 2 section 6.3.3 says."""
        hashed = hashlib.sha256(self.relying_party_id.encode()).digest()
        data = hashed + bytes([self.flags]) + (7).to_bytes(4, "big") + self.extensions
        client_data = self.client_data(challenge)
        signed = data + hashlib.sha256(client_data).digest()
        return PasskeyAssertion(b"credential", self.public_key, data, client_data, self.sign(signed))

    def sign(self, data: bytes) -> bytes:
        """Sign bytes with the credential's algorithm."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return bytes(self.key.sign(data))
