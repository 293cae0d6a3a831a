"""OCSP responses (RFC 6960) that say ``good``: what strict validators want beside a certificate.

    response = good_response(keystore, certificate, token.time)          # of a one-time certificate
    responses = service_responses(keystore, now)                         # of the service's own certificates

A one-time certificate's issuer publishes no revocation list and issues nothing else, so the one response per
certificate, made just after the timestamp and stored, is the whole of its revocation data. Both authorities sign
their own responses. The root, which may be offline, speaks once: when it makes the authorities, a responder that it
delegates (section 4.2.2.2) signs that they are good, and that responder's key is thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.pki.authority import Credential, Role, sign_with
from signing_service.pki.cms import ID_ECDSA_WITH_SHA256, SHA256
from signing_service.pki.der import encode, raw
from signing_service.pki.ocsp_structures import (
    BasicResponse,
    CertificateId,
    GoodResponse,
    OcspResponse,
    ResponseBytes,
    ResponseData,
)
from signing_service.pki.profiles import OCSP_RESPONDER, certificate_builder, distinguished_name
from signing_service.pki.structures import AlgorithmIdentifier

ID_PKIX_OCSP_BASIC = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")  # RFC 6960 section 4.2.1
SERVICE_RESPONSE_LIFETIME = timedelta(days=7)  # of what is said of seal and timestamp when a document is archived

_SUCCESSFUL = bytes.fromhex("0a0100")  # ENUMERATED 0


class ResponseSigner(Protocol):
    """What answering needs of a key store."""

    @property
    def authority_responses(self) -> tuple[bytes, ...]:
        """What the root's responder once said of the authorities."""

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
    """Give the DER OCSPResponse, signed by ``issuer``, that ``certificate`` is good as of ``this_update``.

    ``this_update`` must not lie before the signature's timestamp. ``next_update`` is the certificate's end unless
    given. It is written to the second, ``this_update`` rounded up.
    """
    authority = keystore.certificate(issuer)
    end = next_update or certificate.not_valid_after_utc
    return _respond(certificate, authority, authority, lambda data: keystore.sign(issuer, data), this_update, end)


def service_responses(keystore: ResponseSigner, now: datetime) -> list[bytes]:
    """Give the responses about authorities, seal and timestamp certificate that an archived document carries."""
    end = now + SERVICE_RESPONSE_LIFETIME
    own = [
        good_response(keystore, keystore.certificate(role), now, issuer="services-ca", next_update=end)
        for role in _OWN_ROLES
    ]
    return [*keystore.authority_responses, *own]


_OWN_ROLES: tuple[Role, ...] = ("seal", "timestamp")


def authority_responses(
    root: Credential, authorities: list[x509.Certificate], name: str, now: datetime
) -> tuple[bytes, ...]:
    """Give, by a responder made for this moment only, the responses that ``authorities`` are good till they end."""
    key = ec.generate_private_key(OCSP_RESPONDER.curve())
    subject = distinguished_name("Status of the authorities", organisation=name)
    builder = certificate_builder(OCSP_RESPONDER, subject, key.public_key(), now=now, issuer=root.certificate)
    responder = sign_with(root.key, builder)

    def sign(data: bytes) -> bytes:
        return key.sign(data, ec.ECDSA(hashes.SHA256()))

    return tuple(
        _respond(authority, root.certificate, responder, sign, now, authority.not_valid_after_utc)
        for authority in authorities
    )


def _respond(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    responder: x509.Certificate,
    sign: Callable[[bytes], bytes],
    this_update: datetime,
    next_update: datetime,
) -> bytes:
    moment = asn1.GeneralizedTime(_next_whole_second(this_update))
    single = GoodResponse(
        certificate=CertificateId(
            hash_algorithm=SHA256,
            issuer_name_hash=hashlib.sha256(certificate.issuer.public_bytes()).digest(),
            issuer_key_hash=hashlib.sha256(_public_key_bits(issuer)).digest(),
            serial_number=certificate.serial_number,
        ),
        status=asn1.Null(),
        this_update=moment,
        next_update=asn1.GeneralizedTime(next_update.astimezone(UTC).replace(microsecond=0)),
    )
    data = ResponseData(
        # KeyHash is SHA-1 by definition
        responder_key_hash=hashlib.sha1(_public_key_bits(responder), usedforsecurity=False).digest(),
        produced=moment,
        responses=[single],
    )
    delegated = responder != issuer
    basic = BasicResponse(
        data=data,
        signature_algorithm=AlgorithmIdentifier(algorithm=ID_ECDSA_WITH_SHA256),
        signature=asn1.BitString(sign(encode(data)), 0),
        certificates=[raw(responder.public_bytes(serialization.Encoding.DER))] if delegated else None,
    )
    content = ResponseBytes(type=ID_PKIX_OCSP_BASIC, response=encode(basic))
    return encode(OcspResponse(status=raw(_SUCCESSFUL), content=content))


def _next_whole_second(moment: datetime) -> datetime:
    """Round up, so that a response is never older than a timestamp with a fraction of a second."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    return whole + timedelta(seconds=1) if moment.microsecond else whole


def _public_key_bits(certificate: x509.Certificate) -> bytes:
    """Give the value of the BIT STRING subjectPublicKey, which RFC 6960 section 4.1.1 hashes: the curve's point."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
