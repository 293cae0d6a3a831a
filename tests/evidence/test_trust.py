"""Tests of evidence/trust.py: one spelling, every member checked, a fingerprint for paper."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.encoding import canonical_json
from signing_service.errors import FormatError, LimitError
from signing_service.evidence import (
    Predecessor,
    TrustFile,
    fingerprint,
    fingerprint_text,
    format_trust_file,
    parse_trust_file,
)
from tests.evidence.cast import certificate, trust_file
from tests.record.cast import LOG, NANJING_WITNESS

DATA = format_trust_file(trust_file())

VARIANTS = {
    "as the alliance has it": trust_file(),
    "not witnessed": replace(trust_file(), quorum=None, witnesses=()),
    "nothing but what is needed": replace(
        trust_file(), quorum=None, witnesses=(), timestamp_anchors=(), party_anchors={}, officers=()
    ),
    "a successor": replace(trust_file(), predecessor=Predecessor(bytes(32), b"signature")),
}


@pytest.mark.parametrize("trust", VARIANTS.values(), ids=VARIANTS)
def test_a_trust_file_reads_back_the_same(trust: TrustFile):
    data = format_trust_file(trust)
    assert parse_trust_file(data) == trust
    assert format_trust_file(parse_trust_file(data)) == data


def test_it_is_canonical_json_and_a_line_feed():
    assert canonical_json(json.loads(DATA)) + b"\n" == DATA


def test_the_fingerprint_is_eight_groups_of_four_letters_of_its_sha256():
    digest = fingerprint(DATA)
    assert digest == hashlib.sha256(DATA).digest()
    text = fingerprint_text(digest)
    assert [len(group) for group in text.split(" ")] == [4] * 8
    assert base64.b32decode(text.replace(" ", "").upper()) == digest[:20]


def test_parties_without_anchors_of_their_own_have_none():
    assert trust_file().anchors_of("njupt") == (certificate("Nanjing Anchor"),)
    assert trust_file().anchors_of("tonle") == ()
    assert replace(trust_file(), party_anchors=None).anchors_of("njupt") == ()


def _with(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda members: members | changes


NANJING = str(NANJING_WITNESS.verifier_key)
BAD: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no object": (lambda members: [members], "trust file does not have exactly"),
    "another version": (_with(v=2), "version 2"),
    "a boolean version": (_with(v=True), "version True"),
    "a member more": (_with(more=1), "does not have exactly"),
    "a member fewer": (
        lambda members: {key: members[key] for key in members if key != "root"},
        "does not have exactly",
    ),
    "no name": (_with(name=""), "name is not a text"),
    "an origin with a path": (_with(web_origin="https://sign.example.org/x"), "web_origin"),
    "an origin of another scheme": (_with(web_origin="javascript:1"), "web_origin"),
    "a relying party with a port": (_with(relying_party_id="sign.example.org:1"), "relying_party_id"),
    "a root digest that is not the root's": (
        lambda members: members | {"root": members["root"] | {"sha256": "00" * 32}},
        "not the digest",
    ),
    "a root that is no certificate": (
        lambda members: members | {"root": members["root"] | {"certificate": "-----BEGIN"}},
        "no certificate in PEM",
    ),
    "text before a certificate": (
        lambda members: members | {"timestamp_anchors": ["x\n" + members["timestamp_anchors"][0]]},
        "exactly one certificate",
    ),
    "two certificates in one": (
        lambda members: members | {"timestamp_anchors": [members["timestamp_anchors"][0] * 2]},
        "exactly one certificate",
    ),
    "anchors that are no list": (_with(timestamp_anchors={}), "no list"),
    "a party that cannot be one": (_with(party_anchors={"No Party": []}), "party_anchors"),
    "party anchors that are no object": (_with(party_anchors=[]), "party_anchors"),
    "a record key of a witness": (_with(record={"origin": "x", "key": NANJING}), "signature type 04 where 01"),
    "a witness with a log's key": (
        _with(witnesses={"quorum": 1, "keys": [str(LOG.verifier_key)]}),
        "signature type 01 where 04",
    ),
    "a witness named twice": (_with(witnesses={"quorum": 1, "keys": [NANJING, NANJING]}), "a witness twice"),
    "a quorum of nobody": (_with(witnesses={"quorum": 0, "keys": [NANJING]}), "1 to 1"),
    "a quorum beyond the witnesses": (_with(witnesses={"quorum": 2, "keys": [NANJING]}), "1 to 1"),
    "a quorum that is true": (_with(witnesses={"quorum": True, "keys": [NANJING]}), "1 to 1"),
    "an officer's key that is not base64url": (
        _with(officers=[{"id": "a", "name": "b", "keys": ["="]}]),
        "base64url",
    ),
    "an officer without a name": (_with(officers=[{"id": "a", "name": None, "keys": []}]), "not a text"),
    "too many officers": (_with(officers=[None] * 1001), "at most 1000"),
    "a predecessor's short digest": (_with(predecessor={"sha256": "00", "signature": ""}), "1 bytes where 32"),
}


@pytest.mark.parametrize(("change", "reason"), BAD.values(), ids=BAD)
def test_a_trust_file_is_refused_with(change: Callable[[dict[str, Any]], Any], reason: str):
    with pytest.raises(FormatError, match=reason):
        parse_trust_file(canonical_json(change(json.loads(DATA))) + b"\n")


@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"\n", b" " + DATA, DATA.replace(b":", b": ", 1)])
def test_another_spelling_is_refused(data: bytes):
    with pytest.raises(FormatError):
        parse_trust_file(data)


def test_a_trust_file_beyond_its_limit_is_refused():
    with pytest.raises(LimitError):
        parse_trust_file(bytes(2 * 1024 * 1024))


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_is_another_trust_file(position: int, value: int):
    data = bytearray(DATA)
    data[position] = value
    try:
        trust = parse_trust_file(bytes(data))
    except FormatError:
        return
    assert format_trust_file(trust) == data
    assert (trust == trust_file()) == (bytes(data) == DATA)


def test_values_that_would_not_read_back_are_not_written():
    with pytest.raises(FormatError):
        format_trust_file(replace(trust_file(), name=""))
