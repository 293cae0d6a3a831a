"""The ASN.1 types of OCSP responses, RFC 6960 section 4.2.1, as far as this service writes them."""

from __future__ import annotations

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.pki.structures import AlgorithmIdentifier


@asn1.sequence
class CertificateId:
    """CertID of RFC 6960 section 4.1.1."""

    hash_algorithm: asn1.TLV
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int


@asn1.sequence
class GoodResponse:
    """SingleResponse of RFC 6960 section 4.2.1 whose status is ``good [0] IMPLICIT NULL``."""

    certificate: CertificateId
    status: Annotated[asn1.Null, asn1.Implicit(0)]
    this_update: asn1.GeneralizedTime
    next_update: Annotated[asn1.GeneralizedTime | None, asn1.Explicit(0)]


@asn1.sequence
class ResponseData:
    """RFC 6960 section 4.2.1; the responder is named by its key's hash, the version is the default."""

    responder_key_hash: Annotated[bytes, asn1.Explicit(2)]
    produced: asn1.GeneralizedTime
    responses: list[GoodResponse]


@asn1.sequence
class BasicResponse:
    """BasicOCSPResponse of RFC 6960 section 4.2.1."""

    data: ResponseData
    signature_algorithm: AlgorithmIdentifier
    signature: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@asn1.sequence
class ResponseBytes:
    """RFC 6960 section 4.2.1."""

    type: x509.ObjectIdentifier
    response: bytes


@asn1.sequence
class OcspResponse:
    """OCSPResponse of RFC 6960 section 4.2.1; the status is an ENUMERATED, written as it stands."""

    status: asn1.TLV
    content: Annotated[ResponseBytes, asn1.Explicit(0)]
