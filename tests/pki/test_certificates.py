"""Certificates: the table of docs/formats.md 6, the issuing of one-time certificates, openssl's view of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

from signing_service.errors import FormatError
from signing_service.pki import profiles
from signing_service.pki.authority import OneTimeSubject, issue_one_time
from tests.cast import ALLIANCE, LIN, NANJING, NOON, OFFICER
from tests.pdf.sealed_document import KEYS_MADE, keystore_in_memory
from tests.pdf.small_base import AGREEMENT
from tests.pki.judges import at_time, openssl, write_pem

KEYSTORE = keystore_in_memory()
LIN_AS_SUBJECT = OneTimeSubject(AGREEMENT, NANJING.id, LIN.role, NANJING.name, NANJING.country, LIN.name)


def spki(key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def one_time(subject: OneTimeSubject = LIN_AS_SUBJECT) -> x509.Certificate:
    return issue_one_time(KEYSTORE, spki(), subject, NOON)


def usage(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert extension.critical
    names = ("digital_signature", "content_commitment", "key_cert_sign", "crl_sign", "key_agreement")
    return {name for name in names if getattr(extension.value, name)}


def purposes(certificate: x509.Certificate) -> tuple[list[str], bool]:
    extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    return [purpose.dotted_string for purpose in extension.value], extension.critical


def years(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / timedelta(days=365)


def test_the_root_is_self_signed_p384_for_40_years_with_one_level_below() -> None:
    root = KEYSTORE.root
    root.verify_directly_issued_by(root)
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert (key.curve.name, years(root)) == ("secp384r1", 40)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 1)
    assert usage(root) == {"key_cert_sign", "crl_sign"}


@pytest.mark.parametrize("role", ["issuing-ca", "services-ca"])
def test_both_authorities_last_20_years_and_issue_no_further_authority(role) -> None:
    certificate = KEYSTORE.certificate(role)
    certificate.verify_directly_issued_by(KEYSTORE.root)
    assert years(certificate) == 20
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert usage(certificate) == {"key_cert_sign", "crl_sign", "digital_signature"}
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS)


def test_the_seal_signs_documents_for_10_years() -> None:
    seal = KEYSTORE.seal
    seal.verify_directly_issued_by(KEYSTORE.services_ca)
    assert years(seal) == 10
    assert usage(seal) == {"digital_signature", "content_commitment"}
    assert purposes(seal) == (["1.3.6.1.5.5.7.3.36"], False)


def test_the_timestamp_certificate_is_critically_for_timestamps_alone() -> None:
    certificate = KEYSTORE.timestamp
    certificate.verify_directly_issued_by(KEYSTORE.services_ca)
    assert years(certificate) == 10
    assert purposes(certificate) == (["1.3.6.1.5.5.7.3.8"], True)


def test_a_one_time_certificate_names_representative_party_and_agreement() -> None:
    certificate = one_time()
    certificate.verify_directly_issued_by(KEYSTORE.issuing_ca)
    assert [(part.oid, part.value) for part in certificate.subject] == [
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, NANJING.name),
        (NameOID.COMMON_NAME, "Lin Shuyi"),
    ]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"urn:signing-service:{AGREEMENT}:njupt:president"
    ]


def test_an_officers_certificate_has_no_country() -> None:
    certificate = one_time(OneTimeSubject(AGREEMENT, "secretariat", "officer", ALLIANCE, None, OFFICER.name))
    assert certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME) == []


def test_a_one_time_certificate_is_valid_from_five_minutes_ago_for_one_hour() -> None:
    certificate = issue_one_time(KEYSTORE, spki(), LIN_AS_SUBJECT, NOON + timedelta(microseconds=999999))
    assert certificate.not_valid_before_utc == NOON - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOON + timedelta(minutes=55)


def test_a_one_time_certificate_may_be_shorter_but_not_longer() -> None:
    shorter = issue_one_time(KEYSTORE, spki(), LIN_AS_SUBJECT, NOON, not_after=NOON + timedelta(minutes=10))
    longer = issue_one_time(KEYSTORE, spki(), LIN_AS_SUBJECT, NOON, not_after=NOON + timedelta(days=1))
    assert shorter.not_valid_after_utc == NOON + timedelta(minutes=10)
    assert longer.not_valid_after_utc == NOON + timedelta(minutes=55)


def test_no_certificate_outlives_its_issuer() -> None:
    end = KEYS_MADE + 20 * profiles.YEAR
    certificate = issue_one_time(KEYSTORE, spki(), LIN_AS_SUBJECT, end - timedelta(minutes=1))
    assert certificate.not_valid_after_utc == end


def test_a_one_time_certificate_says_that_it_is_never_revoked() -> None:
    certificate = one_time()
    for oid in ("2.5.29.56", "0.4.0.194121.2.1"):  # RFC 9608, EN 319 412-1
        extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid))
        assert not extension.critical
        assert extension.value.public_bytes() == b"\x05\x00"
    assert purposes(certificate) == (["1.3.6.1.5.5.7.3.36"], False)
    assert usage(certificate) == {"digital_signature", "content_commitment"}


def test_two_certificates_never_share_a_serial_number() -> None:
    assert len({one_time().serial_number for _ in range(8)}) == 8


def test_a_name_in_any_script_fits() -> None:
    certificate = one_time(OneTimeSubject(AGREEMENT, "tonle", "president", "សាកលវិទ្យាល័យ", "KH", "ចាន់ សុភា"))
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ចាន់ សុភា"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "L" * 65}, "name .* has 65 characters"),
        ({"name": ""}, "name '' has 0 characters"),
        ({"organisation": "U" * 201}, "organisation .* has 201 characters"),
        ({"country": "China"}, "country 'China'"),
        ({"country": "cn"}, "country 'cn'"),
    ],
)
def test_a_name_that_no_certificate_can_hold_is_refused(changes, words) -> None:
    members = {"name": LIN.name, "organisation": NANJING.name, "country": "CN"} | changes
    with pytest.raises(FormatError, match=words):
        one_time(OneTimeSubject(AGREEMENT, "njupt", "president", **members))


@pytest.mark.parametrize("curve", [ec.SECP384R1, ec.SECP256K1])
def test_a_key_on_another_curve_gets_no_certificate(curve) -> None:
    with pytest.raises(FormatError, match="not on the curve P-256"):
        issue_one_time(KEYSTORE, spki(ec.generate_private_key(curve())), LIN_AS_SUBJECT, NOON)


def test_bytes_that_are_no_key_get_no_certificate() -> None:
    with pytest.raises(FormatError, match="not a DER public key"):
        issue_one_time(KEYSTORE, b"\x30\x03\x02\x01\x01", LIN_AS_SUBJECT, NOON)


def test_openssl_accepts_each_chain(tmp_path: Path) -> None:
    root = write_pem(tmp_path / "root.pem", KEYSTORE.root)
    authorities = write_pem(tmp_path / "authorities.pem", KEYSTORE.issuing_ca, KEYSTORE.services_ca)
    for name, certificate in (
        ("one-time", one_time()), ("seal", KEYSTORE.seal), ("timestamp", KEYSTORE.timestamp)
    ):  # fmt: skip
        path = write_pem(tmp_path / f"{name}.pem", certificate)
        words = ("verify", "-x509_strict", *at_time(NOON), "-CAfile", root, "-untrusted", authorities, path)
        assert ": OK" in openssl(*words)
