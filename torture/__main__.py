"""``python -m torture``: kill real servers for some minutes, and print what became of what clients were told.

Each cycle's plan is drawn from ``--seed`` and the cycle's number. Its result is a line of ``var/torture/<seed>.jsonl``,
so that the same seed goes on where it stopped.
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

from torture.failover import fail_over
from torture.findings import Findings
from torture.killing import make_venue, run_cycle
from torture.postgres import Cluster

PARTIES = 8
KILLS_A_CYCLE = 20
RESULTS = Path("var/torture")

Cycle = Callable[[Path, str, int], Findings]


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
    number = len(lines)
    while time.monotonic() < deadline and sum(found.kills for found in table.values()) < options.kills:
        kind = list(KINDS)[number % len(KINDS)]
        seed = f"{options.seed}-{number}"
        found = _run(KINDS[kind], seed)
        table[kind].add(found)
        with results.open("a") as file:
            file.write(json.dumps({"kind": kind, "seed": seed, "findings": found.to_value()}) + "\n")
        print(f"  {seed} {kind}: {found.kills} kills, {found.acknowledged} acknowledged", *found.complaints, flush=True)
        number += 1
    _print(table)
    return 0 if all(found.clean for found in table.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description="Kill and starve real servers.")
    parser.add_argument("--kills", type=int, default=1000, help="end after so many kills (default: 1000)")
    parser.add_argument("--minutes", type=float, default=10, help="end after so many minutes (default: 10)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of an earlier run, to repeat it or to go on")
    return parser.parse_args()


def _run(cycle: Cycle, seed: str) -> Findings:
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    found = cycle(folder / "venue", seed, KILLS_A_CYCLE)
    if found.clean:
        shutil.rmtree(folder)
    else:
        found.complaints.append(f"kept in {folder}")
    return found


def _on_sqlite(folder: Path, seed: str, kills: int) -> Findings:
    return run_cycle(make_venue(folder, PARTIES), seed, kills)


def _on_postgresql(folder: Path, seed: str, kills: int) -> Findings:
    cluster = Cluster.make()
    try:
        return run_cycle(make_venue(folder, PARTIES, cluster.url), seed, kills)
    finally:
        cluster.remove()


def _failing_over(folder: Path, seed: str, _kills: int) -> Findings:
    return fail_over(folder, seed, PARTIES)


KINDS: dict[str, Cycle] = {
    "killed on SQLite": _on_sqlite,
    "killed on PostgreSQL": _on_postgresql,
    "standby promoted": _failing_over,
}


def _print(table: dict[str, Findings]) -> None:
    columns = ("kills", "faults", "acknowledged", "lost", "doubled", "forks")
    print(f"\n{'':<24}" + "".join(f"{column:>14}" for column in columns) + f"{'recovery':>12}")
    for kind, found in table.items():
        counts = "".join(f"{getattr(found, column):>14,}" for column in columns)
        print(f"{kind:<24}{counts}{found.longest_recovery:>10.1f} s")
    for kind, found in table.items():
        for complaint in found.complaints:
            print(f"! {kind}: {complaint}")


if __name__ == "__main__":
    sys.exit(main())
