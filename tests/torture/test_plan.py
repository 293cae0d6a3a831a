"""A run keeps to its time and its goals, goes on where it stopped, and says in one table what it came to."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from torture import __main__ as command
from torture.__main__ import MUTANTS, Journal
from torture.findings import Findings
from torture.hurry import keep_to
from torture.killing import make_venue, run_cycle
from torture.mutants import BUNDLES, PDFS, verify_mutants
from torture.plan import Plan, side_by_side

NEVER = float("inf")
COUNTED = (
    "kills", "faults", "power cuts", "acknowledged", "lost", "doubled", "forks", "recovery", "bugs planted", "caught",
    "mutants", "let through",
)  # fmt: skip


def one_kill(_number: int) -> Findings:
    return Findings(kills=1, power_cuts=1)


def work(goal: int, first: int = 0, end: float = NEVER) -> list[int]:
    """The numbers of the work that was done until there were enough kills."""
    total, done = Findings(), []
    with ThreadPoolExecutor(2) as pool:
        for number, found in side_by_side(pool, one_kill, first, end, lambda: total.kills >= goal, ahead=3):
            total.add(found)
            done.append(number)
    return done


@pytest.mark.parametrize("first", [0, 5])
def test_work_is_done_in_order_and_without_a_gap_until_there_is_enough(first: int):
    done = work(4, first)
    assert done == list(range(first, first + len(done)))
    assert 4 <= len(done) <= 4 + 2, "no more than were begun"


def test_nothing_is_begun_without_need_or_time():
    assert work(0) == []
    assert work(4, end=0.0) == []


def test_all_of_a_run_keeps_to_its_minutes():
    plan = Plan(1000, 10_000, 10, begin=100.0)
    assert 100 < plan.end_of_mutants <= 100 + 200
    assert plan.end_of_mutants < plan.end_of_cycles == 100 + 600 - 60
    assert Plan(1, 1, 2, begin=0.0).end_of_cycles == pytest.approx(84)
    endless = Plan(1000, 10_000, 0)
    assert endless.end_of_mutants == endless.end_of_cycles == NEVER


def test_what_the_time_did_not_suffice_for_is_told():
    plan = Plan(1000, 200, 10)
    found = Findings(kills=1001, power_cuts=40, mutants=PDFS + BUNDLES)
    assert (plan.killed_enough(found), plan.mutated_enough(found)) == (False, False)
    assert plan.missing(found) == ["40 of 1,000 power cuts", "100 of 200 mutated PDFs"]
    found.add(Findings(power_cuts=960, mutants=PDFS + BUNDLES))
    assert plan.killed_enough(found)
    assert plan.mutated_enough(found)
    assert plan.missing(found) == []


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of a run that has done all it was asked for: 7 kills, 7 power cuts and 7 PDFs."""
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["torture", "--seed", "s", "--kills", "7", "--mutants", "7"])
    journal = Journal(tmp_path / "s.jsonl")
    journal.add(MUTANTS, Findings(mutants=PDFS + BUNDLES))
    journal.add("killed on SQLite", Findings(kills=9, acknowledged=5, longest_recovery=1.5))
    journal.add("power cuts", Findings(power_cuts=8))
    return tmp_path / "s.jsonl"


def test_a_run_that_goes_on_begins_behind_what_was_done(run: Path):
    journal = Journal(run)
    assert (journal.mutants, journal.cycles) == (1, 2)
    assert (journal.total.kills, journal.total.power_cuts, journal.total.acknowledged) == (9, 8, 5)


def test_a_run_that_has_reached_its_goals_shows_all_counts_and_ends_well(run: Path, capsys: pytest.CaptureFixture[str]):
    assert command.main() == 0
    said = capsys.readouterr().out
    header = next(line for line in said.splitlines() if "acknowledged" in line)
    assert [word for word in COUNTED if word not in header] == []
    in_all = next(line for line in said.splitlines() if line.startswith("in all"))
    assert in_all.split()[2:] == ["9", "8", "0", "150", "0", "5", "0", "0", "0", "0", "0", "1.5", "s"]
    assert "goes on" not in said


BAD = (Findings(lost=1), Findings(doubled=1), Findings(forks=1), Findings(let_through=1), Findings(complaints=["x"]))


@pytest.mark.parametrize("bad", BAD)
def test_whatever_is_wrong_ends_a_run_badly(run: Path, bad: Findings):
    Journal(run).add("power cuts", bad)
    assert command.main() == 1


def test_a_batch_of_mutants_is_refused_and_one_that_passes_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torture.mutants.PDFS", 3)
    monkeypatch.setattr("torture.mutants.BUNDLES", 2)
    found = verify_mutants("2025-04-11", 0)
    assert found.clean, found.complaints
    assert found.mutants == 5
    monkeypatch.setattr("torture.mutants.judge", lambda mutant, _verify: (f"PASSED: {mutant.how}", 0.0))
    assert verify_mutants("2025-04-11", 0).let_through == 5


def test_once_the_time_is_over_a_cycle_breaks_nothing_more_and_ends_well(tmp_path: Path):
    keep_to(0.0)
    try:
        found = run_cycle(make_venue(tmp_path / "venue", 2), "2025-04-11", kills=20)
    finally:
        keep_to(NEVER)
    assert found.clean, found.complaints
    assert (found.acknowledged, found.kills) == (3, 1), "killed once, to be looked at in peace"
