from __future__ import annotations

from pathlib import Path

from torture.clocks import JUMPS, let_the_clock_jump
from torture.killing import make_venue
from torture.wrong_starts import begin_by_wrong_clocks, go_on_from_the_future


def test_a_clock_that_jumps_makes_no_signature_and_leaves_evidence_that_verifies(tmp_path: Path):
    found = let_the_clock_jump(make_venue(tmp_path / "venue", len(JUMPS)), "2025-04-11")
    assert found.clean, found.complaints
    assert (found.faults, found.acknowledged) == (len(JUMPS), len(JUMPS) + 1)
    assert any("clock jumped by 300 seconds" in said for said in found.excuses)


def test_by_a_clock_that_was_wrong_from_the_start_nothing_is_recorded_and_doctor_says_so(tmp_path: Path):
    found = begin_by_wrong_clocks(tmp_path / "venue", "2025-04-11")
    assert found.clean, found.complaints
    assert (found.faults, found.acknowledged) == (6, 3)


def test_what_was_recorded_by_a_clock_ahead_makes_its_own_agreement_wait_and_nothing_else(tmp_path: Path):
    found = go_on_from_the_future(tmp_path / "venue", "2025-04-11")
    assert found.clean, found.complaints
    assert found.faults == 1
