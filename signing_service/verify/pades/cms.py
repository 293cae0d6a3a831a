"""Step 3, profile ``pades``: containers in BER or DER, with whatever a signer elsewhere may have put in.

    container = read_container(padded)
    container.check_content(digest); container.check_signature(key, digest)

One signer, no attribute twice, one value where one is meant. Everything else that RFC 5652 allows is read.

Clauses: RFC 5652 5; RFC 5126 (CAdES); ISO 32000-2 12.8.3.3 (CMS in PDF), 12.8.3.2 (PKCS#1 signatures).
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from signing_service.errors import FormatError
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import SIGNED_DATA, Container, SignerId
from signing_service.verify.der import Algorithm, decode, wrap, x509_oid
from signing_service.verify.limits import MAX_CERTIFICATES
from signing_service.verify.pades.ber import Element, read_element
from signing_service.verify.verdict import SubIndication, failure

REVOCATION_ARCHIVAL = "1.2.840.113583.1.1.8"  # adbe-revocationInfoArchival, ISO 32000-2 12.8.3.3.2
_DIGEST_OF_RSA_WITH = {  # some signers name the digest algorithm by RSA with it
    "1.2.840.113549.1.1.5": "1.3.14.3.2.26",  # SHA-1
    "1.2.840.113549.1.1.11": "2.16.840.1.101.3.4.2.1",  # SHA-256
    "1.2.840.113549.1.1.12": "2.16.840.1.101.3.4.2.2",  # SHA-384
    "1.2.840.113549.1.1.13": "2.16.840.1.101.3.4.2.3",  # SHA-512
}
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"  # CMSAlgorithmProtection, RFC 6211
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"  # id-ri-ocsp-response, RFC 5940
_OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
_SINGLE_VALUED = {
    "1.2.840.113549.1.9.3",  # content-type, RFC 5652 11.1
    "1.2.840.113549.1.9.4",  # message-digest, 11.2
    "1.2.840.113549.1.9.5",  # signing-time, 11.3
    "1.2.840.113549.1.9.52",  # algorithm protection, RFC 6211 2
    "1.2.840.113549.1.9.16.2.12",  # signing-certificate, RFC 5035 5.4
    "1.2.840.113549.1.9.16.2.47",  # signing-certificate-v2, 5.4.1
    "1.2.840.113549.1.9.16.2.15",  # signature-policy-identifier, RFC 5126 5.8.1
    "1.2.840.113549.1.9.16.2.16",  # commitment-type-indication, 5.11.1
    "1.2.840.113549.1.9.16.2.17",  # signer-location, 5.11.2
    "1.2.840.113549.1.9.16.2.18",  # signer-attributes, 5.11.3
    "0.4.0.19122.1.1",  # signer-attributes-v2, EN 319 122-1 5.2.6.1
}
_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID = 0x30, 0x31, 0x02, 0x04, 0x06


def read_container(padded: bytes) -> Container:
    """Read SignedData with one signer; raises FormatError on anything else."""
    info = _expect(read_element(padded, padded=True), _SEQUENCE)
    if _oid(info.child(0)) != SIGNED_DATA:
        raise FormatError("/Contents is not CMS SignedData")
    signed_data = _expect(_expect(info.child(1), 0xA0).child(0), _SEQUENCE)
    parts = list(signed_data.children)
    if len(parts) < 4:
        raise FormatError("SignedData is incomplete")
    _expect(parts[0], _INTEGER)
    digests = _expect(parts[1], _SET)
    content = _expect(parts[2], _SEQUENCE)
    rest = {part.tag: part for part in parts[3:]}
    if len(rest) != len(parts) - 3 or rest.keys() - {0xA0, 0xA1, _SET} or _SET not in rest:
        raise FormatError("SignedData has elements that it cannot have")
    signer = _expect(_only(rest[_SET]), _SEQUENCE)
    crls, ocsps = _revocation(rest.get(0xA1))
    return _with_signer(
        signer,
        content_type=_oid(content.child(0)),
        content=_content(content),
        certificates=_certificates(rest.get(0xA0)),
        announced={_algorithm(item).oid for item in digests.children},
        crls=crls,
        ocsps=ocsps,
    )


def _with_signer(
    signer: Element,
    *,
    content_type: str,
    content: bytes | None,
    certificates: tuple[Certificate, ...],
    announced: set[str],
    crls: list[bytes],
    ocsps: list[bytes],
) -> Container:
    parts = list(signer.children)
    signed = parts.pop(3) if len(parts) > 3 and parts[3].tag == 0xA0 else None
    if len(parts) not in (5, 6) or (len(parts) == 6 and parts[5].tag != 0xA1):
        raise FormatError("SignerInfo has elements that it cannot have")
    digest_algorithm = _algorithm(parts[2])
    if announced and digest_algorithm.oid not in announced:  # an empty set is allowed (RFC 5652 5.1)
        raise FormatError("SignedData does not announce its signer's digest algorithm")
    attributes = _attributes(signed, single=True)
    archived_crls, archived_ocsps = _archived(attributes.get(REVOCATION_ARCHIVAL, ()))
    return Container(
        content_type=content_type,
        content=content,
        certificates=certificates,
        signer=_signer_id(parts[1]),
        digest_algorithm=_digest_meant(digest_algorithm),
        signed_attributes=attributes,
        signed_bytes=None if signed is None else b"\x31" + signed.der[1:],
        signature_algorithm=_algorithm(parts[3]),
        signature=_expect_octets(parts[4]),
        unsigned_attributes=_attributes(parts[5] if len(parts) == 6 else None, single=False),
        crls=(*crls, *archived_crls),
        ocsp_responses=(*ocsps, *archived_ocsps),
    )


def _expect(element: Element, tag: int) -> Element:
    if element.tag != tag:
        raise FormatError("an element of a signature container is not what it must be")
    return element


def _expect_octets(element: Element) -> bytes:
    if element.tag not in (_OCTETS, _OCTETS | 0x20):
        raise FormatError("an element of a signature container is not an octet string")
    return element.octets


def _only(element: Element) -> Element:
    if len(element.children) != 1:
        raise FormatError(f"SignedData has {len(element.children)} signers, not one")
    return element.children[0]


def _oid(element: Element) -> str:
    return decode(x509.ObjectIdentifier, _expect(element, _OID).der, "object identifier").dotted_string


def _algorithm(element: Element) -> Algorithm:
    _expect(element, _SEQUENCE)
    if len(element.children) not in (1, 2):
        raise FormatError("an algorithm identifier has not one or two elements")
    parameters = element.children[1].der if len(element.children) == 2 else None
    return Algorithm(_oid(element.child(0)), parameters)


def _digest_meant(algorithm: Algorithm) -> Algorithm:
    meant = _DIGEST_OF_RSA_WITH.get(algorithm.oid)
    return Algorithm(meant, None) if meant else algorithm


def _content(element: Element) -> bytes | None:
    if len(element.children) < 2:
        return None
    return _expect_octets(_expect(element.child(1), 0xA0).child(0))


def _signer_id(element: Element) -> SignerId:
    if element.tag in (0x80, 0xA0):
        return SignerId(None, None, element.octets)
    _expect(element, _SEQUENCE)
    return SignerId(element.child(0).der, decode(int, _expect(element.child(1), _INTEGER).der, "serial number"))


def _certificates(element: Element | None) -> tuple[Certificate, ...]:
    """Certificates that can be read; other formats (attribute certificates) are passed over."""
    if element is None:
        return ()
    if len(element.children) > MAX_CERTIFICATES:
        raise FormatError("a signature container has too many certificates")
    return tuple(load_certificates(child.der for child in element.children if child.tag == _SEQUENCE))


def load_certificates(ders: Iterable[bytes]) -> list[Certificate]:
    """Load what can be read, each once; what cannot serves no path."""
    found: list[Certificate] = []
    for der in ders:
        try:
            found.append(Certificate.load(der))
        except FormatError:
            continue
    return list(dict.fromkeys(found))


def _attributes(element: Element | None, *, single: bool) -> dict[str, tuple[bytes, ...]]:
    """Attributes by OID; none may stand twice among the signed ones (RFC 5652 5.3, 11)."""
    attributes: dict[str, tuple[bytes, ...]] = {}
    for item in element.children if element is not None else ():
        _expect(item, _SEQUENCE)
        oid = _oid(item.child(0))
        values = tuple(value.der for value in _expect(item.child(1), _SET).children)
        if oid in attributes and single:
            raise FormatError(f"the signed attribute {oid} stands twice")
        if single and oid in _SINGLE_VALUED and len(values) != 1:
            raise FormatError(f"the signed attribute {oid} has not one value")
        attributes[oid] = attributes.get(oid, ()) + values
    return attributes


def check_algorithms(container: Container) -> None:
    """Where the signer protected the algorithm identifiers, they are the ones beside the signature (RFC 6211)."""
    for value in container.signed_attributes.get(ALGORITHM_PROTECTION, ()):
        parts = read_element(value).children
        tags = [part.tag for part in parts]
        if tags[:1] != [_SEQUENCE] or tags[1:] != [0xA1]:
            raise FormatError("the attribute that protects the algorithms is broken")
        digest = _digest_meant(Algorithm(_oid(parts[0].child(0)), None)).oid
        if digest != container.digest_algorithm.oid or _oid(parts[1].child(0)) != container.signature_algorithm.oid:
            raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the algorithms are others than the signer protected")


def _revocation(element: Element | None) -> tuple[list[bytes], list[bytes]]:
    """RevocationInfoChoices: CRLs, and OCSP responses as RFC 5940 carries them."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for item in element.children if element is not None else ():
        if item.tag == _SEQUENCE:
            crls.append(item.der)
        elif item.tag == 0xA1 and len(item.children) == 2 and _oid(item.children[0]) == _OCSP_RESPONSE:
            ocsps.append(item.children[1].der)
    return crls, ocsps


def _archived(values: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """RevocationInfoArchival: ``[0]`` CRLs, ``[1]`` OCSP responses."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for value in values:
        for part in read_element(value).children:
            for item in part.child(0).children if part.children else ():
                (crls if part.tag == 0xA0 else ocsps).append(item.der)
    return crls, ocsps


def wrap_basic_response(der: bytes) -> bytes:
    """Put a bare BasicOCSPResponse, as some containers carry it, into an OCSPResponse (RFC 6960 4.2.1)."""
    inner = wrap(0x30, x509_oid(_OCSP_BASIC) + wrap(0x04, der))
    return wrap(0x30, b"\x0a\x01\x00" + wrap(0xA0, inner))
