"""What a terminal is told beyond the report: whether it shows colours, how wide it is, how far a folder is.

with Progress(len(paths)) as progress:
    for done, outcome in enumerate(outcomes, 1):
        progress.line(outcome.line)
        progress.show(done)
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

_BAR = 30  # columns of a full bar, where there is room
_LEAST = 8  # below this no bar is drawn, only numbers
_CLEAR = "\r\x1b[K"


def shows_colour(stream: TextIO) -> bool:
    """Whether colours are wanted: a terminal that has them, and nobody set NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO, otherwise: int = 0) -> int:
    """Columns of a terminal; of a file or pipe ``otherwise``, by default 0: its lines are not broken.

    A report is a page, and gets :data:`.wrapping.PAPER`; a list with one line for each file is for other programs too.
    """
    return shutil.get_terminal_size().columns if stream.isatty() else otherwise


class Progress:
    """A bar on standard error, where that is a terminal, below the lines that are printed."""

    def __init__(self, total: int) -> None:
        """``total``: how many files there are."""
        self._total, self._begin = total, time.monotonic()
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        self.show(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")

    def line(self, text: str) -> None:
        """Print a line above the bar."""
        self._write("")
        print(text, flush=self._shown)

    def show(self, done: int) -> None:
        """Draw the bar anew."""
        passed = time.monotonic() - self._begin
        left = f", {passed * (self._total - done) / done:.0f} s left" if 0 < done < self._total and passed > 2 else ""
        numbers = f"{done} of {self._total}{left}"
        columns = min(_BAR, shutil.get_terminal_size().columns - len(numbers) - 4) if self._shown else 0
        filled = columns * done // max(1, self._total)
        bar = f"[{'#' * filled}{'.' * (columns - filled)}] " if columns >= _LEAST else ""
        self._write(bar + numbers)

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(_CLEAR + text)
            sys.stderr.flush()
