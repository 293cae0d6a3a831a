"""A university's own certification authority, made up: certificates of people, good ones and others.

authority = Authority("NJUPT Certification Authority")
lin = authority.issue("LIN Shuyi")
lin.pkcs12("secret"), lin.certificate, lin.key
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.cast import NOON

YEAR = timedelta(days=365)
_SIGNING = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
_ISSUING = x509.KeyUsage(True, False, False, False, False, True, True, False, False)


@dataclass(frozen=True)
class Identity:
    """A person's key and certificate, and who issued it."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def pkcs12(self, password: str) -> bytes:
        """As a person gets it: key, certificate and issuer in one file."""
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(b"own", self.key, self.certificate, [self.issuer], encryption)


def subject(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nanjing University of Posts and Telecommunications"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Made once: it takes long."""
    return rsa.generate_private_key(65537, 2048)


class Authority:
    """Issues certificates under a root of its own, for ten years around the ceremony."""

    def __init__(self, name: str = "NJUPT Certification Authority", now: datetime = NOON) -> None:
        self._now = now
        self.key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject(name), subject(name), self.key, now - YEAR, now + 10 * YEAR)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.certificate = builder.add_extension(_ISSUING, critical=True).sign(self.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        common_name: str,
        *,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        ocsp_url: str = "",
        crl_url: str = "",
    ) -> Identity:
        key = key or ec.generate_private_key(ec.SECP256R1())
        start, end = since or self._now - YEAR / 2, until or self._now + 5 * YEAR
        builder = self._builder(subject(common_name), self.certificate.subject, key, start, end)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(key_id, critical=False)
        if ocsp_url:
            location = x509.UniformResourceIdentifier(ocsp_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        if crl_url:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        certificate = builder.add_extension(_SIGNING, critical=True).sign(self.key, hashes.SHA256())
        return Identity(key, certificate, self.certificate)

    @staticmethod
    def _builder(
        name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *life: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(life[0]).not_valid_after(life[1])

    def ocsp_response(
        self, identity: Identity, now: datetime, revoked: datetime | None = None, *, dated: bool = True
    ) -> bytes:
        """What its responder, the authority itself, says of a certificate."""
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=identity.certificate,
            issuer=self.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=now,
            next_update=now + timedelta(hours=12) if dated else None,
            revocation_time=revoked,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def revocation_list(self, now: datetime, *revoked: Identity) -> bytes:
        """Its list as of ``now``."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(now).next_update(now + timedelta(days=7))
        for identity in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def self_signed(common_name: str) -> Identity:
    """Somebody who issued a certificate to themselves."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = Authority._builder(subject(common_name), subject(common_name), key, NOON - YEAR, NOON + YEAR)
    certificate = builder.add_extension(_SIGNING, critical=True).sign(key, hashes.SHA256())
    return Identity(key, certificate, certificate)
