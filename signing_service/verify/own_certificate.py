"""Steps 3 to 6 for a signature with the representative's own certificate, in profile ``agreement``.

    open_own(signed, checks)                                        # (3) intact and conforming
    check_own_time(signed, stamp, authorities, trust, moment, checks)      # (5) its own timestamp, or the one behind it
    check_own_path(signed, terms, trust, checks)                    # (4) to an anchor of its party
    check_allowed(signed, terms, checks)                            # (6), (7) the sealed terms let this party do so
    check_names(certificate, mandate.representative)                # (6) it is the person of the mandate

Nothing of the service's is in such a signature: no approval, no one-time key. What it stands on is the certificate,
hence the authorities that the sealed terms or the trust file name for that one party.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509

from signing_service.agreement.terms import Terms
from signing_service.errors import ForeignCertificateError, SigningServiceError
from signing_service.verify.certificate import Certificate, unique
from signing_service.verify.container import TIMESTAMP_TOKEN, TST_INFO, Container
from signing_service.verify.crls import read_crl
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.own_container import check_own_signature, read_own_signature
from signing_service.verify.pades.cms import read_container
from signing_service.verify.path import Path, PathBuilder, Purpose
from signing_service.verify.revocation import Known, read_response
from signing_service.verify.timestamps import Timestamp, open_token
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import CheckError, Checks, Step, SubIndication, failure, unproven

if TYPE_CHECKING:
    from signing_service.agreement.mandates import Representative
    from signing_service.verify.signed import Signed

ASSURANCE = "own-certificate"
_DIACRITICS = re.compile("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic letters
_LETTERS = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ı": "i", "ħ": "h"})  # what no decomposition takes apart
_NAMES = (x509.NameOID.COMMON_NAME, x509.NameOID.GIVEN_NAME, x509.NameOID.SURNAME)


def open_own(signed: Signed, checks: Checks) -> None:
    """(3) Read and check the container, and each timestamp in it as far as no trust is needed."""
    revision = signed.revision
    container = read_own_signature(revision.contents)
    certificate = check_own_signature(container, revision.digest)
    signed.container, signed.certificate = container, certificate
    for value in container.unsigned_attributes.get(TIMESTAMP_TOKEN, ()):
        token = read_container(value)
        if token.content_type != TST_INFO:
            raise failure(SubIndication.FORMAT_FAILURE, "the signature timestamp is not a timestamp token")
        opened = open_token(token, lambda used: used.digest(container.signature), container.certificates)
        signed.own_tokens = (*signed.own_tokens, opened)
    signed.report.intact = True
    signed.report.assurance, signed.report.approval = ASSURANCE, "own certificate"
    checks.passed(Step.CMS, signed.subject, "the signature is intact and conforms to PAdES")


def check_own_time(
    signed: Signed, stamp: Timestamp | None, authorities: PathBuilder, trust: Trust, moment: datetime, checks: Checks
) -> None:
    """(5) The earliest time that is proven: by a timestamp inside the signature, or by the one in the next revision."""
    with checks.collecting(Step.TIME, signed.subject, SubIndication.GENERIC):
        timestamp = own_timestamp(signed, authorities, moment) or stamp
        if timestamp is None:
            raise unproven(SubIndication.NO_POE, "no trusted timestamp says when it was signed")
        signed.timestamp, report = timestamp, signed.report
        report.time, report.time_authority = timestamp.time, timestamp.authority
        report.time_independent = any(item in set(trust.timestamp_anchors) for item in timestamp.path.certificates)
        checks.passed(Step.TIME, signed.subject, f"its time is proven by {timestamp.authority}")


def own_timestamp(signed: Signed, authorities: PathBuilder, moment: datetime) -> Timestamp | None:
    """The earliest of the signature's own timestamps whose authority is trusted; None if there is none."""
    found: list[Timestamp] = []
    for token in signed.own_tokens:
        try:
            found.append(token.validate(authorities, moment))
        except CheckError:
            continue  # of an authority that is not ours to trust: it proves nothing, and harms nothing
    return min(found, key=lambda item: item.time, default=None)


def own_anchors(terms: Terms, trust: Trust, signer: str) -> tuple[Certificate, ...]:
    """The authorities under which this signer's own certificate counts: the party's, sealed or in the trust file."""
    party = terms.signer(signer).party
    sealed = [Certificate.load(der) for der in party.own_certificate or ()]
    return unique((*sealed, *trust.anchors_of(party.id)))


def check_own_path(
    signed: Signed, terms: Terms, trust: Trust, checks: Checks, later: LaterTrust | None = None
) -> None:
    """(4) The certificate leads to an anchor of its own party, at the proven time, and was not revoked by then."""
    certificate, container, timestamp = signed.certificate, signed.container, signed.timestamp
    if certificate is None or container is None or timestamp is None:
        return
    with checks.collecting(Step.PATH, signed.subject, SubIndication.GENERIC):

        def validate(known: Trust) -> Path:
            anchors = own_anchors(terms, known, signed.revision.field)
            return validate_own_path(container, certificate, anchors, timestamp.time)

        try:
            path = validate(trust)
        except CheckError as error:
            raise later.judged(error, lambda file: validate(Trust.of_file(file))) if later else error from error
        check_not_revoked(path, container, timestamp.time)
        signed.report.identity = (
            f"{certificate.parsed.subject.rfc4514_string()}, by an authority of the party's: {path.anchor.subject_text}"
        )
        checks.passed(Step.PATH, signed.subject, f"its certificate leads to {path.anchor.subject_text}")


def validate_own_path(
    container: Container, certificate: Certificate, anchors: Iterable[Certificate], moment: datetime
) -> Path:
    """Give the path at ``moment``; raises CheckError."""
    path = PathBuilder(anchors, container.certificates).validate(certificate, Purpose.SIGNING, moment)
    weak = container.scheme().weak_at(certificate.public_key, moment)
    if weak:
        raise unproven(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, weak)
    if len(path.certificates) == 1:
        raise unproven(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "the signer's certificate is an anchor itself")
    return path


def check_not_revoked(path: Path, container: Container, moment: datetime, more: Iterable[bytes] = ()) -> None:
    """Raise CheckError where revocation data in the signature, or ``more`` OCSP responses, revoke before ``moment``."""
    known = Known((*path.certificates, *container.certificates))
    for der in (*container.ocsp_responses, *more):
        status = read_response(der, known)
        if status.certificate in path.certificates and status.revoked is not None and status.revoked <= moment:
            raise _revoked(status.certificate, status.revoked)
    for der in container.crls:
        crl = read_crl(der, (*path.certificates, *container.certificates))
        for certificate in path.certificates[:-1]:
            when = crl.revoked(certificate)
            if when is not None and when <= moment:
                raise _revoked(certificate, when)


def _revoked(certificate: Certificate, when: datetime) -> CheckError:
    return failure(
        SubIndication.REVOKED,
        "the certificate of %(subject)s was revoked at %(time)s",
        subject=repr(certificate.subject_text),
        time=f"{when:%Y-%m-%d %H:%M}",
    )


def check_allowed(signed: Signed, terms: Terms, checks: Checks) -> None:
    """(6) Raise nothing; record that this party may do so."""
    with checks.collecting(Step.APPROVAL, signed.subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
        if terms.signer(signed.revision.field).party.own_certificate is None:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE, "the terms let this party sign with one-time keys only"
            )
        checks.passed(Step.APPROVAL, signed.subject, "signed with an own certificate, as the terms allow")


def check_names(certificate: Certificate, representative: Representative) -> None:
    """Raise ForeignCertificateError unless the certificate names the person of the mandate.

    Each word of the person's name, in Latin or in the own script, must be among the certificate's common name, given
    name and surname, in any order, without regard to case and to the diacritics of Latin, Greek and Cyrillic letters.
    """
    subject = certificate.parsed.subject
    told = _words(" ".join(str(item.value) for oid in _NAMES for item in subject.get_attributes_for_oid(oid)))
    names = [name for name in (representative.name, representative.native_name) if name]
    if not any(_words(name) and _words(name) <= told for name in names):
        raise ForeignCertificateError(
            "the certificate is of %(subject)s, the mandate of %(name)s",
            hint="sign with your own certificate; if it spells your name otherwise, ask the secretariat",
            subject=repr(certificate.subject_text),
            name=repr(representative.name),
        )


def _words(text: str) -> set[str]:
    """Letters with their vowel signs, which in Thai, Khmer or Devanagari are marks and make the name another one."""
    plain = _DIACRITICS.sub("", unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS))
    return set("".join(item if unicodedata.category(item)[0] in "LM" else " " for item in plain).split())


def as_refusal(error: SigningServiceError) -> ForeignCertificateError:
    """The same as an uploader is told, who has another certificate perhaps, and no trust file to give."""
    return ForeignCertificateError(error.message, hint="sign with one of an authority that is named for your party")
