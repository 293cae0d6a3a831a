"""CMS of the signing side: exact attributes, DER order, openssl's verdict, raw signatures to DER."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError
from signing_service.pki.cms import P256_ORDER, assemble, raw_signature_to_der, signed_attributes
from signing_service.pki.der import decode, encode
from signing_service.pki.structures import ContentInfo, parse_attributes, signed_bytes
from signing_service.pki.timestamps import BuiltInAuthority
from tests.cast import LIN, NOON
from tests.pdf.sealed_document import Ceremony
from tests.pki.judges import at_time, openssl, write_pem

CEREMONY = Ceremony.published((LIN,))
ACT = CEREMONY.sign(LIN)
KEYSTORE = CEREMONY.keystore
DIGEST = hashlib.sha256(b"covered").digest()
NUMBERS = st.integers(1, P256_ORDER - 1)

# The DER values of their object identifiers, written down here once more by hand.
CONTENT_TYPE = x509.ObjectIdentifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = x509.ObjectIdentifier("1.2.840.113549.1.9.4")
SIGNING_TIME = x509.ObjectIdentifier("1.2.840.113549.1.9.5")
SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
APPROVAL = x509.ObjectIdentifier("2.25.118362114167349168736368981850527050349")


def sealed(content: bytes, with_timestamp: bool = True) -> bytes:
    attributes = signed_attributes(hashlib.sha256(content).digest(), KEYSTORE.seal, ACT.approval.to_der())
    signature = KEYSTORE.sign("seal", attributes)
    token = BuiltInAuthority(KEYSTORE).timestamp(hashlib.sha256(signature).digest(), NOON).der
    return assemble(attributes, signature, [KEYSTORE.seal, KEYSTORE.services_ca], token if with_timestamp else None)


def test_signed_attributes_are_exactly_the_four() -> None:
    found = parse_attributes(signed_attributes(DIGEST, ACT.certificate, ACT.approval.to_der()))
    assert set(found) == {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, APPROVAL}
    assert found[CONTENT_TYPE] == bytes.fromhex("06092a864886f70d010701")
    assert found[MESSAGE_DIGEST] == b"\x04\x20" + DIGEST
    assert found[APPROVAL] == ACT.approval.to_der()


def test_the_seal_has_no_approval_and_no_signing_time() -> None:
    found = parse_attributes(signed_attributes(DIGEST, KEYSTORE.seal, None))
    assert set(found) == {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2}


def test_signed_attributes_are_a_set_in_der_order() -> None:
    attributes = signed_attributes(DIGEST, ACT.certificate, ACT.approval.to_der())
    assert attributes[:1] == b"\x31"
    members = _members(attributes)
    assert members == sorted(members)


def test_the_signing_certificate_is_named_by_hash_issuer_and_serial_number() -> None:
    found = parse_attributes(signed_attributes(DIGEST, ACT.certificate, None))[SIGNING_CERTIFICATE_V2]
    assert hashlib.sha256(ACT.certificate.public_bytes(Encoding.DER)).digest() in found
    assert ACT.certificate.issuer.public_bytes() in found
    assert bytes.fromhex("608648016503040201") not in found  # the default hash algorithm is left out


def test_the_container_is_der_with_one_signer_and_sorted_certificates() -> None:
    data = decode(ContentInfo, sealed(b"content"), "container").content
    assert data.version == 1
    assert data.content.content is None
    assert len(data.signer_infos.as_list()) == 1
    assert data.certificates is not None
    ders = [encode(certificate) for certificate in data.certificates]
    assert len(ders) == 2
    assert ders == sorted(ders)
    signer = data.signer_infos.as_list()[0]
    assert signer.version == 1
    assert signed_bytes(signer.signed_attributes)[:1] == b"\x31"


def test_the_root_is_never_embedded() -> None:
    assert KEYSTORE.root.public_bytes(Encoding.DER) not in sealed(b"content")


@pytest.mark.parametrize("with_timestamp", [True, False])
def test_openssl_verifies_the_container(tmp_path: Path, with_timestamp: bool) -> None:
    (tmp_path / "content").write_bytes(b"what is signed")
    (tmp_path / "signature.der").write_bytes(sealed(b"what is signed", with_timestamp))
    said = openssl(
        "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", tmp_path / "signature.der",
        "-content", tmp_path / "content", "-CAfile", write_pem(tmp_path / "root.pem", KEYSTORE.root),
        "-purpose", "any", "-out", tmp_path / "out", *at_time(NOON),
    )  # fmt: skip
    assert "CAdES Verification successful" in said


def test_openssl_refuses_the_container_for_other_content(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"something else")
    (tmp_path / "signature.der").write_bytes(sealed(b"what is signed"))
    said = openssl(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature.der",
        "-content", tmp_path / "content", "-CAfile", write_pem(tmp_path / "root.pem", KEYSTORE.root),
        "-purpose", "any", *at_time(NOON), expect=4,
    )  # fmt: skip
    assert "verification failure" in said


@given(NUMBERS, NUMBERS)
def test_a_raw_signature_becomes_the_der_of_the_same_numbers(r: int, s: int) -> None:
    der = raw_signature_to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert decode_dss_signature(der) == (r, s)
    assert der == b"\x30" + bytes([len(_integer(r) + _integer(s))]) + _integer(r) + _integer(s)


@given(st.binary(min_size=32, max_size=32))
def test_a_raw_signature_that_was_made_verifies_as_der(message: bytes) -> None:
    key = ec.derive_private_key(7, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    der = raw_signature_to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    key.public_key().verify(der, message, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("number", [0, P256_ORDER, 2**256 - 1])
def test_numbers_outside_the_group_are_refused(number: int) -> None:
    good = (1).to_bytes(32, "big")
    bad = number.to_bytes(32, "big")
    for raw in (good + bad, bad + good):
        with pytest.raises(FormatError, match="order of P-256"):
            raw_signature_to_der(raw)


@given(st.binary(max_size=130).filter(lambda data: len(data) != 64))
def test_a_raw_signature_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="bytes where r and s"):
        raw_signature_to_der(data)


def _integer(number: int) -> bytes:
    """DER INTEGER, spelled out independently."""
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(octets)]) + octets


def _members(der: bytes) -> list[bytes]:
    """The members of a DER value, split independently."""
    position = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    found = []
    while position < len(der):
        length, head = der[position + 1], 2
        if length >= 0x80:
            head += length & 0x7F
            length = int.from_bytes(der[position + 2 : position + head], "big")
        found.append(der[position : position + head + length])
        position += head + length
    return found
