"""``python -m torture``: mutate what is verified, kill, starve and cut off real servers, and print what was lost by it.

First, for a quarter of the time at the most, mutated PDFs and bundles are verified; then cycles of faults run. What
each does is drawn from ``--seed`` and its number. Its result is a line of ``var/torture/<seed>.jsonl``, so that the
same seed goes on where it stopped. A cycle waits for its servers most of the time: as many as the machine has cores
run beside each other, each in a process of its own. Planted bugs take their turn among the cycles: a run is only worth
something if it would have seen them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from functools import partial
from pathlib import Path

from torture.cycles import KINDS, ORDER, run
from torture.findings import Findings
from torture.mutants import verify_mutants
from torture.plan import Plan, processes, side_by_side

MUTANTS = "mutants verified"
RESULTS = Path("var/torture")


class Journal:
    """What was found so far, by kind; each piece of work is a line of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.table = {kind: Findings() for kind in (MUTANTS, *KINDS)}
        self.mutants = self.cycles = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else []:
            value = json.loads(line)
            self._take(value["kind"], Findings.from_value(value["findings"]))

    def add(self, kind: str, found: Findings) -> None:
        """Take in what one piece of work came to."""
        with self._path.open("a") as file:
            file.write(json.dumps({"kind": kind, "findings": found.to_value()}) + "\n")
        self._take(kind, found)

    def _take(self, kind: str, found: Findings) -> None:
        self.table[kind].add(found)
        if kind == MUTANTS:
            self.mutants += 1
        else:
            self.cycles += 1

    @property
    def total(self) -> Findings:
        """All kinds together."""
        total = Findings()
        for found in self.table.values():
            total.add(found)
        return total


def main() -> int:
    """Work until the goals are reached or the time is over; exit 0 only if everything was clean."""
    options = _options()
    plan = Plan(options.kills, options.mutants, options.minutes)
    journal = Journal(RESULTS / f"{options.seed}.jsonl")
    print(f"seed {options.seed}, {journal.cycles} cycles done before; load {os.getloadavg()[0]:.1f}", flush=True)
    _verify(options, plan, journal)
    _torture(options, plan, journal)
    _print(journal.table, journal.total)
    missing = plan.missing(journal.total)
    if missing:
        print(f"\nreached {', '.join(missing)}; SEED={options.seed} goes on, with MINUTES=0 until all is done")
    return 0 if journal.total.clean else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description="Kill, starve and cut off real servers.")
    parser.add_argument(
        "--kills", type=int, default=1000, help="end after so many kills and power cuts (default: 1000)"
    )
    parser.add_argument(
        "--mutants", type=int, default=10_000, help="mutated PDFs, and half as many bundles (default: 10000)"
    )
    parser.add_argument(
        "--minutes", type=float, default=10, help="begin nothing that would end later; 0: do all (default: 10)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cycles at once (default: one a core)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of an earlier run, to go on with it")
    return parser.parse_args()


def _verify(options: argparse.Namespace, plan: Plan, journal: Journal) -> None:
    found, end = journal.table[MUTANTS], plan.end_of_mutants
    with processes(options.jobs) as pool:
        batch = partial(verify_mutants, options.seed)
        for _, verified in side_by_side(pool, batch, journal.mutants, end, lambda: plan.mutated_enough(found)):
            journal.add(MUTANTS, verified)
            print(*(f"  {complaint}\n" for complaint in verified.complaints), sep="", end="", flush=True)
    print(f"  {found.mutants:,} mutants verified, {found.let_through} let through", flush=True)


def _torture(options: argparse.Namespace, plan: Plan, journal: Journal) -> None:
    end = plan.end_of_cycles
    with processes(options.jobs) as pool:
        cycle = partial(run, options.seed)
        for number, found in side_by_side(pool, cycle, journal.cycles, end, lambda: plan.killed_enough(journal.total)):
            kind = ORDER[number % len(ORDER)]
            journal.add(kind, found)
            print(f"  {options.seed}-{number} {kind}: {_counts(found)}", *found.complaints, flush=True)


_COLUMNS = {
    "kills": "kills",
    "power_cuts": "power cuts",
    "faults": "faults",
    "mutants": "mutants",
    "let_through": "let through",
    "acknowledged": "acknowledged",
    "lost": "lost",
    "doubled": "doubled",
    "forks": "forks",
    "planted": "bugs planted",
    "caught": "caught",
}


def _counts(found: Findings) -> str:
    return ", ".join(f"{getattr(found, name)} {words}" for name, words in _COLUMNS.items() if getattr(found, name))


def _print(table: dict[str, Findings], total: Findings) -> None:
    print(f"\n{'':<24}" + "".join(f"{words:>14}" for words in _COLUMNS.values()) + f"{'recovery':>12}")
    for kind, found in {**table, "in all": total}.items():
        counts = "".join(f"{getattr(found, name):>14,}" for name in _COLUMNS)
        print(f"{kind:<24}{counts}{found.longest_recovery:>10.1f} s")
    for kind, found in table.items():
        for complaint in found.complaints:
            print(f"! {kind}: {complaint}")


if __name__ == "__main__":
    sys.exit(main())
