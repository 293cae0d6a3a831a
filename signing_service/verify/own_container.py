"""Step 3 for a signature with somebody's own certificate: PAdES-conforming CMS in DER, nothing unused (formats.md 5).

    container = read_own_signature(der)                         # raises NonconformingSignatureError
    certificate = check_own_signature(container, digest)        # intact, and conforming; nothing about trust

1. SignedData in DER with one signer, who is named by issuer and serial number; version 1 (5 with OCSP
   responses inside);
2. signed attributes: content-type, message-digest and signing-certificate-v2; others of EN 319 142-1 table 1 may stand
   beside them; no signing-time (the claimed time is ``/M``);
3. unsigned attributes: signature timestamps at most;
4. every embedded certificate is a link of the signer's chain; an embedded root is what its own key signed;
5. the signature verifies, by algorithms of :mod:`.algorithms`.
"""

from __future__ import annotations

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.errors import FormatError, NonconformingSignatureError, SigningServiceError
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    TIMESTAMP_TOKEN,
    Container,
)
from signing_service.verify.der import EncapsulatedContent, SignerInfo, decode, encoded
from signing_service.verify.ess import check_signing_certificate
from signing_service.verify.limits import MAX_CHAIN_LENGTH
from signing_service.verify.pades.cms import REVOCATION_ARCHIVAL, read_container
from signing_service.verify.path import Purpose, check_purpose

_REQUIRED = (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2)
_ALLOWED = {
    *_REQUIRED,
    REVOCATION_ARCHIVAL,  # ISO 32000-2 12.8.3.3.2
    "1.2.840.113549.1.9.16.2.15",  # signature-policy-identifier
    "1.2.840.113549.1.9.16.2.16",  # commitment-type-indication
    "1.2.840.113549.1.9.16.2.20",  # content-time-stamp
    "0.4.0.19122.1.1",  # signer-attributes-v2
    "1.2.840.113549.1.9.52",  # CMSAlgorithmProtection (RFC 6211)
}
_NAMES = {SIGNING_TIME: "signing-time", SIGNING_CERTIFICATE: "signing-certificate (version 1)"}
_REQUIRED_NAMES = dict(zip(_REQUIRED, ("content-type", "message-digest", "signing-certificate-v2"), strict=True))
_HINT = "choose PAdES (baseline B-B or B-T) in your software"
_DER_HINT = "the container must be DER; choose PAdES (baseline B-B or B-T) in your software"
_WITH_OTHER_REVOCATION = 5  # RFC 5652 5.1: SignedData with revocation data other than CRLs


@asn1.sequence
class OwnSignedData:
    """RFC 5652 5.1 with revocation data, as others embed them."""

    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    content: EncapsulatedContent
    certificates: Annotated[asn1.SetOf[x509.Certificate], asn1.Implicit(0)]
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class OwnContentInfo:
    """RFC 5652 3."""

    type: x509.ObjectIdentifier
    content: Annotated[OwnSignedData, asn1.Explicit(0)]


def read_own_signature(der: bytes) -> Container:
    """(1) Read the container; raises NonconformingSignatureError."""
    try:
        info = decode(OwnContentInfo, der, "the signature container")
        container = read_container(der)
    except FormatError as error:
        raise NonconformingSignatureError(error.message, hint=_DER_HINT) from error
    signed_data = info.content
    signers, crls = signed_data.signers.as_list(), signed_data.crls
    others = any(encoded(item)[:1] != b"\x30" for item in crls.as_list()) if crls is not None else False
    version = _WITH_OTHER_REVOCATION if others else 1
    if info.type.dotted_string != SIGNED_DATA or signed_data.version != version or signers[0].version != 1:
        raise _refused(
            "the signature container is not SignedData of version %(version)s with a signer of version 1",
            version=version,
        )
    if [encoded(item) for item in signed_data.digest_algorithms.as_list()] != [encoded(signers[0].digest_algorithm)]:
        raise _refused("the signature container announces other digest algorithms than its signer's")
    if container.content_type != DATA or container.content is not None:
        raise _refused("the signature container is not detached over id-data")
    if any(len(values) != 1 for values in container.signed_attributes.values()):
        raise _refused("a signed attribute has not exactly one value")
    return container


def certificates_of_own(der: bytes) -> tuple[Certificate, ...]:
    """Every certificate in such a container and in its timestamps."""
    container = read_own_signature(der)
    tokens = [read_container(value) for value in container.unsigned_attributes.get(TIMESTAMP_TOKEN, ())]
    return (*container.certificates, *(one for token in tokens for one in token.certificates))


def check_own_signature(container: Container, digest: bytes) -> Certificate:
    """(2) to (5): give the signer's certificate; raises NonconformingSignatureError.

    ``digest``: of what ByteRange covers, by the container's digest algorithm.
    """
    _check_attributes(container)
    try:
        certificate = container.signer_certificate()
        check_signing_certificate(container, certificate)
        check_purpose(certificate, Purpose.SIGNING)
        _check_embedded(container, certificate)
        container.check_content(digest)
        container.check_signature(certificate.public_key, digest)
    except NonconformingSignatureError:
        raise
    except SigningServiceError as error:
        raise NonconformingSignatureError(error.message, hint=error.hint or _HINT) from error
    return certificate


def _check_attributes(container: Container) -> None:
    for oid in _REQUIRED:
        if oid not in container.signed_attributes:
            raise _refused("the signed attribute %(name)s is missing", name=_REQUIRED_NAMES[oid])
    for oid in sorted(container.signed_attributes.keys() - _ALLOWED):
        raise _refused("PAdES has no signed attribute %(name)s", name=_NAMES.get(oid, oid))
    for oid in sorted(container.unsigned_attributes.keys() - {TIMESTAMP_TOKEN}):
        raise _refused("the signature has an unsigned attribute %(oid)s, which nobody could check", oid=oid)


def _check_embedded(container: Container, certificate: Certificate) -> None:
    """Walk from the signer upwards; a self-issued certificate ends the walk and must verify by its own key."""
    last, rest = certificate, [item for item in container.certificates if item != certificate]
    if len(rest) > MAX_CHAIN_LENGTH or len(rest) != len(container.certificates) - 1:
        raise _refused("certificates are embedded twice, or too many")
    while rest:
        parents = [item for item in rest if item.subject == last.issuer]
        if len(parents) != 1 or last.is_self_issued:
            raise _refused("a certificate is embedded that is not a link of the signer's chain")
        last.check_issued_by(parents[0])
        last = parents[0]
        rest.remove(last)
    if last.is_self_issued:
        last.check_issued_by(last)


def _refused(message: str, **values: object) -> NonconformingSignatureError:
    return NonconformingSignatureError(message, hint=_HINT, **values)
