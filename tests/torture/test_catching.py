"""A planted bug of each kind is seen; `make torture` plants all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from torture import clients
from torture.bugs import BUGS
from torture.catching import TRIALS, catch
from torture.clients import DAMAGED
from torture.cycles import KINDS, ORDER, its_turn
from torture.killing import make_venue
from torture.trials import forged_signature, killed_before_a_mail, no_authority

SEED = "2025-04-11"


def test_there_is_a_trial_for_every_planted_bug():
    assert TRIALS.keys() == BUGS.keys()
    assert len(TRIALS) >= 10


def test_a_long_run_plants_every_bug_and_has_outages_on_both_databases():
    turns = [its_turn(number) for number in range(5 * len(ORDER))]
    assert {turn % len(TRIALS) for kind, turn in turns if kind == "planted bugs"} == set(range(len(TRIALS)))
    assert {turn % 2 for kind, turn in turns if kind == "outages around it"} == {0, 1}
    assert set(ORDER) == set(KINDS)


def test_a_signature_that_fits_nothing_is_refused_and_would_be_seen(tmp_path: Path):
    assert forged_signature(make_venue(tmp_path / "venue", 2), SEED).clean
    assert not catch("unverified", tmp_path / "planted", SEED).clean


def test_without_an_authority_nothing_is_signed_and_the_services_own_clock_would_be_seen(tmp_path: Path):
    found = no_authority(make_venue(tmp_path / "venue", 2), SEED)
    assert found.clean, found.complaints
    assert not catch("own clock instead", tmp_path / "planted", SEED).clean


def test_a_receipt_made_anew_for_a_repeated_request_is_seen(tmp_path: Path):
    assert any("another answer" in words for words in catch("receipts anew", tmp_path / "planted", SEED).complaints)


def test_a_receipt_or_a_guard_that_is_ahead_of_the_standby_is_seen(tmp_path: Path):
    assert not catch("receipts before the standby", tmp_path / "planted", SEED).clean


def test_a_damaged_database_is_seen_without_waiting_for_what_will_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clients, "DAMAGED_FOR", 1.0)
    complaints = catch("any successor", tmp_path / "planted", SEED).complaints
    assert any(re.search(rf"could not sign: .* no answer for \d s: 503: .*{DAMAGED}", words) for words in complaints)
    assert any("nobody has countersigned" in words for words in complaints)


def test_a_server_that_dies_with_a_mail_in_its_hands_loses_none_and_one_marked_too_early_would_be_seen(tmp_path: Path):
    found = killed_before_a_mail(make_venue(tmp_path / "venue", 2), SEED)
    assert found.clean, found.complaints
    assert found.kills == 2
    assert any("is nowhere" in words for words in catch("sent before sending", tmp_path / "planted", SEED).complaints)
