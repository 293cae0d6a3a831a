"""``python -m bench [--full] [--only GROUP] [--json FILE]``: measure, print the table with its ratios."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench import agreements, growth, pressing, recording, rendering, signing, verifying
from bench.table import Row, machine, print_rows, to_json

GROUPS = {
    "rendering": rendering.measure,
    "signing": signing.measure,
    "verifying": verifying.measure,
    "record": recording.measure,
    "http": pressing.measure,
    "agreements": agreements.measure,
    "growth": growth.measure,
}


def main() -> int:
    """Run the groups in order; print progress, then everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure beside the peers.")
    parser.add_argument("--full", action="store_true", help="the large cases too")
    parser.add_argument("--only", choices=GROUPS, help="one group")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"), help="default: var/bench.json")
    options = parser.parse_args()
    rows: list[Row] = []
    begin = time.monotonic()
    print(f"machine before: {machine()}", flush=True)
    for name, measure in GROUPS.items():
        if options.only in (None, name):
            print(f"measuring {name} …", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(Path(folder), full=options.full)
    print_rows(rows)
    print(f"\nmachine after: {machine()}; {time.monotonic() - begin:.0f} s in all")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(to_json(rows), encoding="utf-8")
    return 0


raise SystemExit(main())
