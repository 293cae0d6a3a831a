"""Servers to be killed: ``signing-service serve`` in a process group of its own, forked from one that has imported it.

A start then costs a fraction of a second instead of the two seconds that the imports take, so that more kills fit
into a minute. What runs is the command itself: gunicorn, its worker process, its threads.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.crowd import Venue
from signing_service.ceremony.browser import wait_until_ready
from signing_service.errors import UnavailableError
from torture.bugs import plant
from torture.points import die_at

PATIENCE = 60.0  # seconds for a start, however busy the machine is
_PRELOADED = ["torture.server", "signing_service.web.app", "signing_service.commands.server", "signing_service.cli"]


def context() -> multiprocessing.context.ForkServerContext:
    """Where servers are forked from."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(_PRELOADED)
    return found


class Server:
    """One server after another on a venue; they are started, killed, and started again."""

    def __init__(self, venue: Venue, bug: str | None = None) -> None:
        """``bug`` is planted into each server of this venue."""
        self._venue, self._bug = venue, bug
        self._process: BaseProcess | None = None
        self.kills = 0
        self.longest_recovery = 0.0

    def start(self, point: str | None = None, count: int = 0) -> bool:
        """Start, and wait until it answers; False if it died before, at its point. ``longest_recovery`` is kept."""
        begin = time.monotonic()
        arguments = (self._venue.environment, str(self._venue.folder / "service.log"), point, count, self._bug)
        self._process = context().Process(target=_serve, args=arguments, daemon=False)
        self._process.start()
        while time.monotonic() < begin + PATIENCE:
            with contextlib.suppress(UnavailableError):
                wait_until_ready(self._venue.url, 0.2)
                if self.alive:
                    self.longest_recovery = max(self.longest_recovery, time.monotonic() - begin)
                    return True
            if not self.alive:
                return False
        raise UnavailableError("the server does not come up again", hint=str(self._venue.folder / "service.log"))

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """As multiprocessing gives it: negative for a signal, None while it runs."""
        return None if self._process is None else self._process.exitcode

    def kill(self) -> None:
        """kill -9 for its whole process group; counts a server that killed itself too."""
        process = self._process
        if process is None or process.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join(PATIENCE)
        _wait_until_gone(process.pid)
        self.kills += 1
        self._process = None


def _wait_until_gone(group: int) -> None:
    """Its worker process, which holds the port too, dies a moment later than the process that started it."""
    deadline = time.monotonic() + PATIENCE
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.002)


def _serve(environment: dict[str, str], log: str, point: str | None, count: int, bug: str | None) -> None:
    os.setsid()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(environment)
    os.chdir(Path(log).parent)
    if bug is not None:
        plant(bug)
    if point is not None:
        die_at(point, count)
    from signing_service.cli import main

    sys.exit(main(["serve"]))
