"""Tests of record/entry.py: what an entry shows, what it hides, and what does not open it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.encoding import canonical_json
from signing_service.errors import FormatError, RecordError
from signing_service.record.entry import (
    Entry,
    entry_digest,
    format_entry,
    make_entry,
    make_event_and_entry,
    parse_entry,
    verify_opening,
    verify_sequence,
)
from tests.record.cast import AGREEMENT, event, history, salt

EVENT = event(0, "publication", officer="officer")
ENTRY = make_entry(EVENT, salt(0), None)
EVENTS = [event(number) for number in range(5)]


def test_an_entry_shows_order_and_type_but_nothing_of_the_event():
    shown = json.loads(ENTRY)
    assert shown == {
        "v": 1,
        "scope": AGREEMENT,
        "type": "publication",
        "sequence": 0,
        "previous": None,
        "time": "2025-04-11T00:00Z",
        "commitment": hashlib.sha256(b"signing-service/event/v1\x00" + salt(0) + EVENT).hexdigest(),
    }
    assert canonical_json(shown) == ENTRY


def test_an_entry_reads_back_the_same():
    for entry in history(EVENTS):
        assert format_entry(parse_entry(entry)) == entry


def test_the_event_with_its_salt_opens_the_entry():
    verify_opening(ENTRY, EVENT, salt(0))


@given(st.integers(0, len(EVENT) * 8 - 1))
def test_no_other_event_opens_the_entry(bit: int):
    changed = bytearray(EVENT)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((RecordError, FormatError)):
        verify_opening(ENTRY, bytes(changed), salt(0))


def test_no_other_salt_opens_the_entry():
    with pytest.raises(RecordError, match="is not what its entry commits to"):
        verify_opening(ENTRY, EVENT, salt(1))
    for wrong in (b"", salt(0)[:-1], salt(0) + b"\x00"):
        with pytest.raises(FormatError, match="salt"):
            verify_opening(ENTRY, EVENT, wrong)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scope": "service"}, "scope, type or sequence"),
        ({"type": "withdrawal"}, "scope, type or sequence"),
        ({"sequence": 1}, "scope, type or sequence"),
        ({"time": "2025-04-11T00:01Z"}, "another time"),
    ],
)
def test_an_entry_that_shows_other_things_than_its_event_is_refused(change: dict[str, object], reason: str):
    lying = canonical_json(json.loads(ENTRY) | change)
    with pytest.raises(RecordError, match=reason):
        verify_opening(lying, EVENT, salt(0))


def test_a_chained_history_is_whole():
    verify_sequence(history(EVENTS))
    verify_sequence([])


def test_a_history_with_a_gap_a_repeat_or_a_swap_is_refused():
    entries = history(EVENTS)
    with pytest.raises(RecordError, match=r"entry 2 of .* is preceded by a gap"):
        verify_sequence([*entries[:1], *entries[2:]])
    with pytest.raises(RecordError, match=r"entry 1 of .* is preceded by a gap"):
        verify_sequence(entries[1:])
    with pytest.raises(RecordError, match=r"entry 1 of .* appears twice"):
        verify_sequence([*entries[:2], entries[1], *entries[2:]])
    with pytest.raises(RecordError, match=r"entry 2 of .* is preceded by a gap"):
        verify_sequence([entries[0], entries[2], entries[1], *entries[3:]])


def test_a_second_history_of_one_agreement_does_not_join_the_first():
    other = history([event(0), event(1, "refusal"), event(2)])
    with pytest.raises(RecordError, match=r"entry 2 of .* does not name its predecessor"):
        verify_sequence([*history(EVENTS)[:2], other[2]])


def test_two_scopes_are_not_one_history():
    service = history([event(0, "release", "service"), event(1, "release", "service")])
    with pytest.raises(RecordError, match="scope service stands among those of"):
        verify_sequence([history(EVENTS)[0], service[1]])


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"more": 1}, {"scope": "elsewhere"}, {"scope": 1}, {"type": ""},
        {"type": "Publication"}, {"v": True},
        {"sequence": -1}, {"sequence": True}, {"sequence": "0"}, {"previous": ""}, {"previous": "00"}, {"previous": 0},
        {"time": "2025-04-11T00:00:00Z"}, {"time": "2025-02-30T00:00Z"}, {"time": None},
        {"commitment": None}, {"commitment": "zz"},
    ],
)  # fmt: skip
def test_a_malformed_entry_is_refused(change: dict[str, object]):
    with pytest.raises(FormatError):
        parse_entry(canonical_json(json.loads(ENTRY) | change))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'"entry"', ENTRY + b"\n", b" " + ENTRY])
def test_bytes_that_are_no_entry_are_refused(data: bytes):
    with pytest.raises(FormatError):
        parse_entry(data)


@pytest.mark.parametrize(
    "change", [{"time": "2025-04-11T00:00Z"}, {"time": 5}, {"v": 0}, {"scope": "x"}, {"sequence": 0.5}]
)
def test_an_event_without_what_entries_show_has_no_entry(change: dict[str, object]):
    with pytest.raises(FormatError):
        make_entry(
            json.dumps(json.loads(EVENT) | change, sort_keys=True, separators=(",", ":")).encode(), salt(0), None
        )


def test_the_predecessor_is_named_by_a_whole_digest():
    assert parse_entry(make_entry(event(1), salt(1), entry_digest(ENTRY))).previous == hashlib.sha256(ENTRY).digest()
    with pytest.raises(FormatError, match="31 bytes where 32"):
        make_entry(event(1), salt(1), bytes(31))


def test_an_entry_that_would_not_read_back_is_not_written():
    with pytest.raises(FormatError):
        format_entry(Entry("service", "release", 0, None, "2025-04-11T00:00Z", bytes(31)))


def test_an_event_of_its_members_gives_the_entry_that_its_text_gives():
    members = json.loads(EVENT)
    assert make_event_and_entry(members, salt(0), None) == (EVENT, ENTRY)


@pytest.mark.parametrize(
    "wrong",
    [{"v": 2}, {"v": True}, {"type": "No"}, {"scope": "?"}, {"sequence": -1}, {"time": "2025-04-11"}, {"extra": 0.5}],
)
def test_members_of_no_event_give_no_entry(wrong: dict[str, object]):
    with pytest.raises(FormatError):
        make_event_and_entry(json.loads(EVENT) | wrong, salt(0), None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": "2025-04-11T08:00:00Z"},
        {"time": "2025-02-30T08:00Z"},
        {"previous": bytes(31)},
        {"commitment": bytes(33)},
        {"sequence": True},
        {"scope": "service\n"},
    ],
)
def test_what_could_not_be_read_back_is_not_written(wrong: dict[str, Any]):
    with pytest.raises(FormatError):
        format_entry(replace(parse_entry(ENTRY), **wrong))
