"""What nobody signs of a certificate: the count of unused bits in its signature, its algorithm named outside."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.errors import FormatError
from signing_service.pki.authority import make_credential
from signing_service.verify.certificate import Certificate
from signing_service.verify.verdict import CheckError
from tests.cast import NOON


def test_a_certificate_whose_signature_has_unused_bits_is_refused() -> None:
    root = make_credential("root", "Specimen", NOON, None).certificate
    while root.signature[-1] & 1:  # half of all signatures end in a bit that may pass for padding
        root = make_credential("root", "Specimen", NOON, None).certificate
    der = bytearray(root.public_bytes(Encoding.DER))
    assert Certificate.load(bytes(der)).parsed == root
    der[len(der) - len(root.signature) - 1] = 1
    with pytest.raises(FormatError, match="whole number of octets"):
        Certificate.load(bytes(der))


def test_a_certificate_that_names_another_algorithm_outside_than_inside_is_not_its_issuers() -> None:
    root = make_credential("root", "Specimen", NOON, None)
    child = Certificate.of(make_credential("services-ca", "Child", NOON, root).certificate)
    issuer = Certificate.of(root.certificate)
    child.check_issued_by(issuer)

    sha384, sha512 = (bytes.fromhex(f"06082a8648ce3d04030{last}") for last in "34")  # with ECDSA
    inside, outside = child.der.index(sha384), child.der.rindex(sha384)
    assert inside < outside
    changed = Certificate.load(child.der[:outside] + sha512 + child.der[outside + len(sha512) :])
    with pytest.raises(CheckError, match="two signature algorithms differ"):
        changed.check_issued_by(issuer)
    child.check_issued_by(issuer)


def test_a_refusal_is_remembered_of_these_two_certificates_alone() -> None:
    first, second = (make_credential("root", "Specimen", NOON, None) for _ in range(2))
    child = Certificate.of(make_credential("services-ca", "Child", NOON, first).certificate)
    right, wrong = Certificate.of(first.certificate), Certificate.of(second.certificate)
    for _ in range(2):
        with pytest.raises(CheckError, match="not signed by"):
            child.check_issued_by(wrong)
        child.check_issued_by(right)
    assert Certificate.load(child.der) is child
