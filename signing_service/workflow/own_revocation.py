"""Whether an own certificate was revoked: what its authorities answer where the settings let them be asked.

    material = check_revocation(service, judged, now)      # raises ForeignCertificateError, UnavailableError

The answers are verified by the verifier's own code and kept, for the archive's validation material.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from signing_service.errors import ForeignCertificateError, SigningServiceError
from signing_service.pki.revocation import Answer, RevocationAsker
from signing_service.verify.certificate import Certificate
from signing_service.verify.crls import read_crl
from signing_service.verify.own_sandbox import Judged
from signing_service.verify.revocation import Known, read_response
from signing_service.workflow.own_material import OwnMaterial

TOLERANCE = timedelta(minutes=5)  # by which an authority's clock may differ
LONGEST_UNDATED = timedelta(days=3)  # for which an answer counts that does not say until when it holds


def check_revocation(asker: RevocationAsker, judged: Judged, now: datetime) -> OwnMaterial:
    """Ask about each certificate below the anchor; gives everything that is to be kept.

    No transaction may be open. Raises ForeignCertificateError where one was revoked or the answer is not a good one,
    UnavailableError where an authority that may be asked does not answer.
    """
    path = [Certificate.load(der) for der in judged.path]
    ocsps, crls = list(judged.ocsps), list(judged.crls)
    for certificate, issuer in itertools.pairwise(path):
        answer = asker.ask(certificate.parsed, issuer.parsed)
        if answer is None:
            continue
        try:
            revoked = _revoked(answer, certificate, path, now)
        except SigningServiceError as error:
            raise ForeignCertificateError(
                "the answer on whether the certificate was revoked is not acceptable: %(reason)s",
                hint="tell the authority that issued it",
                reason=error.message,
            ) from error
        if revoked is not None:
            raise ForeignCertificateError(
                "the certificate of %(name)s was revoked at %(time)s",
                hint="sign with a certificate that is in force",
                name=certificate.subject_text,
                time=revoked,
            )
        (ocsps if answer.kind == "ocsp" else crls).append(answer.der)
    return OwnMaterial(judged.path, tuple(ocsps), tuple(crls))


def _revoked(answer: Answer, certificate: Certificate, path: list[Certificate], now: datetime) -> datetime | None:
    """When it was revoked, by a fresh answer; None if it was not. Raises an error of the tree."""
    if answer.kind == "ocsp":
        status = read_response(answer.der, Known(path))
        if status.certificate != certificate:
            raise ForeignCertificateError("it is about another certificate")
        _check_fresh(status.this_update, status.next_update, now)
        return status.revoked
    crl = read_crl(answer.der, path)
    if crl.issuer.subject != certificate.issuer:
        raise ForeignCertificateError("it is another authority's list")
    _check_fresh(crl.parsed.last_update_utc, crl.parsed.next_update_utc, now)
    return crl.revoked(certificate)


def _check_fresh(since: datetime, until: datetime | None, now: datetime) -> None:
    if since > now + TOLERANCE or (until or since + LONGEST_UNDATED) < now - TOLERANCE:
        raise ForeignCertificateError("it is not of now")
