"""Tests of the chains that this service's entries form, alone and in an audit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signing_service.encoding import canonical_json
from signing_service.errors import FormatError
from signing_service.record.entry import parse_entry
from signing_service.record.scopes import ScopeChains
from tests.record.cast import AGREEMENT, event, history
from tests.record.logs import (
    OURS,
    audited,
    found,
    own_log,
)


def test_two_histories_of_one_agreement_in_one_log_are_found():
    second = history([event(number, "refusal") for number in range(3)])
    report = audited(own_log([*OURS[:300], *second, *OURS[300:600]]))
    assert report.verdict == "FAILED"
    assert found(report) == [
        ("tile/entries/001", f"entry {300 + n}: sequence {n} of {AGREEMENT} appears twice: two histories of one scope")
        for n in range(3)
    ]


def test_a_gap_and_a_broken_chain_are_found():
    report = audited(own_log([*OURS[:10], *OURS[11:20]]))
    assert found(report) == [("tile/entries/000.p/19", f"entry 10: sequence 11 of {AGREEMENT} follows a gap after 9")]
    other = history([event(number, "refusal") for number in range(12)])
    problems = ScopeChains().add(0, [*OURS[:11], other[11]])
    assert problems == [f"entry 11: sequence 11 of {AGREEMENT} does not name its predecessor"]


def test_an_entry_of_another_format_among_ours_is_found():
    report = audited(own_log([*OURS[:300], b"surprise", *OURS[300:310]]))
    assert found(report) == [("tile/entries/001.p/55", "entry 300 is not of this service's format, as 310 others are")]


@given(st.integers(0, len(OURS[1]) - 1), st.integers(0, 255))
def test_the_chains_pattern_knows_exactly_the_entries_that_can_be_read(position: int, value: int):
    data = bytearray(OURS[1])
    data[position] = value
    chains = ScopeChains()
    chains.add(0, [bytes(data)])
    try:
        parse_entry(bytes(data))
        readable = True
    except FormatError as error:
        readable = "does not exist" in error.message  # February 30th is of no concern to chains
    assert chains.own == readable


def test_a_scope_may_be_the_services_own():
    entries = history([event(number, "release", "service") for number in range(3)])
    assert ScopeChains().add(0, entries) == []
    assert b'"scope":"service"' in canonical_json({"scope": "service"})
