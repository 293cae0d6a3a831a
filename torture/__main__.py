"""``python -m torture``: kill, starve and cut off real servers for some minutes, and print what clients lost by it.

Each cycle's plan is drawn from ``--seed`` and the cycle's number. Its result is a line of ``var/torture/<seed>.jsonl``,
so that the same seed goes on where it stopped. A cycle waits for its servers most of the time: as many as the machine
has cores run beside each other, each in a process of its own. Planted bugs take their turn among the cycles: a run is
only worth something if it would have seen them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from torture.cycles import KINDS, ORDER, end_tidily, run
from torture.findings import Findings

MOST_CYCLES = 10_000
AHEAD = 4  # cycles a core that are begun or wait, so that no core waits for a long one to be reported
RESULTS = Path("var/torture")


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

    def enough() -> bool:
        kills, states = (sum(getattr(found, name) for found in table.values()) for name in ("kills", "power_cuts"))
        return time.monotonic() > deadline or (kills >= options.kills and states >= options.kills)

    if not enough():
        for number, kind, found in _side_by_side(options.seed, len(lines), options.jobs, enough):
            table[kind].add(found)
            with results.open("a") as file:
                file.write(json.dumps({"kind": kind, "findings": found.to_value()}) + "\n")
            print(f"  {options.seed}-{number} {kind}: {_counts(found)}", *found.complaints, flush=True)
    _print(table)
    return 0 if all(found.clean for found in table.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description="Kill, starve and cut off real servers.")
    parser.add_argument(
        "--kills", type=int, default=1000, help="end after so many kills and power cuts (default: 1000)"
    )
    parser.add_argument("--minutes", type=float, default=10, help="end after so many minutes (default: 10)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cycles at once (default: one a core)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of an earlier run, to repeat it or to go on")
    return parser.parse_args()


def _side_by_side(seed: str, first: int, jobs: int, enough: Callable[[], bool]) -> Iterator[tuple[int, str, Findings]]:
    """Run cycles from number ``first`` on, and give each with its kind and findings, in their order."""
    with ProcessPoolExecutor(jobs, get_context("spawn"), end_tidily) as pool, _nothing_left_behind(pool):
        last = first + AHEAD * jobs
        ahead = {number: pool.submit(run, seed, number) for number in range(first, last)}
        for number in range(first, MOST_CYCLES):
            yield number, ORDER[number % len(ORDER)], ahead.pop(number).result()
            if not enough():
                ahead[last] = pool.submit(run, seed, last)
                last += 1
                continue
            left = [next_one for next_one in sorted(ahead) if not ahead[next_one].cancel()]
            yield from ((one, ORDER[one % len(ORDER)], ahead[one].result()) for one in left)
            return


@contextmanager
def _nothing_left_behind(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Who is told to end waits for the cycles that run, until they have ended their servers, and begins no more."""
    end_tidily()
    try:
        yield
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


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
