"""What the service can say about its own certificates: fresh where it holds the issuer's key, else the last word.

responses = status_responses(keystore, certificates_in_the_document, now)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp

from signing_service.pki.ocsp import SERVICE_RESPONSE_LIFETIME, ResponseSigner, good_response
from signing_service.pki.retired import Retired


class StatusSigner(ResponseSigner, Protocol):
    """What answering for all of the service's certificates needs of a key store."""

    @property
    def retired(self) -> tuple[Retired, ...]:
        """Certificates that served before a rotation."""

    def fresh_authority_responses(self, now: datetime) -> tuple[bytes, ...]:
        """About both authorities: made now if the root's key is at hand, else what was said when they were made."""


def status_responses(keystore: StatusSigner, certificates: Iterable[x509.Certificate], now: datetime) -> list[bytes]:
    """Give a response, as of ``now`` where that is possible, about each of ``certificates`` that is the service's own.

    Nothing is said of one-time certificates (theirs were made when they signed), of the root, of other people's, and
    of certificates that have ended.
    """
    known = _stored_answers(keystore, now)
    services_ca = keystore.certificate("services-ca")
    responses = []
    for certificate in dict.fromkeys(certificates):
        if certificate.not_valid_after_utc <= now:
            continue
        if _is_issued_by(certificate, services_ca):
            end = min(now + SERVICE_RESPONSE_LIFETIME, certificate.not_valid_after_utc)
            responses.append(good_response(keystore, certificate, now, issuer="services-ca", next_update=end))
        elif (certificate.issuer, certificate.serial_number) in known:
            responses.append(known[certificate.issuer, certificate.serial_number])
    return responses


def _stored_answers(keystore: StatusSigner, now: datetime) -> dict[tuple[x509.Name, int], bytes]:
    answers = {
        (one.certificate.issuer, one.certificate.serial_number): one.last_word
        for one in keystore.retired
        if one.last_word is not None
    }
    root = keystore.certificate("root").subject
    for response in keystore.fresh_authority_responses(now):
        answers[root, ocsp.load_der_ocsp_response(response).serial_number] = response
    return answers


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
