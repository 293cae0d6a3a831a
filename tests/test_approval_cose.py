"""COSE keys of passkeys: three kinds in canonical CBOR, as the webauthn package reads them; all else is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

from signing_service.approval import parse_cose_key
from signing_service.errors import ApprovalError, FormatError
from tests.authenticator import Kind, Passkey, cbor, cose_key, make_key

KINDS: list[Kind] = ["ES256", "EdDSA", "RS256"]
ES256 = ec.derive_private_key(11, ec.SECP256R1())
X = ES256.public_key().public_numbers().x.to_bytes(32, "big")
Y = ES256.public_key().public_numbers().y.to_bytes(32, "big")
SMALL_RSA = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_each_kind_verifies_its_signatures(kind: Kind) -> None:
    passkey = Passkey(key=make_key(kind))
    key = parse_cose_key(passkey.public_key)
    key.verify(passkey.sign(b"words"), b"words")
    with pytest.raises(ApprovalError, match="does not verify"):
        key.verify(passkey.sign(b"words"), b"other words")
    with pytest.raises(ApprovalError, match="does not verify"):
        key.verify(b"", b"words")


@pytest.mark.parametrize("kind", KINDS)
def test_the_webauthn_package_reads_the_same_key(kind: Kind) -> None:
    data = cose_key(make_key(kind))
    theirs = decoded_public_key_to_cryptography(decode_credential_public_key(data))
    ours = parse_cose_key(data).key
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert ours.public_bytes(*form) == theirs.public_bytes(*form)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0",
        b"\xa5",
        cbor({}),
        cbor({1: 2, 3: -7, -1: 1, -2: X}),  # a coordinate is missing
        cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y}) + b"\0",
        cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y})[:-1],
        cbor({3: -7, 1: 2, -1: 1, -2: X, -3: Y}),  # out of order
        cbor({1: 2, 3: -7, -1: 2, -2: X, -3: Y}),  # P-384
        cbor({1: 2, 3: -35, -1: 1, -2: X, -3: Y}),  # ES384
        cbor({1: 2, 3: -7, -1: 1, -2: X[1:], -3: Y}),
        cbor({1: 2, 3: -7, -1: 1, -2: Y, -3: X}),  # not on the curve
        cbor({1: 2, 3: -7, -1: 1, -2: 5, -3: Y}),
        cbor({1: 1, 3: -8, -1: 7, -2: X}),  # Ed448
        cbor({1: 1, 3: -8, -1: 6, -2: X + X}),
        cbor({1: 3, 3: -257, -1: SMALL_RSA, -2: b"\x01\x00\x01"}),
        cbor({1: 3, 3: -257, -1: b"\0" + SMALL_RSA, -2: b"\x01\x00\x01"}),
        cbor({1: 3, 3: -257, -1: 5, -2: 3}),
        cbor({1: 3, 3: -37, -1: SMALL_RSA, -2: b"\x01\x00\x01"}),  # PS256
        cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y}).replace(b"\x58\x20", b"\x59\x00\x20", 1),  # not the shortest form
        cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y}).replace(b"\x01\x02", b"\x18\x01\x02", 1),
        b"\xbf" + cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y})[1:] + b"\xff",  # an indefinite map
        cbor({1: 2, 3: -7, -1: 1, -2: X, -3: Y}).replace(b"\x58\x20", b"\x78\x20", 1),  # text
        bytes(2000),
    ],
)
def test_a_key_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="COSE key"):
        parse_cose_key(data)


@given(st.binary(max_size=120))
def test_noise_is_no_key(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_cose_key(data)


@given(st.integers(0, 76), st.integers(1, 255))
def test_a_changed_byte_gives_another_key_or_none(position: int, change: int) -> None:
    good = cose_key(ES256)
    spoilt = bytearray(good)
    spoilt[position] ^= change
    try:
        key = parse_cose_key(bytes(spoilt))
    except FormatError:
        return
    assert cose_key_of(key.key) == bytes(spoilt) != good


def cose_key_of(key) -> bytes:
    numbers = key.public_numbers()
    return cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
