"""A run keeps to its time and its goals, goes on where it stopped, and says in one table what it came to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import cast

import pytest

from torture import __main__ as command
from torture import cycles, killing
from torture.__main__ import MUTANTS, Journal
from torture.clients import Ledger
from torture.findings import Findings
from torture.hurry import keep_to, time_is_over
from torture.mutants import BUNDLES, PDFS, verify_mutants
from torture.plan import Plan, side_by_side
from torture.server import Server

NEVER = float("inf")
COUNTED = (
    "kills", "faults", "power cuts", "acknowledged", "lost", "doubled", "forks", "recovery", "bugs planted", "caught",
    "mutants", "let through",
)  # fmt: skip


def work(goal: int, first: int = 0, end: float = NEVER) -> list[int]:
    """The numbers of the work that was done until there were enough kills."""
    total, done, begun = Findings(), list[int](), list[int]()

    def one_kill(number: int) -> Findings:
        begun.append(number)
        return Findings(kills=1)

    with ThreadPoolExecutor(2) as pool:
        for number, found in side_by_side(pool, one_kill, first, end, lambda: total.kills >= goal, ahead=3):
            total.add(found)
            done.append(number)
    assert sorted(begun) == done, "what was begun is reported, and what was reported was done"
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


class Undying:
    """A server that is there again at once, however often it is killed."""

    alive, last_recovery, kills = True, 0.0, 0

    def kill(self) -> None:
        self.kills += 1

    def start(self, _point: str | None = None, _count: int = 0) -> bool:
        return True


@pytest.fixture
def over() -> Iterator[None]:
    """The time is over."""
    keep_to(0.0)
    yield
    keep_to(NEVER)


@pytest.mark.usefixtures("over")
def test_once_the_time_is_over_nothing_more_is_killed_although_clients_go_on():
    server = Undying()
    killing._kill(cast("Server", server), Ledger(), Random(1), 5, (), lambda: False)
    assert server.kills == 0
    keep_to(NEVER)
    killing._kill(cast("Server", server), Ledger(), Random(1), 5, (), lambda: False)
    assert server.kills >= 5


@pytest.mark.usefixtures("over")
def test_a_planted_bug_is_given_all_the_time_in_which_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cycles, "catch", lambda *_: Findings(complaints=["the time is over"] if time_is_over() else []))
    assert cycles._planted(tmp_path, "s", 0).caught == 0
