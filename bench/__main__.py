"""``python -m bench [--full] [--only GROUP] [--json FILE]``: measure, print the table with its ratios.

Each group is measured in a process of its own, so that one's memory is not another's and a failure leaves the others'
figures; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bench.groups import GROUPS, measure_apart
from bench.table import Cost, Row, machine, print_rows, to_json


def main() -> int:
    """Run the groups in order; print progress, then everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure beside the peers.")
    parser.add_argument("--full", action="store_true", help="the large cases too")
    parser.add_argument("--only", choices=GROUPS, help="one group")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"), help="default: var/bench.json")
    options = parser.parse_args()
    rows: list[Row] = []
    costs: list[Cost] = []
    chosen = [name for name in GROUPS if options.only in (None, name)]
    begin = time.monotonic()
    print(f"machine before: {machine()}", flush=True)
    for name in chosen:
        print(f"measuring {name} …", flush=True)
        found = measure_apart(name, options.full)
        if found is not None:
            rows += found[0]
            costs.append(found[1])
    print_rows(rows, costs)
    print(f"\nmachine after: {machine()}; {time.monotonic() - begin:.0f} s in all")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(to_json(rows, costs), encoding="utf-8")
    return 0 if len(costs) == len(chosen) else 1


raise SystemExit(main())
