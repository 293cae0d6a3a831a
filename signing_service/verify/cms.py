"""Step 3, profile ``agreement``: signature containers and timestamp tokens, to the last bit (docs/formats.md 5).

Canonical DER alone is accepted, exact versions, algorithms and attributes; every embedded certificate must be
needed, and the root is never embedded. What is left unsigned in a container (its frame, algorithm identifiers,
certificates) is therefore fixed or checked.

    container = read_signature(der)                         # raises FormatError
    check_signed_attributes(container, digest, certificate, approval)
    token = read_token(container.unsigned_attributes[TIMESTAMP_TOKEN][0])

Clauses: RFC 5652 5, EN 319 142-1 5.3 and 6.2, RFC 5035 3-5, RFC 3161 2.4.2, RFC 5816.
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat import asn1

from signing_service.errors import FormatError
from signing_service.verify.algorithms import ECDSA_SHA256, SHA256
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    TIMESTAMP_TOKEN,
    TST_INFO,
    Container,
    SignerId,
)
from signing_service.verify.der import (
    Algorithm,
    Attribute,
    AttributeSet,
    ContentInfo,
    EssCertIdV2,
    IssuerSerial,
    SignedData,
    SigningCertificateV2,
    decode,
    encoded,
    read_algorithm,
    wrap,
)
from signing_service.verify.verdict import SubIndication, failure

APPROVAL = "2.25.118362114167349168736368981850527050349"
_PLAIN_SHA256 = Algorithm(SHA256, None)
_PLAIN_ECDSA_SHA256 = Algorithm(ECDSA_SHA256, None)
_SIGNED_VERSION = 1  # RFC 5652 5.1: id-data, certificates of the standard kind, issuerAndSerialNumber
_TOKEN_VERSION = 3  # RFC 5652 5.1: content other than id-data


def read_signature(der: bytes) -> Container:
    """Read the container of a seal, signature or countersignature; raises FormatError on any departure."""
    signed_data, container = _read(der, "signature container")
    if signed_data.version != _SIGNED_VERSION or container.content_type != DATA or container.content is not None:
        raise FormatError("signature container is not version 1 over detached id-data")
    if container.digest_algorithm != _PLAIN_SHA256 or container.signature_algorithm != _PLAIN_ECDSA_SHA256:
        raise FormatError("signature container uses algorithms other than SHA-256 and ECDSA, without parameters")
    if set(container.unsigned_attributes) != {TIMESTAMP_TOKEN}:
        raise FormatError("signature container has unsigned attributes other than exactly one timestamp")
    return container


def read_token(der: bytes) -> Container:
    """Read a timestamp token (RFC 3161 2.4.2); raises FormatError on any departure."""
    signed_data, container = _read(der, "timestamp token")
    if signed_data.version != _TOKEN_VERSION or container.content_type != TST_INFO or container.content is None:
        raise FormatError("timestamp token is not version 3 over a TSTInfo")
    if container.unsigned_attributes:
        raise FormatError("timestamp token has unsigned attributes")
    return container


def _read(der: bytes, what: str) -> tuple[SignedData, Container]:
    info = decode(ContentInfo, der, what)
    signed_data = info.content
    signers = signed_data.signers.as_list()
    if info.type.dotted_string != SIGNED_DATA or len(signers) != 1 or signers[0].version != 1:
        raise FormatError(f"{what} is not SignedData with one signer of version 1")
    signer = signers[0]
    digest_algorithm = read_algorithm(encoded(signer.digest_algorithm))
    if [encoded(item) for item in signed_data.digest_algorithms.as_list()] != [encoded(signer.digest_algorithm)]:
        raise FormatError(f"{what} announces other digest algorithms than its signer's")
    unsigned = signer.unsigned_attributes.as_list() if signer.unsigned_attributes is not None else []
    if signer.unsigned_attributes is not None and not unsigned:
        raise FormatError(f"{what} has an empty set of unsigned attributes")
    return signed_data, Container(
        content_type=signed_data.content.type.dotted_string,
        content=signed_data.content.content,
        certificates=tuple(Certificate.of(parsed) for parsed in signed_data.certificates.as_list()),
        signer=SignerId(encoded(signer.sid.issuer), signer.sid.serial),
        digest_algorithm=digest_algorithm,
        signed_attributes=_attributes(signer.signed_attributes.as_list(), what),
        signed_bytes=_as_set(signer.signed_attributes),
        signature_algorithm=read_algorithm(encoded(signer.signature_algorithm)),
        signature=signer.signature,
        unsigned_attributes=_attributes(unsigned, what),
    )


def _attributes(attributes: list[Attribute], what: str) -> dict[str, tuple[bytes, ...]]:
    """Each attribute once, with exactly one value (RFC 5652 11, RFC 5035 3)."""
    result: dict[str, tuple[bytes, ...]] = {}
    for attribute in attributes:
        values = attribute.values.as_list()
        oid = attribute.type.dotted_string
        if oid in result or len(values) != 1:
            raise FormatError(f"{what} has the attribute {oid} twice, or not with one value")
        result[oid] = (encoded(values[0]),)
    return result


def _as_set(attributes: asn1.SetOf[Attribute]) -> bytes:
    wrapped = asn1.encode_der(AttributeSet(attributes=attributes))
    header = 2 if wrapped[1] < 0x80 else 2 + (wrapped[1] & 0x7F)
    return wrapped[header:]


def check_signed_attributes(container: Container, digest: bytes, certificate: Certificate, approved: bool) -> None:
    """Raise CheckError unless the signed attributes are exactly those of docs/formats.md 5, with these values.

    ``approved``: whether the approval must be among them (its value is step 6).
    """
    wanted = {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2} | ({APPROVAL} if approved else set())
    if set(container.signed_attributes) != wanted:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "the signed attributes are not exactly those of the profile"
        )
    container.check_content(digest)
    check_ess(container, certificate)


def check_ess(container: Container, certificate: Certificate) -> None:
    """Raise CheckError unless signing-certificate-v2 names exactly this certificate (RFC 5035 4, 5)."""
    if container.one(SIGNING_CERTIFICATE_V2, "signing-certificate-v2") != signing_certificate_v2(certificate):
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-v2 does not name the signer's certificate"
        )


def signing_certificate_v2(certificate: Certificate) -> bytes:
    """The one DER value of signing-certificate-v2 for a certificate: default SHA-256, with issuerSerial."""
    directory_name = decode(asn1.TLV, wrap(0xA4, certificate.issuer), "issuer")
    return asn1.encode_der(
        SigningCertificateV2(
            certificates=[
                EssCertIdV2(
                    hash=sha256(certificate.der).digest(),
                    issuer_serial=IssuerSerial(issuer=[directory_name], serial=certificate.serial),
                )
            ]
        )
    )


def check_embedded_chain(container: Container, certificate: Certificate) -> tuple[Certificate, ...]:
    """Give the embedded chain from ``certificate`` upwards; each embedded certificate must be a link of it.

    Raises CheckError where one is not needed, is self-signed (the root is never embedded), or where a link's
    signature does not verify by the next one's key.
    """
    chain, rest = [certificate], [item for item in container.certificates if item != certificate]
    while rest:
        child = chain[-1]
        parents = [item for item in rest if item.subject == child.issuer and not item.is_self_issued]
        if len(parents) != 1:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE, "a certificate is embedded that is not a link of the chain"
            )
        child.check_issued_by(parents[0])
        chain.append(parents[0])
        rest.remove(parents[0])
    if len(container.certificates) != len(chain):
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "a certificate is embedded twice")
    return tuple(chain)
