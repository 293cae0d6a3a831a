"""Embedded revocation data: believed where the issuer signed them, weighed against the proven time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing_service.verify.report import Report
from signing_service.verify.verdict import SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.verify.edits import with_validation_material
from tests.verify.foreign import SIGNED_AT, Credential, Office, issue, plain_pdf

LATER = SIGNED_AT + timedelta(days=30)
BEFORE, AFTER = SIGNED_AT - timedelta(days=1), SIGNED_AT + timedelta(days=1)


@pytest.fixture(scope="module")
def office() -> Office:
    return Office.opened("ecdsa")


def crl(issuer: Credential, revoked: x509.Certificate | None, at: datetime) -> asn1_crl.CertificateList:
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, SIGNED_AT, LATER)
    if revoked is not None:
        entry = x509.RevokedCertificateBuilder(revoked.serial_number, at).build()
        builder = builder.add_revoked_certificate(entry)
    return asn1_crl.CertificateList.load(builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER))


def response(
    subject: x509.Certificate, issuer: Credential, responder: Credential, revoked: datetime | None
) -> asn1_ocsp.OCSPResponse:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=subject,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=AFTER,
        next_update=LATER,
        revocation_time=revoked,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    if responder is not issuer:
        builder = builder.certificates([responder.certificate])
    return asn1_ocsp.OCSPResponse.load(builder.sign(responder.key, hashes.SHA256()).public_bytes(Encoding.DER))


def judged(office: Office, *, timestamp: bool = True, **material) -> Report:
    pdf = with_validation_material(office.sign(plain_pdf(), timestamp=timestamp), office.root.certificate, **material)
    return verify_pdf(pdf, office.trust(), LATER, profile="pades")


def test_a_revocation_before_the_proven_time_fails(office):
    report = judged(office, crls=[crl(office.root, office.credential.certificate, BEFORE)])

    assert report.verdict is Verdict.FAILED
    assert report.indication is SubIndication.REVOKED


def test_a_revocation_after_the_proven_time_does_not_matter(office):
    report = judged(office, crls=[crl(office.root, office.credential.certificate, AFTER)])

    assert report.verdict is Verdict.PASSED


def test_without_a_proven_time_any_revocation_leaves_it_open(office):
    report = judged(office, timestamp=False, crls=[crl(office.root, office.credential.certificate, AFTER)])

    assert report.verdict is Verdict.INDETERMINATE
    assert report.indication is SubIndication.REVOKED_NO_POE


def test_a_list_by_a_stranger_of_the_same_name_says_nothing(office):
    namesake = issue("Elsewhere Root", None)

    report = judged(office, crls=[crl(namesake, office.credential.certificate, BEFORE)])

    assert report.verdict is Verdict.PASSED


def test_a_good_list_and_a_good_answer_are_reported(office):
    certificate = office.credential.certificate
    for report in (
        judged(office, crls=[crl(office.root, None, BEFORE)]),
        judged(office, ocsps=[response(certificate, office.root, office.root, None)]),
    ):
        assert report.verdict is Verdict.PASSED
        assert any(
            "leads to Elsewhere Root" in check.message and "no revocation data" not in check.message
            for check in report.checks
        )


def test_the_issuers_own_answer_counts(office):
    answer = response(office.credential.certificate, office.root, office.root, BEFORE)

    assert judged(office, ocsps=[answer]).indication is SubIndication.REVOKED


def test_an_authorised_responders_answer_counts(office):
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    responder = issue("Responder", office.root, "ecdsa", extensions=((purpose, False),))
    answer = response(office.credential.certificate, office.root, responder, BEFORE)

    assert judged(office, ocsps=[answer]).indication is SubIndication.REVOKED


@pytest.mark.parametrize("who", ["unauthorised", "stranger"])
def test_an_answer_by_anybody_else_says_nothing(office, who):
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    responder = (
        issue("Responder", office.root, "ecdsa")
        if who == "unauthorised"
        else issue("Responder", issue("Stranger Root", None), "ecdsa", extensions=((purpose, False),))
    )
    answer = response(office.credential.certificate, office.root, responder, BEFORE)

    assert judged(office, ocsps=[answer]).verdict is Verdict.PASSED


def test_a_revoked_timestamp_authority_proves_nothing(office):
    report = judged(office, crls=[crl(office.root, office.authority.certificate, BEFORE)])

    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].time is None
