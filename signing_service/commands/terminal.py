"""What commands share on the terminal: settings from the environment, log lines, a two-column listing."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Mapping

from signing_service.settings import Settings, parse_settings
from signing_service.verify.options import Parser


def make_parser(command: str, doc: str | None) -> argparse.ArgumentParser:
    """An argument parser whose description is the command's module docstring without its first line."""
    description = (doc or "").partition("\n\n")[2].strip().replace("``", "")
    return Parser(command, description)


def settings_from_environment(defaults: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; ``defaults`` (full variable names) stand in for what is not set."""
    return parse_settings({**(defaults or {}), **{name: text for name, text in os.environ.items() if text}})


class ProgressBar:
    """A bar on standard error while something takes its time; nothing where that is no terminal."""

    WIDTH = 30  # characters
    INTERVAL = 0.1  # seconds between two drawings

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._drawn = 0.0
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def show(self, done: int, total: int) -> None:
        """Draw ``done`` of ``total``, at most ten times a second."""
        now = time.monotonic()
        if not self._is_shown or now - self._drawn < self.INTERVAL:
            return
        self._drawn = now
        filled = self.WIDTH * done // max(total, 1)
        bar = "█" * filled + "·" * (self.WIDTH - filled)
        print(f"\r{bar} {done} of {total} {self._unit}", end="", file=sys.stderr, flush=True)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print labels and values in two columns; a value of several lines is indented."""
    rows = list(pairs)
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        print(f"  {label:<{width}}  " + value.replace("\n", "\n" + " " * (width + 4)))
