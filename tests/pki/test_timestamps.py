"""The built-in timestamp authority, judged by openssl, and what it refuses to stamp."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import TimestampError
from signing_service.pki.der import decode, encode, raw
from signing_service.pki.structures import AlgorithmIdentifier, MessageImprint, Refusal, TimeStampRequest
from signing_service.pki.timestamp_check import check_response
from signing_service.pki.timestamps import BuiltInAuthority, first_token, new_nonce, request_timestamp
from tests.cast import NOON
from tests.pdf.sealed_document import keystore_in_memory
from tests.pki.judges import at_time, openssl, write_pem

KEYSTORE = keystore_in_memory()
AUTHORITY = BuiltInAuthority(KEYSTORE)
DIGEST = hashlib.sha256(b"a signature's value").digest()


def ask(**changes: Any) -> bytes:
    """A request with ``changes``."""
    sha256 = raw(encode(AlgorithmIdentifier(algorithm=x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1"))))
    members: dict[str, Any] = {
        "version": 1,
        "message_imprint": MessageImprint(hash_algorithm=sha256, hashed_message=DIGEST),
        "policy": None,
        "nonce": 7,
        "certificates_wanted": True,
        "extensions": None,
    }
    return encode(TimeStampRequest(**members | changes))


def imprint(oid: str, message: bytes) -> MessageImprint:
    return MessageImprint(
        hash_algorithm=raw(encode(AlgorithmIdentifier(algorithm=x509.ObjectIdentifier(oid)))), hashed_message=message
    )


def test_openssl_verifies_the_answer_to_its_own_request(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"some data")
    query, reply = tmp_path / "query", tmp_path / "reply"
    openssl("ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert", "-out", query)
    reply.write_bytes(AUTHORITY.respond(query.read_bytes(), NOON))
    root = write_pem(tmp_path / "root.pem", KEYSTORE.root)
    verify = ("ts", "-verify", "-in", reply, "-CAfile", root, *at_time(NOON))
    assert "Verification: OK" in openssl(*verify, "-queryfile", query)
    assert "Verification: OK" in openssl(*verify, "-data", tmp_path / "data")


@pytest.mark.parametrize("digest", ["-sha384", "-sha512"])
def test_longer_digests_of_other_clients_are_stamped_too(tmp_path: Path, digest: str) -> None:
    (tmp_path / "data").write_bytes(b"some data")
    query, reply = tmp_path / "query", tmp_path / "reply"
    openssl("ts", "-query", "-data", tmp_path / "data", digest, "-cert", "-out", query)
    reply.write_bytes(AUTHORITY.respond(query.read_bytes(), NOON))
    root = write_pem(tmp_path / "root.pem", KEYSTORE.root)
    assert "OK" in openssl("ts", "-verify", "-in", reply, "-CAfile", root, "-queryfile", query, *at_time(NOON))


def test_certificates_are_left_out_where_nobody_asked_for_them() -> None:
    with_certificates = AUTHORITY.respond(ask(), NOON)
    without = AUTHORITY.respond(ask(certificates_wanted=False), NOON)
    der = KEYSTORE.timestamp.public_bytes(Encoding.DER)
    assert der in with_certificates
    assert der not in without


def test_the_authoritys_own_answer_passes_the_check_of_foreign_answers() -> None:
    nonce = new_nonce()
    response = AUTHORITY.respond(request_timestamp(DIGEST, nonce), NOON)
    token = check_response(response, DIGEST, nonce, [KEYSTORE.root], NOON)
    assert (token.time, token.authority) == (NOON, "Timestamp authority")
    assert token.der in response


def test_a_token_for_ourselves_is_to_the_second_and_not_independent() -> None:
    token = AUTHORITY.timestamp(DIGEST, NOON + timedelta(microseconds=999_999))
    assert token.time == NOON
    assert not token.independent


def test_serial_numbers_do_not_repeat() -> None:
    assert len({AUTHORITY.timestamp(DIGEST, NOON).der for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("request_der", "words"),
    [
        (b"", "not the DER"),
        (b"noise", "not the DER"),
        (ask() + b"\0", "not the DER"),
        (bytes(5000), "larger than 4096 bytes"),
        (ask(version=2), "version or digest length"),
        (ask(message_imprint=imprint("2.16.840.1.101.3.4.2.1", b"short")), "version or digest length"),
        (ask(message_imprint=imprint("1.3.14.3.2.26", bytes(20))), "digest algorithm 1.3.14.3.2.26 is not accepted"),
        (ask(nonce=-1), "nonce is negative"),
        (ask(nonce=1 << 256), "longer than 256 bits"),
        (ask(policy=x509.ObjectIdentifier("1.2.3")), "policy 1.2.3 is not ours"),
        (ask(extensions=[raw(b"\x30\x00")]), "no extension is supported"),
    ],
)
def test_a_bad_request_is_refused_in_words(request_der: bytes, words: str) -> None:
    refusal = decode(Refusal, AUTHORITY.respond(request_der, NOON), "answer").status
    assert refusal.status == 2
    assert words in " ".join(refusal.text or [])


def test_openssl_reads_the_refusal(tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(AUTHORITY.respond(ask(extensions=[raw(b"\x30\x00")]), NOON))
    said = openssl("ts", "-reply", "-in", tmp_path / "reply", "-text", expect=0)
    assert "Status: Rejected." in said
    assert "Failure info: the requested extension is not supported by the TSA" in said


@given(st.binary(max_size=200))
def test_noise_always_gets_an_answer(request_der: bytes) -> None:
    assert decode(Refusal, AUTHORITY.respond(request_der, NOON), "answer").status.status == 2


class Silent:
    """An authority that never answers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def timestamp(self, digest, now):
        raise TimestampError("it did not answer in time")


def test_the_first_authority_that_answers_is_taken() -> None:
    token = first_token([Silent("a"), AUTHORITY, Silent("b")], DIGEST, NOON)
    assert token.time == NOON


def test_each_authoritys_failure_is_named_when_none_answers() -> None:
    with pytest.raises(
        TimestampError, match=r"\(a: it did not answer in time; b: it did not answer in time\)"
    ) as caught:
        first_token([Silent("a"), Silent("b")], DIGEST, NOON)
    assert "nothing was signed" in caught.value.hint


def test_a_nonce_is_fresh_each_time() -> None:
    assert len({new_nonce() for _ in range(20)}) == 20
    assert asn1.decode_der(TimeStampRequest, request_timestamp(DIGEST, 2**63)).nonce == 2**63
