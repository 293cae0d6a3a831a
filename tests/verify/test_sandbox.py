"""The child process in which strangers' files are verified: the same verdicts, hard limits, nothing left behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing_service.errors import FormatError, LimitError, UsageError
from signing_service.verify.sandbox import Submission, verify_apart
from tests.cast import NOON

NOTHING = Submission(b"%PDF-1.7\n", "agreement.pdf", (), NOON)


def test_a_file_that_is_no_agreement_gets_a_verdict_and_a_report():
    result = verify_apart(NOTHING)
    assert result.verdict == "FAILED"
    assert result.page.startswith("<!DOCTYPE html>")
    assert "agreement.pdf" in result.body
    assert result.body in result.page


def test_what_the_name_says_is_escaped():
    result = verify_apart(replace(NOTHING, name="<script>alert(1)</script>\u202e.pdf"))
    assert "<script>" not in result.page
    assert "\u202e" not in result.page


@pytest.mark.parametrize(("trust", "kind"), [((b"{}",), FormatError), ((b"not PEM",), FormatError)])
def test_a_trust_file_that_cannot_be_read_is_refused(trust: tuple[bytes, ...], kind: type[Exception]):
    with pytest.raises(kind):
        verify_apart(replace(NOTHING, trust=trust))


def test_an_unknown_profile_is_refused():
    with pytest.raises(UsageError):
        verify_apart(replace(NOTHING, profile="court"))


def test_a_file_that_needs_more_memory_than_there_is_ends_in_a_refusal():
    huge = replace(NOTHING, data=b"%PDF-1.7\n" + bytes(64 * 1024 * 1024))
    with pytest.raises(LimitError):
        verify_apart(huge, memory=96 * 1024 * 1024)


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(LimitError, match="more time"):
        verify_apart(NOTHING, seconds=0.001)
