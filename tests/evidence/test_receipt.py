"""Tests of evidence/receipt.py: Lin's receipt holds, and no changed receipt does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.encoding import canonical_json, to_base64url
from signing_service.errors import FormatError, LimitError, RecordError
from signing_service.evidence import format_receipt, parse_receipt, verify_receipt
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from tests.cast import ORIGIN
from tests.evidence.cast import EVENTS, proof_text, receipt, trust_file
from tests.record.cast import IMPOSTOR, LOG, history, salt

DATA = format_receipt(receipt())
FREE = json.loads(DATA)["trust_sha256"].encode()  # says which trust file was meant; nothing follows from it


def test_a_receipt_reads_back_the_same_and_holds():
    assert parse_receipt(DATA) == receipt()
    checkpoint = verify_receipt(parse_receipt(DATA), trust_file())
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 3)


@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_no_changed_bit_of_a_receipt_holds(position: int, bit: int):
    start = DATA.index(FREE)
    if start <= position < start + len(FREE):
        return
    data = bytearray(DATA)
    data[position] ^= 1 << bit
    with pytest.raises((FormatError, RecordError)):
        verify_receipt(parse_receipt(bytes(data)), trust_file())


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"v": True}, {"more": 1}, {"agreement": None}, {"agreement": "service"},
        {"signer": "andaman:president"},
        {"event": None}, {"event": json.loads(EVENTS[1])}, {"salt": ""}, {"salt": to_base64url(bytes(31))},
        {"entry": {}},
        {"index": 1}, {"index": True}, {"index": "2"}, {"proof": ""}, {"proof": None}, {"pdf_sha256": "00" * 32},
        {"pdf_sha256": ""}, {"trust_sha256": "zz" * 32},
    ],
)  # fmt: skip
def test_a_receipt_whose_parts_do_not_belong_together_is_refused(change: dict[str, Any]):
    with pytest.raises(FormatError):
        parse_receipt(canonical_json(json.loads(DATA) | change))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", DATA + b"\n", DATA[:-1]])
def test_bytes_that_are_no_receipt_are_refused(data: bytes):
    with pytest.raises(FormatError):
        parse_receipt(data)


def test_a_receipt_beyond_its_limit_is_refused():
    with pytest.raises(LimitError):
        parse_receipt(bytes(5 * 1024 * 1024))


def test_a_receipt_with_another_salt_does_not_hold():
    with pytest.raises(RecordError, match="is not what its entry commits to"):
        verify_receipt(replace(receipt(), salt=salt(1)), trust_file())


def test_a_receipt_of_an_entry_that_is_not_in_the_record_does_not_hold():
    forged = history([*EVENTS[:2], EVENTS[2].replace(b"njupt", b"tonle")])
    lying = replace(receipt(), entry=forged[2], event=EVENTS[2].replace(b"njupt", b"tonle"), signer="tonle:president")
    with pytest.raises(RecordError, match="does not lead to the root"):
        verify_receipt(lying, trust_file())


def test_a_receipt_of_another_record_does_not_hold():
    forged = sign_checkpoint(Checkpoint(ORIGIN, 3, bytes(32)), IMPOSTOR)
    with pytest.raises(RecordError, match="no signature of"):
        verify_receipt(replace(receipt(), proof=proof_text(history(EVENTS), 2, forged)), trust_file())


def test_a_receipt_that_no_witness_saw_does_not_meet_the_quorum():
    signed = sign_checkpoint(verify_receipt(receipt(), trust_file()), LOG)
    alone = replace(receipt(), proof=proof_text(history(EVENTS), 2, signed))
    with pytest.raises(RecordError, match="by 0 of the 1 witnesses"):
        verify_receipt(alone, trust_file())
    assert verify_receipt(alone, replace(trust_file(), quorum=None)).size == 3


def test_a_receipt_that_would_not_read_back_is_not_written():
    with pytest.raises(FormatError):
        format_receipt(replace(receipt(), index=1))
