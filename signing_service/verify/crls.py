"""Embedded revocation lists (RFC 5280 5 and 6.3), as far as they say that a certificate was revoked.

    crl = read_crl(der, issuers)          # verified by its issuer's key
    crl.revoked(certificate)              # when, or None

Direct, complete lists of one issuer; what has critical extensions beyond that (indirect or delta lists) is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from signing_service.errors import FormatError
from signing_service.verify.certificate import Certificate, check_signed
from signing_service.verify.limits import MAX_NAMESAKES
from signing_service.verify.verdict import CheckError, SubIndication, failure

_KNOWN = {"2.5.29.20", "2.5.29.35", "2.5.29.28"}  # cRLNumber, authorityKeyIdentifier, issuingDistributionPoint


@dataclass(frozen=True, slots=True)
class VerifiedCrl:
    """A list and the authority that signed it."""

    issuer: Certificate
    parsed: x509.CertificateRevocationList

    def revoked(self, certificate: Certificate) -> datetime | None:
        """When its issuer revoked ``certificate``; None if it did not, or the list is another issuer's."""
        if certificate.issuer != self.issuer.subject:
            return None
        entry = self.parsed.get_revoked_certificate_by_serial_number(certificate.serial)
        return entry.revocation_date_utc if entry is not None else None


def read_crl(der: bytes, certificates: Iterable[Certificate]) -> VerifiedCrl:
    """Read a list and verify it by the key of its issuer; raises FormatError, or CheckError if nobody signed it."""
    try:
        parsed = x509.load_der_x509_crl(der)
        issuer_name = parsed.issuer.public_bytes()
        if any(item.critical and item.oid.dotted_string not in _KNOWN for item in parsed.extensions):
            raise FormatError("a revocation list has a critical extension that is not understood")
        namesakes = [certificate for certificate in certificates if certificate.subject == issuer_name]
        for certificate in namesakes[:MAX_NAMESAKES]:
            if _may_sign(certificate) and _is_signed(parsed, certificate):
                return VerifiedCrl(certificate, parsed)
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm, TypeError) as error:
        raise FormatError(f"a revocation list cannot be read: {error}") from error
    raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "a revocation list is signed by nobody in the file")


def _may_sign(certificate: Certificate) -> bool:
    usage = certificate.extension(x509.KeyUsage)
    return usage is None or usage.crl_sign


def _is_signed(crl: x509.CertificateRevocationList, certificate: Certificate) -> bool:
    used = crl.signature_hash_algorithm
    if used is None or used.name != "sha1":
        return bool(crl.is_signature_valid(certificate.public_key))  # type: ignore[arg-type]  # TypeError is caught
    try:
        oid = crl.signature_algorithm_oid.dotted_string
        check_signed(certificate.public_key, oid, crl.signature, crl.tbs_certlist_bytes)
    except CheckError:
        return False
    return True
