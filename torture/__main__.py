"""``python -m torture``: kill, starve and cut off real servers for some minutes, and print what clients lost by it.

Each cycle's plan is drawn from ``--seed`` and the cycle's number. Its result is a line of ``var/torture/<seed>.jsonl``,
so that the same seed goes on where it stopped. Planted bugs take their turn among the cycles: a run is only worth
something if it would have seen them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from torture.catching import TRIALS, catch
from torture.clocks import JUMPS, let_the_clock_jump
from torture.failover import fail_over
from torture.faults import break_the_disk
from torture.findings import Findings
from torture.killing import make_venue, run_cycle
from torture.postgres import Cluster
from torture.power import cut_the_power

PARTIES = 24
FEW = 4
FAULTY = 12
FAULTS_A_CYCLE = 20
KILLS_A_CYCLE = 60
STATES_A_CYCLE = 150
MOST_CYCLES = 10_000
RESULTS = Path("var/torture")

Cycle = Callable[[Path, str, int], Findings]  # folder, seed, how often the kind had its turn before


def main() -> int:
    """Run cycles until enough kills or minutes; exit 0 only if every cycle was clean."""
    options = _options()
    deadline = time.monotonic() + 60 * options.minutes
    results = RESULTS / f"{options.seed}.jsonl"
    results.parent.mkdir(parents=True, exist_ok=True)
    lines = results.read_text().splitlines() if results.exists() else []
    table = {kind: Findings() for kind in KINDS}
    for line in lines:
        value = json.loads(line)
        table[value["kind"]].add(Findings.from_value(value["findings"]))
    print(f"seed {options.seed}, {len(lines)} cycles done before; load {os.getloadavg()[0]:.1f}", flush=True)
    for number in range(len(lines), MOST_CYCLES):
        if time.monotonic() > deadline or sum(found.kills for found in table.values()) >= options.kills:
            break
        kind = ORDER[number % len(ORDER)]
        found = _run(KINDS[kind], f"{options.seed}-{number}", number // len(ORDER))
        table[kind].add(found)
        with results.open("a") as file:
            file.write(json.dumps({"kind": kind, "findings": found.to_value()}) + "\n")
        print(f"  {options.seed}-{number} {kind}: {_counts(found)}", *found.complaints, flush=True)
    _print(table)
    return 0 if all(found.clean for found in table.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description="Kill, starve and cut off real servers.")
    parser.add_argument("--kills", type=int, default=1000, help="end after so many kills (default: 1000)")
    parser.add_argument("--minutes", type=float, default=10, help="end after so many minutes (default: 10)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of an earlier run, to repeat it or to go on")
    return parser.parse_args()


def _run(cycle: Cycle, seed: str, turn: int) -> Findings:
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    found = cycle(folder / "venue", seed, turn)
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


def _failing_over(folder: Path, seed: str, _turn: int) -> Findings:
    return fail_over(folder, seed, FEW)


def _without_power(folder: Path, seed: str, _turn: int) -> Findings:
    return cut_the_power(make_venue(folder, FEW), seed, STATES_A_CYCLE)


def _failing_disk(folder: Path, seed: str, _turn: int) -> Findings:
    found = break_the_disk(make_venue(folder, FAULTY), seed, FAULTS_A_CYCLE)
    found.excuses.clear()
    return found


def _jumping_clock(folder: Path, seed: str, _turn: int) -> Findings:
    found = let_the_clock_jump(make_venue(folder, len(JUMPS)), seed)
    found.excuses.clear()
    return found


def _planted(folder: Path, seed: str, turn: int) -> Findings:
    """One bug after the other; what its trial finds is what was wanted."""
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
    "killed on PostgreSQL",
    "power cuts",
    "killed on SQLite",
    "standby promoted",
    "planted bugs",
    "killed on PostgreSQL",
    "jumping clock",
)
_COLUMNS = {
    "kills": "kills",
    "power_cuts": "power cuts",
    "faults": "faults",
    "acknowledged": "acknowledged",
    "lost": "lost",
    "doubled": "doubled",
    "forks": "forks",
    "planted": "bugs planted",
    "caught": "caught",
}


def _counts(found: Findings) -> str:
    return ", ".join(f"{getattr(found, name)} {words}" for name, words in _COLUMNS.items() if getattr(found, name))


def _print(table: dict[str, Findings]) -> None:
    total = Findings()
    for found in table.values():
        total.add(found)
    print(f"\n{'':<24}" + "".join(f"{words:>14}" for words in _COLUMNS.values()) + f"{'recovery':>12}")
    for kind, found in {**table, "in all": total}.items():
        counts = "".join(f"{getattr(found, name):>14,}" for name in _COLUMNS)
        print(f"{kind:<24}{counts}{found.longest_recovery:>10.1f} s")
    for kind, found in table.items():
        for complaint in found.complaints:
            print(f"! {kind}: {complaint}")


if __name__ == "__main__":
    sys.exit(main())
