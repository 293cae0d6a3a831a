"""The authority: makes the service's keys and certificates once, and one-time certificates for ever after.

subject = OneTimeSubject(agreement, "njupt", "president", "Nanjing University…", "CN", "Lin Yue")
certificate = issue_one_time(keystore, spki, subject, now)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.errors import FormatError
from signing_service.pki import profiles

Role = Literal["root", "issuing-ca", "services-ca", "seal", "timestamp"]

PROFILES: Mapping[Role, profiles.Profile] = {
    "root": profiles.ROOT,
    "issuing-ca": profiles.ISSUING_CA,
    "services-ca": profiles.SERVICES_CA,
    "seal": profiles.SEAL,
    "timestamp": profiles.TIMESTAMP,
}
ISSUERS: Mapping[Role, Role] = {
    "root": "root",
    "issuing-ca": "root",
    "services-ca": "root",
    "seal": "services-ca",
    "timestamp": "services-ca",
}
AUTHORITIES: tuple[Role, ...] = ("issuing-ca", "services-ca")  # below the root
COMMON_NAMES: Mapping[Role, str] = {
    "root": "Root CA",
    "issuing-ca": "Issuing CA for one-time certificates",
    "services-ca": "Services CA",
    "timestamp": "Timestamp authority",
}


class CertificateSigner(Protocol):
    """What issuing needs of a key store: the issuer's certificate and a signature by its key."""

    @property
    def issuing_ca(self) -> x509.Certificate:
        """The certificate of the authority that issues one-time certificates and nothing else."""

    def sign_certificate(self, issuer: Role, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign ``builder`` with the issuer's key."""


@dataclass(frozen=True, slots=True)
class OneTimeSubject:
    """Whom a one-time certificate names (docs/formats.md 6)."""

    agreement: str
    party: str
    role: str
    organisation: str
    """The party's English name; the alliance's for an officer."""
    country: str | None
    """ISO 3166 alpha-2; None for the secretariat."""
    name: str
    """The representative's name in Latin script."""

    @property
    def uri(self) -> str:
        """The subject's alternative name."""
        return f"urn:signing-service:{self.agreement}:{self.party}:{self.role}"


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key and the certificate that belongs to it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def make_credentials(name: str, now: datetime) -> dict[Role, Credential]:
    """Make root, both authorities, seal and timestamp credentials of the service called ``name``."""
    made: dict[Role, Credential] = {}
    for role in PROFILES:
        made[role] = make_credential(role, name, now, made.get(ISSUERS[role]))
    return made


def make_credential(role: Role, name: str, now: datetime, issuer: Credential | None) -> Credential:
    """Make a new key and certificate for ``role``; ``issuer`` None makes it self-signed (the root only)."""
    profile = PROFILES[role]
    key = ec.generate_private_key(profile.curve())
    subject = profiles.distinguished_name(COMMON_NAMES.get(role, name), organisation=name)
    builder = profiles.certificate_builder(
        profile, subject, key.public_key(), now=now, issuer=issuer.certificate if issuer else None
    )
    return Credential(key, sign_with(issuer.key if issuer else key, builder))


def sign_with(key: ec.EllipticCurvePrivateKey, builder: x509.CertificateBuilder) -> x509.Certificate:
    """Sign ``builder`` with the hash that fits the curve: SHA-384 for P-384, SHA-256 for P-256 (RFC 5480)."""
    return builder.sign(key, hashes.SHA384() if key.curve.key_size > 256 else hashes.SHA256())


def issue_one_time(
    keystore: CertificateSigner, spki: bytes, subject: OneTimeSubject, now: datetime, not_after: datetime | None = None
) -> x509.Certificate:
    """Issue the certificate of a one-time P-256 key, valid from ``now`` - 5 min for at most an hour.

    ``spki`` is the DER SubjectPublicKeyInfo whose possession :func:`~signing_service.pki.requests.parse_request`
    has proven. Raises FormatError if it isn't P-256 or a name doesn't fit a certificate.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except ValueError as error:
        raise FormatError(f"one-time key is not a DER public key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise FormatError("one-time key is not on the curve P-256")
    builder = profiles.certificate_builder(
        profiles.ONE_TIME,
        profiles.distinguished_name(subject.name, organisation=subject.organisation, country=subject.country),
        key,
        now=now,
        issuer=keystore.issuing_ca,
        alternative_name=subject.uri,
        not_after=not_after,
    )
    return keystore.sign_certificate("issuing-ca", builder)
