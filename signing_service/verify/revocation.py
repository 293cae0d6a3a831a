"""Embedded OCSP responses (RFC 6960): which certificates they speak for, and what they say.

    status = read_response(der, Known(certificates))
    status.revoked                            # when, or None where it says good

Nothing is fetched. A response counts only if the certificate's issuer signed it, itself or through a responder that
it authorised (RFC 6960 4.2.2.2).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from signing_service.errors import FormatError
from signing_service.verify.certificate import Certificate, check_signed
from signing_service.verify.der import items
from signing_service.verify.limits import MAX_NAMESAKES
from signing_service.verify.path import Purpose, check_purpose
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import SubIndication, failure, unproven

_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"


@dataclass(frozen=True, slots=True)
class Status:
    """What one verified response says of one certificate."""

    certificate: Certificate
    produced: datetime
    this_update: datetime
    next_update: datetime | None
    revoked: datetime | None
    """When it was revoked; None where the response says good."""


class Known:
    """Certificates found by serial number and by subject."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        """Index ``certificates``; unreadable ones are passed over."""
        self.by_serial: dict[int, list[Certificate]] = defaultdict(list)
        self.by_subject: dict[bytes, list[Certificate]] = defaultdict(list)
        for certificate in dict.fromkeys(certificates):
            try:
                self.by_subject[certificate.subject].append(certificate)
            except FormatError:
                continue
            self.by_serial[certificate.serial].append(certificate)


def read_response(der: bytes, known: Known) -> Status:
    """Read and verify one response about one of the ``known`` certificates, whose issuers are among them too.

    Raises FormatError where it is malformed, not successful, about none of them or says ``unknown``; CheckError
    where its signature does not verify or its signer may not answer.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise FormatError("an OCSP response is not a successful one")
        return _read(response, known)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise FormatError(f"an OCSP response cannot be read: {error}") from error


def _read(response: ocsp.OCSPResponse, known: Known) -> Status:
    named = known.by_serial.get(response.serial_number, [])
    for certificate in named[:MAX_NAMESAKES]:
        for issuer in known.by_subject.get(certificate.issuer, ())[:MAX_NAMESAKES]:
            if _is_about(response, issuer):
                _check_signer(response, issuer)
                return _status(response, certificate)
    if named:
        raise unproven(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            _l("the issuer of %(subject)s, who answers for it, is not known"),
            subject=repr(named[0].subject_text),
        )
    raise FormatError("an OCSP response is about no certificate in the file")


def _status(response: ocsp.OCSPResponse, certificate: Certificate) -> Status:
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise FormatError(f"an OCSP response knows nothing of the certificate of {certificate.subject_text!r}")
    return Status(
        certificate=certificate,
        produced=response.produced_at_utc,
        this_update=response.this_update_utc,
        next_update=response.next_update_utc,
        revoked=response.revocation_time_utc,
    )


def _is_about(response: ocsp.OCSPResponse, issuer: Certificate) -> bool:
    algorithm = response.hash_algorithm
    return response.issuer_name_hash == _hash(algorithm, issuer.subject) and response.issuer_key_hash == _key_hash(
        algorithm, issuer
    )


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name.replace("sha3-", "sha3_"), data, usedforsecurity=False).digest()


def _key_hash(algorithm: hashes.HashAlgorithm, certificate: Certificate) -> bytes:
    """Of the BIT STRING's value, without tag, length and count of unused bits (RFC 6960 4.1.1)."""
    parts = items(certificate.public_key_der, "public key")
    return _hash(algorithm, bytes(parts[1].data)[1:])


def _check_signer(response: ocsp.OCSPResponse, issuer: Certificate) -> None:
    for signer in (issuer, *(Certificate.of(parsed) for parsed in response.certificates)):
        if signer != issuer:
            purposes = signer.key_purposes() or set()
            if signer.issuer != issuer.subject or _OCSP_SIGNING not in purposes:
                continue
            signer.check_issued_by(issuer)
            if not signer.since <= response.produced_at_utc <= signer.until:
                continue
        if not _is_responder(response, signer):
            continue
        if signer != issuer:
            check_purpose(signer, Purpose.OCSP)
        _check_signature(response, signer)
        return
    raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "an OCSP response is signed by nobody who may answer")


def _is_responder(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    if response.responder_key_hash is not None:
        return response.responder_key_hash == _key_hash(hashes.SHA1(), signer)  # noqa: S303 - RFC 6960 4.2.1
    return response.responder_name is not None and response.responder_name.public_bytes() == signer.subject


def _check_signature(response: ocsp.OCSPResponse, signer: Certificate) -> None:
    oid = response.signature_algorithm_oid.dotted_string
    check_signed(signer.public_key, oid, response.signature, response.tbs_response_bytes)
