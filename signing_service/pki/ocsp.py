"""OCSP responses (RFC 6960) that say ``good``: what strict validators want of a one-time certificate.

    response = good_response(keystore, certificate, token.time)

Its issuer publishes no revocation list and issues nothing else, so the one response per certificate, made just
after the timestamp and stored, is the whole of its revocation data. The issuing authority signs it itself.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import serialization

from signing_service.pki.authority import Role
from signing_service.pki.cms import ID_ECDSA_WITH_SHA256, SHA256
from signing_service.pki.der import encode, raw
from signing_service.pki.structures import (
    AlgorithmIdentifier,
    BasicResponse,
    CertificateId,
    GoodResponse,
    OcspResponse,
    ResponseBytes,
    ResponseData,
)

ID_PKIX_OCSP_BASIC = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")  # RFC 6960 section 4.2.1
_SUCCESSFUL = bytes.fromhex("0a0100")  # ENUMERATED 0


class ResponseSigner(Protocol):
    """What answering needs of a key store."""

    def certificate(self, role: Role) -> x509.Certificate:
        """The certificate of ``role``."""

    def sign(self, role: Role, data: bytes) -> bytes:
        """Sign with the role's key: ECDSA with SHA-256, DER."""


def good_response(
    keystore: ResponseSigner,
    certificate: x509.Certificate,
    this_update: datetime,
    *,
    issuer: Role = "issuing-ca",
    next_update: datetime | None = None,
) -> bytes:
    """Give the DER OCSPResponse that ``certificate`` is good as of ``this_update``.

    ``this_update`` must not lie before the signature's timestamp. ``next_update`` is the certificate's end unless
    given. Times are cut to the second.
    """
    authority = keystore.certificate(issuer)
    key = _public_key_bits(authority)
    moment = asn1.GeneralizedTime(this_update.astimezone(UTC).replace(microsecond=0))
    single = GoodResponse(
        certificate=CertificateId(
            hash_algorithm=SHA256,
            issuer_name_hash=hashlib.sha256(certificate.issuer.public_bytes()).digest(),
            issuer_key_hash=hashlib.sha256(key).digest(),
            serial_number=certificate.serial_number,
        ),
        status=asn1.Null(),
        this_update=moment,
        next_update=asn1.GeneralizedTime((next_update or certificate.not_valid_after_utc).astimezone(UTC)),
    )
    data = ResponseData(
        responder_key_hash=hashlib.sha1(key, usedforsecurity=False).digest(),  # KeyHash is SHA-1 by definition
        produced=moment,
        responses=[single],
    )
    basic = BasicResponse(
        data=data,
        signature_algorithm=AlgorithmIdentifier(algorithm=ID_ECDSA_WITH_SHA256),
        signature=asn1.BitString(keystore.sign(issuer, encode(data)), 0),
        certificates=[raw(authority.public_bytes(serialization.Encoding.DER))] if issuer == "root" else None,
    )
    content = ResponseBytes(type=ID_PKIX_OCSP_BASIC, response=encode(basic))
    return encode(OcspResponse(status=raw(_SUCCESSFUL), content=content))


def _public_key_bits(certificate: x509.Certificate) -> bytes:
    """Give the value of the BIT STRING subjectPublicKey, which RFC 6960 section 4.1.1 hashes: the curve's point."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
