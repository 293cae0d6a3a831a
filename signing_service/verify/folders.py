"""Many files: verified in parallel, one line each, a summary, the exit code of the worst.

exit_code = verify_many(paths, trust_files, at, "agreement", jobs=2, as_json=False)
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from signing_service.errors import SigningServiceError
from signing_service.verify.command import read_trust_files, verify_path
from signing_service.verify.json_report import report_to_json
from signing_service.verify.kinds import ABOUT_ONE
from signing_service.verify.terminal import Progress, shows_colour, width_of
from signing_service.verify.text import clean, file_line, hint_text, one_line, painted_count
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Verdict, worst
from signing_service.verify.wrapping import counted

_FILES_PER_TASK = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker sends back for one file; a whole report only where JSON is asked for."""

    verdict: Verdict
    line: str
    report: dict[str, Any] | None
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What is the same for every file."""

    trust: Trust
    at: datetime
    profile: str
    as_json: bool
    colour: bool
    width: int

    def __call__(self, path: Path) -> Outcome:
        """Verify one file; what cannot be read is INDETERMINATE, and does not stop the others."""
        try:
            report = verify_path(path, self.trust, self.at, self.profile)
        except SigningServiceError as error:
            verdict = Verdict.INDETERMINATE
            line = file_line(verdict, clean(error.message), colour=self.colour, width=self.width)
            return Outcome(verdict, line, None, (error.hint,) if error.hint else ())
        full = report_to_json(report) if self.as_json else None
        line = one_line(report, colour=self.colour, width=self.width)
        return Outcome(report.verdict, line, full, tuple(hint for hint in report.hints if hint not in ABOUT_ONE))


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a worker process makes its Task: certificates do not travel between processes."""

    trust_files: tuple[str, ...]
    at: datetime
    profile: str
    as_json: bool
    colour: bool
    width: int

    def make(self) -> Task:
        """Read the trust files and give the task."""
        trust = read_trust_files(self.trust_files)
        return Task(trust, self.at, self.profile, self.as_json, self.colour, self.width)


_TASKS: list[Task] = []  # a worker process's own, set once by its initialiser


def _initialise(recipe: _Recipe) -> None:
    _TASKS.append(recipe.make())


def _run(path: Path) -> Outcome:
    return _TASKS[0](path)


def verify_many(
    paths: Sequence[Path], trust_files: Sequence[str], at: datetime, profile: str, jobs: int, *, as_json: bool
) -> int:
    """Verify ``paths`` by ``jobs`` processes (0: one a core), print, and give the worst exit code."""
    colour, width = (False, 0) if as_json else (shows_colour(sys.stdout), width_of(sys.stdout))
    recipe = _Recipe(tuple(trust_files), at, profile, as_json, colour, width)
    outcomes: list[Outcome] = []
    with Progress(len(paths)) as progress:
        for outcome in _outcomes(paths, recipe, jobs or os.cpu_count() or 1):
            outcomes.append(outcome)
            if not as_json:
                progress.line(outcome.line)
            progress.show(len(outcomes))
    counts = Counter(outcome.verdict for outcome in outcomes)
    verdict = worst(outcome.verdict for outcome in outcomes)
    if as_json:
        files = [outcome.report or {"verdict": outcome.verdict.value, "message": outcome.line} for outcome in outcomes]
        document = {"v": 1, "verdict": verdict.value, "exit_code": verdict.exit_code, "files": files}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        summary = ", ".join(painted_count(counts[item], item, colour) for item in Verdict if counts[item])
        print(f"{counted(len(outcomes), 'file')}: {summary}")
        for hint in dict.fromkeys(hint for outcome in outcomes for hint in outcome.hints):
            print(hint_text(hint, width))
    return verdict.exit_code


def _outcomes(paths: Sequence[Path], recipe: _Recipe, jobs: int) -> Iterator[Outcome]:
    if min(jobs, len(paths)) == 1:
        yield from map(recipe.make(), paths)
        return
    with get_context().Pool(min(jobs, len(paths)), _initialise, (recipe,)) as pool:
        yield from pool.imap(_run, paths, chunksize=_FILES_PER_TASK)
