"""signing-certificate attributes (RFC 5035, RFC 2634): which certificate the signer meant.

Without it a certificate with the same key and another name could be put in the place of the signer's.

    check_signing_certificate(container, certificate)            # raises CheckError SIG_CONSTRAINTS_FAILURE
"""

from __future__ import annotations

from cryptography.hazmat import asn1

from signing_service.errors import FormatError
from signing_service.verify.algorithms import HASHES, hash_algorithm
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, Container
from signing_service.verify.der import decode, encoded, items, read_algorithm
from signing_service.verify.verdict import SubIndication, failure

_SHA1 = HASHES["1.3.14.3.2.26"]
_SHA256 = HASHES["2.16.840.1.101.3.4.2.1"]


def has_signing_certificate(container: Container) -> bool:
    """Whether the signer named a certificate at all."""
    return any(oid in container.signed_attributes for oid in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2))


def check_signing_certificate(container: Container, certificate: Certificate) -> None:
    """Raise CheckError unless each signing-certificate attribute that is there names ``certificate`` first."""
    for oid, newer in ((SIGNING_CERTIFICATE, False), (SIGNING_CERTIFICATE_V2, True)):
        if oid not in container.signed_attributes:
            continue
        value = container.one(oid, "signing-certificate")
        try:
            named = _names(value, certificate, newer=newer)
        except FormatError as error:
            raise failure(SubIndication.FORMAT_FAILURE, error.message) from error
        if not named:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE, "the signing-certificate attribute names another certificate"
            )


def _names(value: bytes, certificate: Certificate, *, newer: bool) -> bool:
    parts = items(value, "signing-certificate attribute")
    identifiers = items(encoded(parts[0]), "signing-certificate attribute") if parts else []
    if not identifiers:
        raise FormatError("signing-certificate attribute names no certificate")
    rest = items(encoded(identifiers[0]), "certificate identifier")
    used = _SHA256 if newer else _SHA1
    if newer and rest and rest[0].tag_bytes == b"\x30":
        used = hash_algorithm(read_algorithm(encoded(rest.pop(0))))
    if not rest or rest[0].tag_bytes != b"\x04":
        raise FormatError("certificate identifier has no hash")
    digest = used.digest(certificate.der)
    if bytes(rest[0].data) != digest:
        return False
    return len(rest) < 2 or _is_issuer_serial(rest[1], certificate)


def _is_issuer_serial(value: asn1.TLV, certificate: Certificate) -> bool:
    parts = items(encoded(value), "issuer and serial number")
    if len(parts) != 2:
        raise FormatError("issuer and serial number are not two elements")
    names = items(encoded(parts[0]), "issuer")
    serial = decode(int, encoded(parts[1]), "serial number")
    if serial != certificate.serial or len(names) != 1 or names[0].tag_bytes != b"\xa4":
        return False
    return bytes(names[0].data) == certificate.issuer
