"""Rows of the benchmark table, and how they are printed."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.yardstick import yardstick


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


@dataclass(frozen=True, slots=True)
class Cost:
    """What measuring a group took, in a process of its own, the processes that it started included."""

    group: str
    wall: float
    """Seconds."""
    cpu: float
    """Seconds, of all cores."""
    peak_memory_mb: float
    """Of the largest of the processes."""
    load: tuple[float, float, float]
    """Of the machine, as it ended: over 1, 5 and 15 minutes."""


def cost_so_far(group: str, begin: float) -> Cost:
    """What this process has taken since ``begin`` (time.perf_counter)."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    memory = max(usage.ru_maxrss for usage in usages) / 1024
    return Cost(group, time.perf_counter() - begin, cpu, memory, os.getloadavg())


def peak_memory() -> float:
    """The most memory that this process has held, in MB; getrusage would count what its parent held."""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found, "Linux says it"
    return int(found[1]) / 1024


def machine() -> dict[str, Any]:
    """What the figures were measured on; the yardstick's work in milliseconds of CPU."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "yardstick": yardstick(),
    }


def print_rows(rows: list[Row], costs: Sequence[Cost] = ()) -> None:
    """Print the table as text, each group under what it took."""
    group, took = "", {cost.group: cost for cost in costs}
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        if row.group != group:
            group = row.group
            print(f"\n{group}{_in_words(took[group]) if group in took else ''}")
        figure = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
        ratio = f"{row.ratio:,.0f}x" if row.ratio is not None else ""
        print(f"  {row.name:<{width}} {figure:>10} {row.unit:<12} {row.goal:<26} {ratio:>7} {row.peer}")


def _in_words(cost: Cost) -> str:
    load = " ".join(f"{value:.1f}" for value in cost.load)
    return f"   ({cost.wall:.0f} s, {cost.cpu:.0f} s of CPU, {cost.peak_memory_mb:.0f} MB at most, load {load})"


def to_json(rows: list[Row], costs: Sequence[Cost] = ()) -> str:
    """The table as JSON, with the machine and what each group took."""
    groups = [asdict(cost) for cost in costs]
    return json.dumps({"machine": machine(), "groups": groups, "rows": [asdict(row) for row in rows]}, indent=1)
