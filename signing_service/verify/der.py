"""The DER types that the verifier reads, declared once; the schemas of RFC 5652, 5035, 3161 and 8017.

Every decoder here insists on the canonical bytes: what is decoded and encoded again must be equal. Types follow
the RFCs' modules; ``asn1.TLV`` stands where a step of its own reads on.

    >>> read_algorithm(bytes.fromhex("300b0609608648016503040201"))
    Algorithm(oid='2.16.840.1.101.3.4.2.1', parameters=None)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_CMS_BYTES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: dotted OID, and its parameters' DER or None where they are absent."""

    oid: str
    parameters: bytes | None


@dataclass(frozen=True, slots=True)
class PssParameters:
    """RSASSA-PSS-params (RFC 8017 A.2.3), defaults filled in."""

    hash: Algorithm
    mask_hash: Algorithm
    salt_length: int


@asn1.sequence
class SequenceOf:
    """Holds one SEQUENCE whose elements stay unread."""

    items: list[asn1.TLV]


@asn1.sequence
class Attribute:
    """RFC 5652 5.3."""

    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652 10.2.4."""

    issuer: asn1.TLV
    serial: int


@asn1.sequence
class SignerInfo:
    """RFC 5652 5.3; a signer named by subject key identifier is not for profile ``agreement``."""

    version: int
    sid: IssuerAndSerialNumber
    digest_algorithm: asn1.TLV
    signed_attributes: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class EncapsulatedContent:
    """RFC 5652 5.2."""

    type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class SignedData:
    """RFC 5652 5.1; other certificate formats and revocation lists are not for profile ``agreement``."""

    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    content: EncapsulatedContent
    certificates: Annotated[asn1.SetOf[x509.Certificate], asn1.Implicit(0)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    """RFC 5652 3."""

    type: x509.ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class AttributeSet:
    """Signed attributes as they are hashed: under the tag SET OF (RFC 5652 5.4)."""

    attributes: asn1.SetOf[Attribute]


@asn1.sequence
class IssuerSerial:
    """RFC 5035 5.1.1 (GeneralNames with one directoryName)."""

    issuer: list[asn1.TLV]
    serial: int


@asn1.sequence
class EssCertIdV2:
    """RFC 5035 4, the hash algorithm being the default SHA-256."""

    hash: bytes
    issuer_serial: IssuerSerial


@asn1.sequence
class SigningCertificateV2:
    """RFC 5035 3, without policies."""

    certificates: list[EssCertIdV2]


def decode(schema: type[T], data: bytes, what: str) -> T:
    """Decode canonical DER; raises FormatError (``what`` names it) on anything else, LimitError if it is huge."""
    if len(data) > MAX_CMS_BYTES:
        raise LimitError(f"{what} is larger than {MAX_CMS_BYTES} bytes")
    try:
        value = asn1.decode_der(schema, data)
        canonical = asn1.encode_der(value) == data
    except (ValueError, TypeError, OverflowError, x509.InvalidVersion) as error:
        raise FormatError(f"{what} is not the DER that it must be") from error
    if not canonical:
        raise FormatError(f"{what} is not canonical DER")
    return value


def items(data: bytes, what: str) -> list[asn1.TLV]:
    """The elements of a SEQUENCE; raises FormatError."""
    return decode(SequenceOf, wrap(0x30, data), what).items


def wrap(tag: int, content: bytes) -> bytes:
    """Put a DER header around ``content``."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def encoded(value: asn1.TLV) -> bytes:
    """An element's whole DER, header and all."""
    return asn1.encode_der(value)


def x509_oid(dotted: str) -> bytes:
    """The DER of an OBJECT IDENTIFIER; raises FormatError."""
    try:
        return asn1.encode_der(x509.ObjectIdentifier(dotted))
    except ValueError as error:
        raise FormatError(f"{dotted} is no object identifier") from error


_USUAL = {  # the identifiers of every signature of the service, as they are encoded
    bytes.fromhex("300b0609608648016503040201"): Algorithm("2.16.840.1.101.3.4.2.1", None),  # SHA-256
    bytes.fromhex("300d06096086480165030402010500"): Algorithm("2.16.840.1.101.3.4.2.1", b"\x05\x00"),
    bytes.fromhex("300a06082a8648ce3d040302"): Algorithm("1.2.840.10045.4.3.2", None),  # ECDSA with SHA-256
}


def read_algorithm(data: bytes) -> Algorithm:
    """Read an AlgorithmIdentifier (RFC 5280 4.1.1.2); raises FormatError."""
    if data in _USUAL:
        return _USUAL[data]
    parts = items(data, "algorithm identifier")
    if not 1 <= len(parts) <= 2:
        raise FormatError("algorithm identifier has not one or two elements")
    oid = decode(x509.ObjectIdentifier, encoded(parts[0]), "algorithm identifier")
    return Algorithm(oid.dotted_string, encoded(parts[1]) if len(parts) == 2 else None)


def read_pss_parameters(data: bytes | None) -> PssParameters:
    """Read RSASSA-PSS-params (RFC 8017 A.2.3); raises FormatError where they are absent or not understood."""
    sha1 = Algorithm("1.3.14.3.2.26", None)
    values = {b"\xa0": sha1, b"\xa1": sha1}
    salt_length = 20
    for part in items(data or b"", "RSA-PSS parameters"):
        inner = bytes(part.data)
        if part.tag_bytes == b"\xa0":
            values[b"\xa0"] = read_algorithm(inner)
        elif part.tag_bytes == b"\xa1":
            mask = read_algorithm(inner)
            if mask.oid != "1.2.840.113549.1.1.8" or mask.parameters is None:
                raise FormatError("RSA-PSS mask generation is not MGF1")
            values[b"\xa1"] = read_algorithm(mask.parameters)
        elif part.tag_bytes == b"\xa2":
            salt_length = decode(int, inner, "RSA-PSS salt length")
        elif part.tag_bytes != b"\xa3" or inner != b"\x02\x01\x01":
            raise FormatError("RSA-PSS parameters are not understood")
    return PssParameters(values[b"\xa0"], values[b"\xa1"], salt_length)
