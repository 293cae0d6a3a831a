"""Rows of the benchmark table, and how they are printed."""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, with its goal and its peer where there is one."""

    group: str
    name: str
    value: float
    unit: str
    goal: str = ""
    """As DESIGN 11 or an issue says it."""
    peer: str = ""
    """What the peer took, in words."""
    ratio: float | None = None
    """How many times faster than the peer."""


def best_of(times: int, work: Callable[[], Any]) -> float:
    """The shortest wall time of some runs, in seconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def print_rows(rows: list[Row]) -> None:
    """Print the table as text."""
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            print(f"\n{group}")
        figure = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
        ratio = f"{row.ratio:,.0f}x" if row.ratio is not None else ""
        print(f"  {row.name:<52} {figure:>10} {row.unit:<12} {row.goal:<26} {ratio:>7} {row.peer}")


def to_json(rows: list[Row]) -> str:
    """The table as JSON, with the machine."""
    return json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1)
