"""How long and how much: the goals of a run, its time, and the work of many processes that keeps to both.

::

    plan = Plan(kills=1000, mutants=10_000, minutes=10)
    with processes(2) as pool:
        for number, found in side_by_side(pool, cycle, 0, plan.end_of_cycles, lambda: plan.killed_enough(total)):
            ...
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context

from torture.cycles import end_tidily
from torture.findings import Findings
from torture.hurry import keep_to, time_is_over
from torture.mutants import BUNDLES, PDFS

AHEAD = 4 * (os.cpu_count() or 1)  # begun or waiting, so that no core waits for a long one to be reported
MUTANTS_SHARE = 0.25  # of the time, at the most
LAST = 60.0  # seconds that a cycle may take to end in peace, once it is told to
LAST_SHARE = 0.3  # of the time, where that is shorter

Work = Callable[[int], Findings]  # by its number


@dataclass(frozen=True)
class Plan:
    """The goals, and the moments of ``time.monotonic`` until which work for them is begun."""

    kills: int
    mutants: int
    minutes: float
    """0: until the goals are reached, however long that takes."""
    begin: float = field(default_factory=time.monotonic)

    @property
    def end_of_mutants(self) -> float:
        """The verifier's share; what it leaves is the servers'."""
        return self._after(MUTANTS_SHARE * 60 * self.minutes)

    @property
    def end_of_cycles(self) -> float:
        """So early that the last ones end in time: they break nothing more from then on."""
        seconds = 60 * self.minutes
        return self._after(seconds - min(LAST, LAST_SHARE * seconds))

    def _after(self, seconds: float) -> float:
        return self.begin + seconds if self.minutes else float("inf")

    def killed_enough(self, found: Findings) -> bool:
        """As many kills, and as many power cuts."""
        return min(found.kills, found.power_cuts) >= self.kills

    def mutated_enough(self, found: Findings) -> bool:
        """As many PDFs, and half as many bundles."""
        return found.mutants * PDFS >= self.mutants * (PDFS + BUNDLES)

    def missing(self, found: Findings) -> list[str]:
        """What the time did not suffice for, in words."""
        pdfs = found.mutants * PDFS // (PDFS + BUNDLES)
        reached = {"kills": found.kills, "power cuts": found.power_cuts, "mutated PDFs": pdfs}
        goals = {"kills": self.kills, "power cuts": self.kills, "mutated PDFs": self.mutants}
        return [f"{reached[what]:,} of {goal:,} {what}" for what, goal in goals.items() if reached[what] < goal]


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """A pool of so many processes; who is told to end waits for what runs there, until it has ended its servers."""
    with ProcessPoolExecutor(jobs, get_context("spawn"), end_tidily) as pool:
        end_tidily()
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def side_by_side(
    pool: Executor, work: Work, first: int, end: float, enough: Callable[[], bool], ahead: int = AHEAD
) -> Iterator[tuple[int, Findings]]:
    """Do ``work`` from number ``first`` on, ``ahead`` numbers at a time; give what each came to, in their order.

    Nothing is begun after ``end`` or once there is ``enough``; what is begun is finished, and no number is left out.
    """
    if enough():
        return
    coming = {number: pool.submit(_in_time, work, number, end) for number in range(first, first + ahead)}
    for number in count(first):
        found = coming.pop(number).result()
        if found is None:
            return
        yield number, found
        if enough():
            yield from _begun(coming)
            return
        coming[number + ahead] = pool.submit(_in_time, work, number + ahead, end)


def _in_time(work: Work, number: int, end: float) -> Findings | None:
    """In the pool, which begins its work in order: None for this number means None for all after it."""
    keep_to(end)
    return None if time_is_over() else work(number)


def _begun(coming: dict[int, Future[Findings | None]]) -> Iterator[tuple[int, Findings]]:
    for number in [number for number in sorted(coming) if not coming[number].cancel()]:
        found = coming[number].result()
        if found is None:
            return
        yield number, found
