"""Certificate requests: what a browser makes is accepted, everything else is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, LimitError, SigningServiceError, VerificationError
from signing_service.pki.requests import parse_request
from tests.pki.judges import openssl

KEY = ec.generate_private_key(ec.SECP256R1())


def request_for(key, algorithm: hashes.SHA256 | hashes.SHA384 | None = None, name: str = "") -> bytes:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    builder = x509.CertificateSigningRequestBuilder(x509.Name(attributes))
    return builder.sign(key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


REQUEST = request_for(KEY)


def test_a_request_gives_the_key_that_signed_it() -> None:
    assert parse_request(REQUEST) == KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_request_made_by_openssl_is_accepted(tmp_path: Path) -> None:
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tmp_path / "key.pem")
    openssl(
        "req", "-new", "-key", tmp_path / "key.pem", "-subj", "/CN=x", "-outform", "DER", "-out", tmp_path / "r.der"
    )
    openssl("pkey", "-in", tmp_path / "key.pem", "-pubout", "-outform", "DER", "-out", tmp_path / "spki.der")
    assert parse_request((tmp_path / "r.der").read_bytes()) == (tmp_path / "spki.der").read_bytes()


def test_the_subject_that_a_client_asks_for_is_not_read() -> None:
    assert parse_request(request_for(KEY, name="Rector of another university")) == parse_request(REQUEST)


def test_a_request_signed_by_another_key_is_refused() -> None:
    other = request_for(ec.generate_private_key(ec.SECP256R1()))
    spki = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(VerificationError, match="not signed by the key that it asks for"):
        parse_request(other.replace(parse_request(other), spki))


def test_a_request_for_a_key_on_another_curve_is_refused() -> None:
    with pytest.raises(FormatError, match="P-256"):
        parse_request(request_for(ec.generate_private_key(ec.SECP384R1())))


def test_a_request_for_an_rsa_key_is_refused() -> None:
    with pytest.raises(FormatError, match="P-256"):
        parse_request(request_for(rsa.generate_private_key(65537, 2048)))


def test_a_request_signed_with_another_hash_is_refused() -> None:
    with pytest.raises(FormatError, match="ecdsa-with-SHA256"):
        parse_request(request_for(KEY, hashes.SHA384()))


def test_a_large_request_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(LimitError):
        parse_request(REQUEST + bytes(1024))


@given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
def test_a_request_with_a_changed_byte_never_gives_that_key(position: int, change: int) -> None:
    spoilt = bytearray(REQUEST)
    spoilt[position] ^= change
    with pytest.raises(SigningServiceError):
        parse_request(bytes(spoilt))


@given(st.binary(max_size=300))
def test_noise_is_refused_within_the_error_tree(data: bytes) -> None:
    with pytest.raises(SigningServiceError):
        parse_request(data)
