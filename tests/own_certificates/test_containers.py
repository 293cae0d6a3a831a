"""What stands in /Contents of an upload: conforming PAdES in DER, or a refusal that names the departure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, ocsp

from signing_service.errors import ForeignCertificateError, NonconformingSignatureError, UploadError
from signing_service.verify.own_upload import Upload, judge_upload
from signing_service.verify.trust import Trust
from tests.cast import LIN, NOON
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity
from tests.own_certificates.containers import ROOM, openssl_cms, with_container

NOW = NOON + timedelta(minutes=5)


@pytest.fixture(scope="module")
def roomy(stored: bytes, lin: Identity) -> bytes:
    """pyHanko's upload with room for another container."""
    return pyhanko_signer.sign(stored, LIN.signer, lin, room=ROOM)


def told(stored: bytes, uploaded: bytes, expected: Upload, trust: Trust) -> str:
    with pytest.raises(NonconformingSignatureError) as caught:
        judge_upload(stored, uploaded, expected, trust, NOW)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "signing-certificate-v2 is missing"),
        (("-cades",), "PAdES has no signed attribute signing-time"),
        (("-noattr",), "is not the DER that it must be"),
        (("-cades", "-stream"), "does not begin with a DER length"),
        (("-cades", "-nodetach"), "is not detached"),
        (("-cades", "-keyid"), "is not the DER that it must be"),
        (("-cades", "-nocerts"), "is not the DER that it must be"),
    ],
    ids=["no-ess", "signing-time", "no-attributes", "ber", "content-inside", "key-id", "no-certificate"],
)
def test_what_openssl_makes_is_refused_with_the_departure(
    stored: bytes,
    roomy: bytes,
    lin: Identity,
    expected: Upload,
    trust: Trust,
    options: tuple[str, ...],
    reason: str,
) -> None:
    def make(covered: bytes) -> bytes:
        data = b"x" if {"-nodetach", "-stream"} & {*options} else covered
        return openssl_cms(lin, data, *options)

    assert reason in told(stored, with_container(roomy, make), expected, trust)


def edited(roomy: bytes, change: Callable[[asn1_cms.SignedData], None]) -> bytes:
    """The upload with its own container, decoded, changed and written again."""
    digits = roomy[roomy.rindex(b"/Contents <") + 11 :].split(b">")[0]
    info = asn1_cms.ContentInfo.load(bytes.fromhex(digits.decode()))
    change(info["content"])
    return with_container(roomy, lambda covered: info.dump(force=True))


def _add_unsigned(data: asn1_cms.SignedData) -> None:
    attribute = {"type": "1.2.3.4", "values": [core.Integer(1)]}
    data["signer_infos"][0]["unsigned_attrs"] = [asn1_cms.CMSAttribute(attribute)]


def _change_digest_algorithms(data: asn1_cms.SignedData) -> None:
    data["digest_algorithms"] = [{"algorithm": "sha512"}]


def _change_version(data: asn1_cms.SignedData) -> None:
    data["version"] = "v3"


def _two_signers(data: asn1_cms.SignedData) -> None:
    first = data["signer_infos"][0]
    other = asn1_cms.SignerInfo.load(first.dump())
    other["signature"] = b"1" * 70
    data["signer_infos"] = [first, other]


def _break_signature(data: asn1_cms.SignedData) -> None:
    value = bytearray(data["signer_infos"][0]["signature"].native)
    value[-1] ^= 1
    data["signer_infos"][0]["signature"] = bytes(value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_add_unsigned, "unsigned attribute 1.2.3.4"),
        (_change_digest_algorithms, "digest algorithm"),
        (_change_version, "of version 1"),
        (_two_signers, "2 signers, not one"),
        (_break_signature, "signature"),
    ],
)
def test_a_changed_container_is_refused(
    stored: bytes,
    roomy: bytes,
    expected: Upload,
    trust: Trust,
    change: Callable[[asn1_cms.SignedData], None],
    reason: str,
) -> None:
    judge_upload(stored, edited(roomy, lambda data: None), expected, trust, NOW)
    assert reason in told(stored, edited(roomy, change), expected, trust)


def test_a_certificate_that_is_no_link_of_the_chain_is_refused(
    stored: bytes, roomy: bytes, lin: Identity, expected: Upload, trust: Trust
) -> None:
    def change(data: asn1_cms.SignedData) -> None:
        other = asn1_cms.CertificateChoices.load(Authority("Nobody's").der)
        data["certificates"] = sorted([*data["certificates"], other], key=lambda item: item.dump())

    assert "not a link of the signer's chain" in told(stored, edited(roomy, change), expected, trust)


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_revocation_data_in_the_signature_are_heeded(
    stored: bytes, roomy: bytes, authority: Authority, lin: Identity, expected: Upload, trust: Trust, kind: str
) -> None:
    """They stand outside what is signed: whoever adds them can only make a signature count for less."""

    def crl(data: asn1_cms.SignedData) -> None:
        data["crls"] = [asn1_cms.RevocationInfoChoice.load(authority.revocation_list(NOON, lin))]

    def response(data: asn1_cms.SignedData) -> None:
        der = authority.ocsp_response(lin, NOON, revoked=NOON - timedelta(days=1))
        other = {"other_rev_info_format": "ocsp_response", "other_rev_info": ocsp.OCSPResponse.load(der)}
        data["crls"] = [asn1_cms.RevocationInfoChoice("other", other)]
        data["version"] = "v5"

    uploaded = edited(roomy, crl if kind == "crl" else response)
    with pytest.raises(ForeignCertificateError, match="was revoked at 2025-04-1"):
        judge_upload(stored, uploaded, expected, trust, NOW)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda digits: digits.upper().replace(b"A", b"a", 1), "one case"),
        (lambda digits: digits[:-2] + b"01", "zeroes"),
    ],
    ids=["mixed-case", "padding"],
)
def test_contents_have_one_spelling(
    stored: bytes, roomy: bytes, expected: Upload, trust: Trust, edit: Callable[[bytes], bytes], reason: str
) -> None:
    start = roomy.rindex(b"/Contents <") + len(b"/Contents <")
    stop = roomy.index(b">", start)
    with pytest.raises(UploadError, match=reason):
        judge_upload(stored, roomy[:start] + edit(roomy[start:stop]) + roomy[stop:], expected, trust, NOW)
