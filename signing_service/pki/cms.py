"""CMS of the signing side (docs/formats.md 5): what a browser signs, and the container that carries it.

attributes = signed_attributes(digest, certificate, approval_der)        # DER SET OF: these bytes are signed
signature = raw_signature_to_der(r_and_s)                                # what WebCrypto gives
container = assemble(attributes, signature, [certificate, issuing_ca], token.der)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing_service.errors import FormatError
from signing_service.pki.der import encode, raw
from signing_service.pki.structures import (
    AlgorithmIdentifier,
    Attribute,
    ContentInfo,
    DirectoryNames,
    EncapsulatedContentInfo,
    EssCertIdV2,
    IssuerAndSerialNumber,
    IssuerSerial,
    SignedData,
    SignerInfo,
    SigningCertificateV2,
    attributes_in_place,
)

ID_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.1")  # RFC 5652 section 4
ID_SIGNED_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.2")  # RFC 5652 section 5.1
ID_CONTENT_TYPE = x509.ObjectIdentifier("1.2.840.113549.1.9.3")  # RFC 5652 section 11.1
ID_MESSAGE_DIGEST = x509.ObjectIdentifier("1.2.840.113549.1.9.4")  # RFC 5652 section 11.2
ID_SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")  # RFC 5035 section 3
ID_SIGNATURE_TIME_STAMP = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.14")  # RFC 3161 appendix A
ID_APPROVAL = x509.ObjectIdentifier("2.25.118362114167349168736368981850527050349")  # docs/formats.md 3
ID_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")  # RFC 5754 section 2.2: parameters absent
ID_ECDSA_WITH_SHA256 = x509.ObjectIdentifier("1.2.840.10045.4.3.2")  # RFC 5754 section 3.3: parameters absent

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RAW_SIGNATURE_BYTES = 64  # r ‖ s, each 32 bytes big-endian (IEEE P1363, WebCrypto)

SHA256 = raw(encode(AlgorithmIdentifier(algorithm=ID_SHA256)))
ECDSA_WITH_SHA256 = raw(encode(AlgorithmIdentifier(algorithm=ID_ECDSA_WITH_SHA256)))


def signed_attributes(digest: bytes, certificate: x509.Certificate, approval: bytes | None) -> bytes:
    """Give the DER SET OF that a signer signs: content type, digest, signing certificate, and its approval.

    ``digest`` is SHA-256 of the ByteRange; ``approval`` the DER of docs/formats.md 3, None only for the seal.
    """
    return attribute_set(ID_DATA, digest, certificate, approval)


def attribute_set(
    content_type: x509.ObjectIdentifier, digest: bytes, certificate: x509.Certificate, approval: bytes | None = None
) -> bytes:
    """Give signed attributes for content of any type; see :func:`signed_attributes`."""
    attributes = [
        _attribute(ID_CONTENT_TYPE, encode(content_type)),
        _attribute(ID_MESSAGE_DIGEST, encode(digest)),
        _attribute(ID_SIGNING_CERTIFICATE_V2, _signing_certificate(certificate)),
    ]
    if approval is not None:
        attributes.append(_attribute(ID_APPROVAL, approval))
    return encode(asn1.SetOf(attributes))


def _attribute(kind: x509.ObjectIdentifier, value: bytes) -> Attribute:
    return Attribute(type=kind, values=asn1.SetOf([raw(value)]))


def _signing_certificate(certificate: x509.Certificate) -> bytes:
    identifier = EssCertIdV2(
        hash_algorithm=None,
        cert_hash=hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest(),
        issuer_serial=IssuerSerial(
            issuer=DirectoryNames(name=[raw(certificate.issuer.public_bytes())]),
            serial_number=certificate.serial_number,
        ),
    )
    return encode(SigningCertificateV2(certs=[identifier]))


def raw_signature_to_der(signature: bytes) -> bytes:
    """Convert ``r ‖ s`` (64 bytes) to DER ``ECDSA-Sig-Value`` (RFC 3279 section 2.2.3).

    Raises FormatError unless both numbers lie between 1 and the group's order - 1.
    """
    if len(signature) != RAW_SIGNATURE_BYTES:
        raise FormatError(f"signature has {len(signature)} bytes where r and s of P-256 have {RAW_SIGNATURE_BYTES}")
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise FormatError("signature's numbers do not lie within the order of P-256")
    return encode_dss_signature(r, s)


def assemble(
    attributes: bytes, signature: bytes, certificates: Sequence[x509.Certificate], timestamp_token: bytes | None = None
) -> bytes:
    """Put the finished SignedData together: detached, one signer, certificates in DER SET order.

    ``certificates`` begins with the signer's; the root must not be among them. ``timestamp_token`` is the DER of
    an RFC 3161 token over SHA-256 of ``signature``. Nothing is verified here.
    """
    unsigned = None if timestamp_token is None else [_attribute(ID_SIGNATURE_TIME_STAMP, timestamp_token)]
    content = EncapsulatedContentInfo(content_type=ID_DATA, content=None)
    return build_signed_data(content, attributes, signature, certificates[0], certificates, unsigned)


def build_signed_data(
    content: EncapsulatedContentInfo,
    attributes: bytes,
    signature: bytes,
    signer: x509.Certificate,
    certificates: Sequence[x509.Certificate],
    unsigned: Sequence[Attribute] | None = None,
) -> bytes:
    """Put a SignedData together whose ``signer`` made ``signature`` with ECDSA and SHA-256.

    The version follows from the content: 1 for id-data, otherwise 3 (RFC 5652 section 5.1).
    """
    info = SignerInfo(
        version=1,
        sid=IssuerAndSerialNumber(issuer=raw(signer.issuer.public_bytes()), serial_number=signer.serial_number),
        digest_algorithm=SHA256,
        signed_attributes=attributes_in_place(attributes),
        signature_algorithm=ECDSA_WITH_SHA256,
        signature=signature,
        unsigned_attributes=None if unsigned is None else sorted(unsigned, key=encode),
    )
    data = SignedData(
        version=1 if content.content_type == ID_DATA else 3,
        digest_algorithms=asn1.SetOf([SHA256]),
        content=content,
        certificates=set_of_certificates(certificates),
        revocation_lists=None,
        signer_infos=asn1.SetOf([info]),
    )
    return encode(ContentInfo(content_type=ID_SIGNED_DATA, content=data))


def set_of_certificates(certificates: Sequence[x509.Certificate]) -> list[asn1.TLV] | None:
    """Give the certificates as SignedData's member, in DER SET order; None where there are none."""
    if not certificates:
        return None
    return [raw(der) for der in sorted(one.public_bytes(serialization.Encoding.DER) for one in certificates)]
