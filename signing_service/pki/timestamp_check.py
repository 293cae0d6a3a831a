"""Checking a timestamp authority's answer, whoever it is: nothing of it is taken on trust but its anchored key.

token = check_response(response, digest, nonce, anchors, now)
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing_service.encoding import format_time
from signing_service.errors import FormatError, TimestampError, VerificationError
from signing_service.pki.cms import (
    ID_CONTENT_TYPE,
    ID_MESSAGE_DIGEST,
    ID_SHA256,
    ID_SIGNED_DATA,
    ID_SIGNING_CERTIFICATE_V2,
    set_of_certificates,
)
from signing_service.pki.der import UNREADABLE, decode, encode
from signing_service.pki.path import build_path
from signing_service.pki.profiles import ID_KP_TIME_STAMPING
from signing_service.pki.structures import (
    ContentInfo,
    Grant,
    Refusal,
    SignedData,
    SignerInfo,
    SigningCertificate,
    SigningCertificateV2,
    TimeStampInfo,
    parse_attributes,
    signed_bytes,
)
from signing_service.pki.timestamps import GRANTED, ID_CT_TST_INFO, TimestampToken, common_name, digest_algorithm

MAX_RESPONSE_BYTES = 32768  # tokens with four RSA-4096 certificates have about 8,000
MAX_CLOCK_DIFFERENCE = timedelta(minutes=1)
"""Between an honest authority's clock and ours. Verifiers allow two minutes between a proven time and the event after
it, of which the record's own times may take one."""
GRANTED_WITH_MODS = 1  # RFC 3161 section 2.4.2

ID_SIGNING_CERTIFICATE = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.12")  # RFC 2634 section 5.4

T = TypeVar("T")
Sha2 = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

_HASHES: dict[str, type[Sha2]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"  # RFC 3370 section 3.2: the hash is that of digestAlgorithm
_RSA_WITH: dict[str, type[Sha2]] = {
    "1.2.840.113549.1.1.11": hashes.SHA256,
    "1.2.840.113549.1.1.12": hashes.SHA384,
    "1.2.840.113549.1.1.13": hashes.SHA512,
}
_ECDSA_WITH: dict[str, type[Sha2]] = {
    "1.2.840.10045.4.3.2": hashes.SHA256,
    "1.2.840.10045.4.3.3": hashes.SHA384,
    "1.2.840.10045.4.3.4": hashes.SHA512,
}


def check_response(
    response: bytes, digest: bytes, nonce: int, anchors: Sequence[x509.Certificate], now: datetime | None
) -> TimestampToken:
    """Check the TimeStampResp to a request for SHA-256 ``digest`` with ``nonce``; raises TimestampError.

    (1) it grants a token, (2) which is a SignedData of one signer over TSTInfo, (3) for our imprint and nonce,
    (4) with a genTime within MAX_CLOCK_DIFFERENCE of ``now``, (5) by the certificate that its signed attributes name,
    (6) whose key made the signature, (7) which may make timestamps and nothing else, and leads to an anchor at
    genTime and now. (8) The token is given back with the certificates of that path only: SignedData's certificates
    are outside the signature, and nothing that nobody checks shall ride in a document (RFC 5652 section 5.1).
    ``now`` None asks for the time itself: no clock is compared, and the path leads to an anchor at genTime.
    """
    try:
        data = _signed_data(_granted_token(response))  # (1) (2)
        info = _information(data, digest, nonce)  # (3)
        time = info.generated.as_datetime()
        if now is not None and abs(time - now) > MAX_CLOCK_DIFFERENCE:  # (4)
            raise TimestampError(
                f"its time {format_time(time)} is more than {MAX_CLOCK_DIFFERENCE.seconds} seconds off ours",
                hint="check this machine's clock",
            )
        signer = data.signer_infos.as_list()[0]
        pool = _certificates(data)
        certificate = _signer_certificate(signer, pool)
        attributes = signed_bytes(signer.signed_attributes)
        _check_attributes(attributes, data.content.content or b"", signer, certificate)  # (5)
        _check_signature(certificate, signer, attributes)  # (6)
        _check_purpose(certificate)  # (7)
        path = build_path(certificate, pool, anchors, time)
        build_path(certificate, pool, anchors, now or time)
        der = _with_certificates(data, [one for one in path if one not in anchors])  # (8)
    except (FormatError, VerificationError) as error:
        raise TimestampError(error.message) from error
    except UNREADABLE as error:
        raise TimestampError(f"it sent a certificate that cannot be read: {error}") from error
    return TimestampToken(der, time, common_name(certificate), independent=True)


def _granted_token(response: bytes) -> bytes:
    if len(response) > MAX_RESPONSE_BYTES:
        raise FormatError(f"answer is larger than {MAX_RESPONSE_BYTES} bytes")
    try:
        answer: Grant | Refusal = decode(Grant, response, "answer")
    except FormatError:
        answer = decode(Refusal, response, "answer")
    if not isinstance(answer, Grant) or answer.status.status not in (GRANTED, GRANTED_WITH_MODS):
        text = "; ".join(answer.status.text or [])[:200]
        raise TimestampError(f"it refused with status {answer.status.status}{': ' + text if text else ''}")
    return encode(answer.token)


def _signed_data(token: bytes) -> SignedData:
    outer = decode(ContentInfo, token, "token")
    data = outer.content
    if outer.content_type != ID_SIGNED_DATA or data.version != 3 or data.content.content_type != ID_CT_TST_INFO:
        raise FormatError("token is no SignedData over TSTInfo")
    signers = data.signer_infos.as_list()
    if len(signers) != 1 or signers[0].version != 1:
        raise FormatError("token has not exactly one signer of version 1")
    if [encode(one) for one in data.digest_algorithms.as_list()] != [encode(signers[0].digest_algorithm)]:
        raise FormatError("token names other digest algorithms than its signer")
    return data


def _information(data: SignedData, digest: bytes, nonce: int) -> TimeStampInfo:
    info = decode(TimeStampInfo, data.content.content or b"", "TSTInfo")
    if info.version != 1:
        raise FormatError("TSTInfo has an unknown version")
    imprint = info.message_imprint
    same = hmac.compare_digest(imprint.hashed_message, digest)
    if not same or digest_algorithm(imprint.hash_algorithm) != ID_SHA256:
        raise VerificationError("it stamped another imprint than the one that was sent")
    if info.nonce != nonce:
        raise VerificationError("it answered with another nonce: this may be an old answer")
    return info


def _certificates(data: SignedData) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(encode(member)) for member in data.certificates or []]


def _signer_certificate(signer: SignerInfo, pool: Sequence[x509.Certificate]) -> x509.Certificate:
    issuer = encode(signer.sid.issuer)
    for certificate in pool:
        if certificate.serial_number == signer.sid.serial_number and certificate.issuer.public_bytes() == issuer:
            return certificate
    raise FormatError("token does not hold its signer's certificate")


def _check_attributes(attributes: bytes, content: bytes, signer: SignerInfo, certificate: x509.Certificate) -> None:
    found = parse_attributes(attributes)
    digest = hashes.Hash(_hash_of(signer.digest_algorithm))
    digest.update(content)
    if found.get(ID_CONTENT_TYPE) != encode(ID_CT_TST_INFO) or found.get(ID_MESSAGE_DIGEST) != encode(
        digest.finalize()
    ):
        raise VerificationError("its signed attributes are not those of its content")
    der = certificate.public_bytes(serialization.Encoding.DER)
    if ID_SIGNING_CERTIFICATE_V2 in found:
        identifier = _first(
            decode(SigningCertificateV2, found[ID_SIGNING_CERTIFICATE_V2], "signing-certificate-v2").certs
        )
        oid = identifier.hash_algorithm.algorithm if identifier.hash_algorithm else ID_SHA256
        ess_digest = hashes.Hash(_hash_called(oid.dotted_string))
        ess_digest.update(der)
        same = hmac.compare_digest(identifier.cert_hash, ess_digest.finalize())
    elif ID_SIGNING_CERTIFICATE in found:
        older = _first(decode(SigningCertificate, found[ID_SIGNING_CERTIFICATE], "signing-certificate").certs)
        same = hmac.compare_digest(older.cert_hash, hashlib.sha1(der, usedforsecurity=False).digest())
    else:
        raise VerificationError("its signed attributes do not name its certificate")
    if not same:
        raise VerificationError("its signed attributes name another certificate than the one that it sent")


def _first(named: Sequence[T]) -> T:
    if not named:
        raise FormatError("its signed attributes name no certificate")
    return named[0]


def _hash_of(algorithm: asn1.TLV) -> Sha2:
    return _hash_called(digest_algorithm(algorithm).dotted_string)


def _hash_called(oid: str) -> Sha2:
    if oid not in _HASHES:
        raise VerificationError(f"digest algorithm {oid} is not accepted")
    return _HASHES[oid]()


def _check_signature(certificate: x509.Certificate, signer: SignerInfo, attributes: bytes) -> None:
    oid = _signature_algorithm(signer.signature_algorithm)
    algorithm = _hash_of(signer.digest_algorithm)
    expected = {_RSA_ENCRYPTION: type(algorithm), **_RSA_WITH, **_ECDSA_WITH}.get(oid)
    if expected is not type(algorithm):
        raise VerificationError(f"signature algorithm {oid} does not fit its digest algorithm or is not accepted")
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and oid not in _ECDSA_WITH:
            key.verify(signer.signature, attributes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and oid in _ECDSA_WITH:
            key.verify(signer.signature, attributes, ec.ECDSA(algorithm))
        else:
            raise VerificationError(f"signature algorithm {oid} does not fit its key")
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise VerificationError("its signature does not verify") from error


def _signature_algorithm(algorithm: asn1.TLV) -> str:
    try:
        return digest_algorithm(algorithm).dotted_string
    except FormatError:
        raise VerificationError("signature algorithm with parameters is not accepted") from None


def _check_purpose(certificate: x509.Certificate) -> None:
    """RFC 3161 section 2.3: the extended key usage is critical and only id-kp-timeStamping."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        extension = None
    if extension is None or not extension.critical or list(extension.value) != [ID_KP_TIME_STAMPING]:
        raise VerificationError("its certificate is not for timestamps alone")


def _with_certificates(data: SignedData, certificates: Sequence[x509.Certificate]) -> bytes:
    signer = data.signer_infos.as_list()[0]
    bare = SignerInfo(
        version=signer.version,
        sid=signer.sid,
        digest_algorithm=signer.digest_algorithm,
        signed_attributes=signer.signed_attributes,
        signature_algorithm=signer.signature_algorithm,
        signature=signer.signature,
        unsigned_attributes=None,
    )
    slim = SignedData(
        version=data.version,
        digest_algorithms=data.digest_algorithms,
        content=data.content,
        certificates=set_of_certificates(certificates),
        revocation_lists=None,
        signer_infos=asn1.SetOf([bare]),
    )
    return encode(ContentInfo(content_type=ID_SIGNED_DATA, content=slim))
