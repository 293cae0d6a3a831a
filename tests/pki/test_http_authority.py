"""Timestamp authorities over HTTP: honest ones are accepted, every liar is refused for its own lie."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import TimestampError
from signing_service.pki import profiles
from signing_service.pki.authority import make_credential
from signing_service.pki.cms import ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_CERTIFICATE_V2
from signing_service.pki.der import encode, raw
from signing_service.pki.http_authority import HttpAuthority
from signing_service.pki.structures import Attribute
from signing_service.pki.structures import SigningCertificateV2 as Named
from signing_service.pki.timestamp_check import check_response
from signing_service.pki.timestamps import ID_CT_TST_INFO, TimestampToken, request_timestamp
from tests.cast import NOON
from tests.pki.authorities import AUTHORITY, HONEST, MADE, ROOT, Behaviour, Stamper, dribbling, served, stamper

DIGEST = hashlib.sha256(b"a signature's value").digest()
ANCHORS = [ROOT.certificate]
ELSEWHERE = make_credential("root", "Elsewhere", MADE, None)
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
SOON_EXPIRED = stamper(ends=NOON - timedelta(days=1))
ENDS_BETWEEN = stamper(ends=NOON + timedelta(seconds=30))
NOT_FOR_TIME = stamper(profile=profiles.SEAL)


def asked(behaviour: Behaviour, now: datetime = NOON, **options: float) -> TimestampToken:
    with served(behaviour) as url:
        authority = HttpAuthority(url, ANCHORS, **options)
        try:
            return authority.timestamp(DIGEST, now)
        finally:
            authority.close()


def refusal(behaviour: Behaviour, now: datetime = NOON, **options: float) -> str:
    with pytest.raises(TimestampError) as caught:
        asked(behaviour, now, **options)
    return caught.value.message


def checked(answer: Stamper, now: datetime = NOON, nonce: int = 99) -> TimestampToken:
    return check_response(answer(request_timestamp(DIGEST, nonce)), DIGEST, nonce, ANCHORS, now)


def lie(answer: Stamper, now: datetime = NOON) -> str:
    with pytest.raises(TimestampError) as caught:
        checked(answer, now)
    return caught.value.message


def test_an_honest_authority_is_believed() -> None:
    token = asked(Behaviour(Stamper()))
    assert (token.time, token.authority, token.independent) == (NOON, "World Time stamper", True)


@pytest.mark.parametrize("offset", [timedelta(days=2), -timedelta(days=2)])
def test_it_tells_its_time_whatever_our_clock_says(offset: timedelta) -> None:
    with served(Behaviour(Stamper(time=NOON + offset))) as url:
        authority = HttpAuthority(url, ANCHORS)
        assert authority.tell_time() == NOON + offset
        authority.close()


@pytest.mark.parametrize(
    ("lying", "said"),
    [
        (Stamper(nonce=lambda nonce: (nonce or 0) + 1), "another nonce"),
        (Stamper(imprint=bytes(32)), "another imprint"),
        (Stamper(key=OTHER_KEY), "signature"),
        (Stamper(time=NOON + timedelta(days=365 * 90)), "not valid|expired|is valid"),
    ],
)
def test_nobody_else_tells_the_time_in_its_place(lying: Stamper, said: str) -> None:
    with served(Behaviour(lying)) as url, pytest.raises(TimestampError, match=said):
        HttpAuthority(url, ANCHORS).tell_time()


def test_each_request_has_a_new_nonce() -> None:
    answer = Stamper()
    for _ in range(3):
        asked(Behaviour(answer))
    assert len(set(answer.asked)) == 3


@pytest.mark.parametrize("granted_with_changes", [0, 1])
def test_both_ways_to_grant_are_taken(granted_with_changes: int) -> None:
    assert checked(Stamper(status=granted_with_changes)).time == NOON


def test_a_wrong_nonce_is_refused() -> None:
    assert "another nonce" in refusal(Behaviour(Stamper(nonce=lambda nonce: (nonce or 0) + 1)))


def test_a_missing_nonce_is_refused() -> None:
    assert "another nonce" in refusal(Behaviour(Stamper(nonce=lambda nonce: None)))


def test_an_old_answer_played_again_is_refused() -> None:
    old = Stamper()(request_timestamp(DIGEST, 1))
    assert "another nonce" in refusal(Behaviour(lambda request: old))


def test_another_imprint_is_refused() -> None:
    assert "another imprint" in refusal(Behaviour(Stamper(imprint=bytes(32))))


def test_an_imprint_by_another_algorithm_is_refused() -> None:
    sha512_256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.6")
    assert "another imprint" in lie(Stamper(imprint_algorithm=sha512_256))


@pytest.mark.parametrize(
    "off", [timedelta(minutes=1, seconds=1), -timedelta(minutes=1, seconds=1), timedelta(days=300)]
)
def test_a_far_off_time_is_refused(off: timedelta) -> None:
    assert "seconds off ours" in refusal(Behaviour(Stamper(time=NOON + off)))


@pytest.mark.parametrize("off", [timedelta(minutes=1), -timedelta(minutes=1), timedelta(seconds=1)])
def test_a_time_that_is_a_little_off_is_accepted(off: timedelta) -> None:
    assert checked(Stamper(time=NOON + off)).time == NOON + off


def test_an_expired_authority_is_refused() -> None:
    key, certificate = SOON_EXPIRED
    liar = Stamper(key=key, certificate=certificate, chain=(certificate, AUTHORITY.certificate))
    assert "is expired since 2025-04-10T04:00:00Z" in refusal(Behaviour(liar))


def test_an_authority_that_expired_meanwhile_is_refused() -> None:
    key, certificate = ENDS_BETWEEN
    late = Stamper(key=key, certificate=certificate, chain=(certificate, AUTHORITY.certificate))
    assert checked(late).time == NOON
    assert "is expired since" in lie(late, now=NOON + timedelta(seconds=50))


def test_an_authority_of_another_root_is_refused() -> None:
    with served(Behaviour(Stamper())) as url, pytest.raises(TimestampError, match="leads to none of the anchors"):
        HttpAuthority(url, [ELSEWHERE.certificate]).timestamp(DIGEST, NOON)


def test_without_anchors_nobody_is_believed() -> None:
    with served(Behaviour(Stamper())) as url, pytest.raises(TimestampError, match="leads to none of the anchors"):
        HttpAuthority(url, []).timestamp(DIGEST, NOON)


def test_an_authority_whose_certificate_itself_is_the_anchor_is_believed() -> None:
    response = Stamper()(request_timestamp(DIGEST, 4))
    token = check_response(response, DIGEST, 4, [HONEST], NOON)
    assert token.time == NOON


def test_a_certificate_that_is_not_for_timestamps_is_refused() -> None:
    key, certificate = NOT_FOR_TIME
    liar = Stamper(key=key, certificate=certificate, chain=(certificate, AUTHORITY.certificate))
    assert "not for timestamps alone" in refusal(Behaviour(liar))


def test_a_signature_by_another_key_is_refused() -> None:
    assert "signature does not verify" in refusal(Behaviour(Stamper(key=OTHER_KEY)))


def test_signed_attributes_of_other_content_are_refused() -> None:
    assert "not those of its content" in lie(Stamper(attributes_of=b"something else"))


def test_signed_attributes_that_name_another_certificate_are_refused() -> None:
    assert "name another certificate" in lie(Stamper(named=NOT_FOR_TIME[1]))


def test_a_token_over_something_else_than_a_time_is_refused() -> None:
    plain_data = x509.ObjectIdentifier("1.2.840.113549.1.7.1")
    assert "no SignedData over TSTInfo" in lie(Stamper(content_type=plain_data))


def test_a_token_of_another_version_is_refused() -> None:
    assert "unknown version" in lie(Stamper(version=2))


def test_a_token_without_its_certificate_is_refused() -> None:
    assert "does not hold its signer's certificate" in lie(Stamper(chain=(AUTHORITY.certificate,)))


def test_a_token_without_its_issuers_certificate_is_refused() -> None:
    assert "leads to none of the anchors" in lie(Stamper(chain=(HONEST,)))


def test_certificates_that_nobody_needs_are_taken_off() -> None:
    slim = checked(Stamper(chain=(HONEST, AUTHORITY.certificate)))
    token = checked(Stamper(chain=(HONEST, AUTHORITY.certificate, ROOT.certificate, ELSEWHERE.certificate)))
    assert ROOT.certificate.public_bytes(Encoding.DER) not in token.der
    assert ELSEWHERE.certificate.public_bytes(Encoding.DER) not in token.der
    assert abs(len(token.der) - len(slim.der)) < 8  # signatures vary a little


@pytest.mark.parametrize("status", [2, 3, 4, 5, 77])
def test_a_refusal_is_reported_with_its_status(status: int) -> None:
    assert f"refused with status {status}" in lie(Stamper(status=status))


def test_a_refusal_without_token_is_reported() -> None:
    assert "refused with status 2" in refusal(Behaviour(lambda request: bytes.fromhex("30053003020102")))


@pytest.mark.parametrize(
    "spoil", [lambda response: b"", lambda response: response[:-1], lambda response: response + b"\0"]
)
def test_an_answer_that_is_not_one_der_value_is_refused(spoil) -> None:
    assert "not the DER" in lie(Stamper(spoil=spoil))


def test_a_page_instead_of_an_answer_is_refused() -> None:
    page = Behaviour(lambda request: b"<html>", content_type="text/html")
    assert "did not answer with application/timestamp-reply" in refusal(page)


@pytest.mark.parametrize("status", [204, 403, 500, 503])
def test_an_http_error_is_reported(status: int) -> None:
    assert f"HTTP status {status}" in refusal(Behaviour(Stamper(), status=status))


def test_a_redirection_is_not_followed() -> None:
    away = Behaviour(lambda request: b"", status=307, headers={"Location": "http://127.0.0.1:1/"})
    assert "HTTP status 307" in refusal(away)


def test_an_endless_answer_is_cut_off() -> None:
    assert "larger than 32768 bytes" in refusal(Behaviour(lambda request: bytes(200_000)))


def test_a_slow_authority_is_given_up() -> None:
    slow = Behaviour(Stamper(), hold=threading.Event())
    assert "did not answer in time" in refusal(slow, timeout=0.2)


def test_an_authority_that_sends_a_byte_now_and_then_is_given_up() -> None:
    """Every wait is short, and the answer never comes: the next authority must have its turn."""
    with dribbling() as (url, cut):
        authority = HttpAuthority(url, ANCHORS, timeout=30, deadline=0.2)
        with pytest.raises(TimestampError, match="did not answer in time"):
            authority.timestamp(DIGEST, NOON)
        assert cut.wait(10)
        authority.close()


def test_an_authority_that_names_no_certificate_at_all_is_refused() -> None:
    content = [(ID_CONTENT_TYPE, encode(ID_CT_TST_INFO)), (ID_SIGNING_CERTIFICATE_V2, encode(Named(certs=[])))]

    def nameless(digest: bytes) -> bytes:
        members = [*content, (ID_MESSAGE_DIGEST, encode(digest))]
        attributes = [Attribute(type=kind, values=asn1.SetOf([raw(value)])) for kind, value in members]
        return encode(asn1.SetOf(attributes))

    assert "name no certificate" in lie(Stamper(made_attributes=nameless))


def test_an_answer_past_its_deadline_is_refused() -> None:
    assert "did not answer in time" in refusal(Behaviour(Stamper()), deadline=0.0)


def test_an_authority_that_is_down_is_reported() -> None:
    with served(Behaviour(Stamper())) as url:
        pass
    with pytest.raises(TimestampError, match="cannot be reached"):
        HttpAuthority(url, ANCHORS).timestamp(DIGEST, NOON)


def test_an_authority_is_called_by_its_url() -> None:
    assert HttpAuthority("https://tsa.example.org/tsr", ANCHORS).name == "https://tsa.example.org/tsr"


RESPONSE = Stamper()(request_timestamp(DIGEST, 5))


@given(st.integers(0, len(RESPONSE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_was_not_kept(position: int, change: int) -> None:
    """Only bytes outside what is kept (status, certificates that are taken off) may change without refusal."""
    spoilt = bytearray(RESPONSE)
    spoilt[position] ^= change
    try:
        token = check_response(bytes(spoilt), DIGEST, 5, ANCHORS, NOON)
    except TimestampError:
        return
    assert token.der == check_response(RESPONSE, DIGEST, 5, ANCHORS, NOON).der
