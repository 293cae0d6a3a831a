"""The ASN.1 types of RFC 5280, 5652, 5035 and 3161 that this service writes and reads, declared once.

Field names follow the RFCs in snake case. ``asn1.TLV`` stands where a value is carried through unread.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.errors import FormatError
from signing_service.pki.der import decode, encode, raw


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5280 section 4.1.1.2; parameters absent."""

    algorithm: x509.ObjectIdentifier


@asn1.sequence
class AlgorithmWithNull:
    """RFC 5280 section 4.1.1.2 with NULL parameters, as RFC 5754 section 2 asks readers to accept for digests."""

    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null = field(default_factory=asn1.Null)


@asn1.sequence
class Attribute:
    """RFC 5652 section 5.3."""

    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652 section 10.2.4."""

    issuer: asn1.TLV
    serial_number: int


@asn1.sequence
class SignerInfo:
    """RFC 5652 section 5.3, by issuer and serial number; the signed attributes stand as they were signed.

    They are a SET OF whose tag is replaced by ``[0]`` here, see :func:`attributes_in_place`.
    """

    version: int
    sid: IssuerAndSerialNumber
    digest_algorithm: asn1.TLV
    signed_attributes: asn1.TLV
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[list[Attribute] | None, asn1.Implicit(1)]


SET_TAG = b"\x31"
ATTRIBUTES_TAG = b"\xa0"  # ``[0] IMPLICIT`` in SignerInfo


def attributes_in_place(attributes: bytes) -> asn1.TLV:
    """Give a DER SET OF Attribute as it stands in SignerInfo: with another tag (RFC 5652 section 5.4)."""
    return raw(ATTRIBUTES_TAG + attributes[1:])


def signed_bytes(attributes: asn1.TLV) -> bytes:
    """Give what was signed from what stands in SignerInfo; raises FormatError if that is something else."""
    der = encode(attributes)
    if der[:1] != ATTRIBUTES_TAG:
        raise FormatError("signed attributes are missing")
    return SET_TAG + der[1:]


@asn1.sequence
class _Member:
    value: asn1.TLV


@asn1.sequence
class _Attributes:
    value: asn1.SetOf[Attribute]


def parse_attributes(attributes: bytes) -> dict[x509.ObjectIdentifier, bytes]:
    """Read a DER SET OF Attribute into the single value (DER) of each; raises FormatError on repetitions."""
    found: dict[x509.ObjectIdentifier, bytes] = {}
    holder = encode(_Member(value=raw(attributes)))
    for attribute in decode(_Attributes, holder, "set of attributes").value.as_list():
        values = attribute.values.as_list()
        if attribute.type in found or len(values) != 1:
            raise FormatError(f"attribute {attribute.type.dotted_string} has not exactly one value")
        found[attribute.type] = encode(values[0])
    return found


@asn1.sequence
class EncapsulatedContentInfo:
    """RFC 5652 section 5.2."""

    content_type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class SignedData:
    """RFC 5652 section 5.1.

    Certificates, revocation lists and unsigned attributes are SETs OF in BER, whose order is free, until we write them.
    """

    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    content: EncapsulatedContentInfo
    certificates: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    revocation_lists: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signer_infos: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    """RFC 5652 section 3, holding SignedData."""

    content_type: x509.ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class DirectoryNames:
    """GeneralNames (RFC 5280 section 4.2.1.6) that are one ``directoryName [4]``, whose tag wraps the Name."""

    name: Annotated[list[asn1.TLV], asn1.Implicit(4)]


@asn1.sequence
class IssuerSerial:
    """RFC 5035 section 5.1.1."""

    issuer: DirectoryNames
    serial_number: int


@asn1.sequence
class EssCertIdV2:
    """RFC 5035 section 4: the hash algorithm is absent where it is the default, SHA-256."""

    hash_algorithm: AlgorithmIdentifier | None
    cert_hash: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class SigningCertificateV2:
    """RFC 5035 section 3; the policies are not used here."""

    certs: list[EssCertIdV2]


@asn1.sequence
class EssCertId:
    """RFC 2634 section 5.4.1: the older form with SHA-1 that some timestamp authorities still send alone."""

    cert_hash: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class SigningCertificate:
    """RFC 2634 section 5.4."""

    certs: list[EssCertId]


@asn1.sequence
class MessageImprint:
    """RFC 3161 section 2.4.1."""

    hash_algorithm: asn1.TLV
    hashed_message: bytes


@asn1.sequence
class TimeStampRequest:
    """RFC 3161 section 2.4.1."""

    version: int
    message_imprint: MessageImprint
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    certificates_wanted: Annotated[bool, asn1.Default(False)]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]


@asn1.sequence
class Accuracy:
    """RFC 3161 section 2.4.2."""

    seconds: int | None
    milliseconds: Annotated[int | None, asn1.Implicit(0)]
    microseconds: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class TimeStampInfo:
    """TSTInfo of RFC 3161 section 2.4.2; ``authority`` holds the one GeneralName that its explicit tag wraps."""

    version: int
    policy: x509.ObjectIdentifier
    message_imprint: MessageImprint
    serial_number: int
    generated: asn1.GeneralizedTime
    accuracy: Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]
    nonce: int | None
    authority: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class StatusInfo:
    """PKIStatusInfo of RFC 3161 section 2.4.2."""

    status: int
    text: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class Refusal:
    """A TimeStampResp of RFC 3161 section 2.4.2 without a token."""

    status: StatusInfo


@asn1.sequence
class Grant:
    """A TimeStampResp of RFC 3161 section 2.4.2 with its token."""

    status: StatusInfo
    token: asn1.TLV
