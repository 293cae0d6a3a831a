"""The kinds of cycles that ``python -m torture`` runs, in their order; each is one call, for a process of its own."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from signing_service.errors import SigningServiceError
from torture.catching import TRIALS, catch
from torture.clocks import JUMPS, let_the_clock_jump
from torture.failover import fail_over, stay_away
from torture.faults import break_the_disk
from torture.findings import Findings
from torture.hurry import keep_to
from torture.killing import make_venue, run_cycle
from torture.outages import live_through_outages
from torture.postgres import Cluster
from torture.power import cut_the_power
from torture.workers import kill_a_worker
from torture.wrong_starts import begin_by_wrong_clocks

PARTIES = 24
FEW = 4
FAULTY = 12
FAULTS_A_CYCLE = 20
KILLS_A_CYCLE = 60
STATES_A_CYCLE = 200

Cycle = Callable[[Path, str, int], Findings]  # folder, seed, how often the kind had its turn before


def end_tidily() -> None:
    """Take a SIGTERM as an error, so that whoever is told to end ends its servers first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def run(seed: str, number: int) -> Findings:
    """Run the cycle of that number; its folder is kept where something was found."""
    kind, turn = its_turn(number)
    return _in_a_folder(KINDS[kind], f"{seed}-{number}", turn)


def its_turn(number: int) -> tuple[str, int]:
    """The kind of the cycle of that number, and how many cycles of that kind come before it."""
    rounds, place = divmod(number, len(ORDER))
    kind = ORDER[place]
    return kind, rounds * ORDER.count(kind) + ORDER[:place].count(kind)


def _in_a_folder(cycle: Cycle, seed: str, turn: int) -> Findings:
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        found = cycle(folder / "venue", seed, turn)
    except SigningServiceError as error:
        found = Findings(complaints=[f"it could not go on: {error.message}"])
    if found.clean:
        shutil.rmtree(folder)
    else:
        found.complaints.append(f"kept in {folder}")
    return found


def _on_sqlite(folder: Path, seed: str, _turn: int) -> Findings:
    return run_cycle(make_venue(folder, PARTIES), seed, KILLS_A_CYCLE)


def _on_postgresql(folder: Path, seed: str, _turn: int) -> Findings:
    cluster = Cluster.make()
    try:
        return run_cycle(make_venue(folder, PARTIES, cluster.url), seed, KILLS_A_CYCLE)
    finally:
        cluster.remove()


def _failing_over(folder: Path, seed: str, turn: int) -> Findings:
    """The primary is lost while the standby follows, or while it is away, in turn."""
    return fail_over(folder, seed, FEW) if turn % 2 == 0 else stay_away(folder, seed, FEW)


def _without_power(folder: Path, seed: str, _turn: int) -> Findings:
    return cut_the_power(make_venue(folder, FEW), seed, STATES_A_CYCLE)


def _failing_disk(folder: Path, seed: str, _turn: int) -> Findings:
    found = break_the_disk(make_venue(folder, FAULTY), seed, FAULTS_A_CYCLE)
    found.excuses.clear()
    return found


def _jumping_clock(folder: Path, seed: str, _turn: int) -> Findings:
    found = let_the_clock_jump(make_venue(folder, len(JUMPS)), seed)
    found.add(begin_by_wrong_clocks(folder.with_name("begun"), seed))
    found.excuses.clear()
    return found


def _outages(folder: Path, seed: str, turn: int) -> Findings:
    """On SQLite and on PostgreSQL in turn."""
    if turn % 2 == 0:
        return live_through_outages(folder, seed, FAULTY)
    cluster = Cluster.make()
    try:
        return live_through_outages(folder, seed, FAULTY, cluster)
    finally:
        cluster.remove()


def _killed_worker(folder: Path, _seed: str, _turn: int) -> Findings:
    cluster = Cluster.make()
    try:
        return kill_a_worker(folder, FAULTY, cluster)
    finally:
        cluster.remove()


def _planted(folder: Path, seed: str, turn: int) -> Findings:
    """One bug after the other; what its trial finds is what was wanted."""
    keep_to(float("inf"))  # else it might not be seen, only because the time was over
    bug = list(TRIALS)[turn % len(TRIALS)]
    caught = not catch(bug, folder, seed).clean
    return Findings(planted=1, caught=int(caught), complaints=[] if caught else [f"nobody saw the bug “{bug}”"])


KINDS: dict[str, Cycle] = {
    "killed on SQLite": _on_sqlite,
    "killed on PostgreSQL": _on_postgresql,
    "power cuts": _without_power,
    "failing disk": _failing_disk,
    "jumping clock": _jumping_clock,
    "standby promoted": _failing_over,
    "outages around it": _outages,
    "worker killed": _killed_worker,
    "planted bugs": _planted,
}
ORDER = (
    "killed on SQLite",
    "power cuts",
    "planted bugs",
    "killed on PostgreSQL",
    "killed on SQLite",
    "failing disk",
    "planted bugs",
    "outages around it",
    "killed on PostgreSQL",
    "power cuts",
    "killed on SQLite",
    "standby promoted",
    "worker killed",
    "planted bugs",
    "killed on PostgreSQL",
    "jumping clock",
    "outages around it",
)
