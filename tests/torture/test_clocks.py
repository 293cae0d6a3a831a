from __future__ import annotations

from pathlib import Path

from torture.clocks import JUMPS, let_the_clock_jump
from torture.killing import make_venue


def test_a_clock_that_jumps_makes_no_signature_and_leaves_evidence_that_verifies(tmp_path: Path):
    found = let_the_clock_jump(make_venue(tmp_path / "venue", len(JUMPS)), "2025-04-11")
    assert found.clean, found.complaints
    assert (found.faults, found.acknowledged) == (len(JUMPS), len(JUMPS) + 1)
    assert any("clock jumped by 300 seconds" in said for said in found.excuses)
