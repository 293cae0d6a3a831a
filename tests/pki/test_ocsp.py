"""OCSP responses, judged by openssl and by cryptography's reader."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing_service.pki.ocsp import good_response, service_responses
from tests.cast import LIN, NOON
from tests.pdf.sealed_document import KEYS_MADE, Ceremony
from tests.pki.judges import at_time, openssl, write_pem

CEREMONY = Ceremony.published((LIN,))
ACT = CEREMONY.sign(LIN)
KEYSTORE = CEREMONY.keystore


def test_the_response_speaks_from_the_timestamp_until_the_certificate_ends() -> None:
    response = ocsp.load_der_ocsp_response(good_response(KEYSTORE, ACT.certificate, ACT.token.time))
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == ACT.certificate.serial_number
    assert response.this_update_utc == response.produced_at_utc == ACT.token.time
    assert response.next_update_utc == ACT.certificate.not_valid_after_utc


def test_the_issuing_authority_signs_it_itself() -> None:
    response = ocsp.load_der_ocsp_response(ACT.ocsp)
    key = KEYSTORE.issuing_ca.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    assert response.certificates == []


def test_a_response_is_never_older_than_a_timestamp_with_a_fraction_of_a_second() -> None:
    moment = NOON + timedelta(microseconds=1)
    response = ocsp.load_der_ocsp_response(good_response(KEYSTORE, ACT.certificate, moment))
    assert response.this_update_utc == NOON + timedelta(seconds=1)


def test_openssl_accepts_the_response_of_a_one_time_certificate(tmp_path: Path) -> None:
    (tmp_path / "response").write_bytes(ACT.ocsp)
    said = openssl(
        "ocsp", "-respin", tmp_path / "response", "-issuer", write_pem(tmp_path / "ca.pem", KEYSTORE.issuing_ca),
        "-sha256", "-cert", write_pem(tmp_path / "cert.pem", ACT.certificate),
        "-CAfile", write_pem(tmp_path / "root.pem", KEYSTORE.root), "-no_nonce", *at_time(NOON),
    )  # fmt: skip
    assert "Response verify OK" in said
    assert "cert.pem: " in said
    assert "good" in said


def test_openssl_accepts_what_the_roots_responder_says_of_the_authorities(tmp_path: Path) -> None:
    root = write_pem(tmp_path / "root.pem", KEYSTORE.root)
    for authority, response in zip(
        (KEYSTORE.issuing_ca, KEYSTORE.services_ca), KEYSTORE.authority_responses, strict=True
    ):
        (tmp_path / "response").write_bytes(response)
        said = openssl(
            "ocsp", "-respin", tmp_path / "response", "-issuer", root, "-sha256",
            "-cert", write_pem(tmp_path / "cert.pem", authority), "-CAfile", root, "-no_nonce", *at_time(NOON),
        )  # fmt: skip
        assert "Response verify OK" in said


def test_the_roots_responder_is_delegated_and_needs_no_status_of_its_own() -> None:
    responder = ocsp.load_der_ocsp_response(KEYSTORE.authority_responses[0]).certificates[0]
    responder.verify_directly_issued_by(KEYSTORE.root)
    assert [extension.oid.dotted_string for extension in responder.extensions if not extension.critical][:2] == [
        "2.5.29.37",  # extended key usage
        "1.3.6.1.5.5.7.48.1.5",  # id-pkix-ocsp-nocheck
    ]


def test_the_root_is_not_among_the_certificates() -> None:
    root = KEYSTORE.root.public_bytes(Encoding.DER)
    assert not any(root in response for response in service_responses(KEYSTORE, NOON))


def test_an_archived_document_speaks_of_authorities_seal_and_timestamps() -> None:
    responses = [ocsp.load_der_ocsp_response(response) for response in service_responses(KEYSTORE, NOON)]
    certificates = (KEYSTORE.issuing_ca, KEYSTORE.services_ca, KEYSTORE.seal, KEYSTORE.timestamp)
    assert [response.serial_number for response in responses] == [one.serial_number for one in certificates]
    assert [response.this_update_utc for response in responses] == [KEYS_MADE, KEYS_MADE, NOON, NOON]


@pytest.mark.parametrize("end", [timedelta(days=1), timedelta(days=300)])
def test_how_long_a_response_speaks_can_be_said(end: timedelta) -> None:
    der = good_response(KEYSTORE, KEYSTORE.seal, NOON, issuer="services-ca", next_update=NOON + end)
    assert ocsp.load_der_ocsp_response(der).next_update_utc == NOON + end
