"""Servers to be killed: ``signing-service serve`` in a process group of its own, forked from one that has imported it.

A start then costs a fraction of a second instead of the two seconds that the imports take, so that more kills fit
into a minute. What runs is the command itself: gunicorn, its worker process, its threads.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.crowd import Venue
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

    def __init__(self, venue: Venue, bug: str | None = None, prepare: Callable[[], None] | None = None) -> None:
        """``bug`` is planted into each server of this venue; ``prepare`` is called in its process before it serves."""
        self._venue, self._bug, self._prepare = venue, bug, prepare
        self._process: BaseProcess | None = None
        self.kills = 0
        self.longest_recovery = self.last_recovery = 0.0

    def start(self, point: str | None = None, count: int = 0) -> bool:
        """Start, and wait until it answers; False if it died before, at its point. ``longest_recovery`` is kept."""
        begin = time.monotonic()
        dying = (point, count) if point is not None else None
        log = str(self._venue.folder / "service.log")
        arguments = (self._venue.environment, log, dying, self._bug, self._prepare)
        self._process = context().Process(target=_serve, args=arguments, daemon=False)
        self._process.start()
        while time.monotonic() < begin + PATIENCE:
            if self._answers() and self.alive:
                self.last_recovery = time.monotonic() - begin
                self.longest_recovery = max(self.longest_recovery, self.last_recovery)
                return True
            if not self.alive:
                return False
            time.sleep(0.01)
        raise UnavailableError("the server does not come up again", hint=str(self._venue.folder / "service.log"))

    def _answers(self) -> bool:
        connection = HTTPConnection(self._venue.url.removeprefix("http://"), timeout=2)
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.is_alive()

    @property
    def pids(self) -> list[int]:
        """The server's processes."""
        process = self._process
        return [] if process is None or process.pid is None else [process.pid, *descendants(process.pid)]

    @property
    def exit_code(self) -> int | None:
        """As multiprocessing gives it: negative for a signal, None while it runs."""
        return None if self._process is None else self._process.exitcode

    def kill(self) -> None:
        """kill -9 for its whole process group; counts a server that killed itself too."""
        process = self._process
        if process is None or process.pid is None:
            return
        workers = descendants(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join(PATIENCE)
        _wait_until_gone(workers or _members(process.pid))
        _wait_until_free(self._venue.url)
        self.kills += 1
        self._process = None


def descendants(pid: int) -> list[int]:
    """The processes below one; none where it is gone already."""
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []
    return [found for child in children for found in (child, *descendants(child))]


def _members(group: int) -> list[int]:
    """The processes of a group, whoever is their parent now."""
    return [pid for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")) if _state(pid)[1] == group]


def _state(pid: int) -> tuple[str, int]:
    """The process's state and group; "Z" for one that is only waiting for its parent, or gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "Z", 0
    return fields[0], int(fields[2])


def _wait_until_gone(pids: list[int]) -> None:
    """The worker process, which holds the port and the database too, dies a moment after who started it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(_state(pid)[0] not in "ZX" for pid in pids):
        time.sleep(0.002)


def serve_planted(bug: str | None) -> None:
    """Be the server, with a bug or without, in a process whose environment and folder are set."""
    if bug is not None:
        plant(bug)
    from signing_service.cli import main

    sys.exit(main(["serve"]))


def _serve(
    environment: dict[str, str],
    log: str,
    dying: tuple[str, int] | None,
    bug: str | None,
    prepare: Callable[[], None] | None,
) -> None:
    os.setsid()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(environment)
    os.chdir(Path(log).parent)
    if bug is not None:
        plant(bug)
    if prepare is not None:
        prepare()
    if dying is not None:
        die_at(*dying)
    serve_planted(None)


def _wait_until_free(url: str) -> None:
    """Nobody listens on the port any more: the system takes it back a moment after its holder is gone."""
    host, _, port = url.rpartition("/")[2].partition(":")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((socket.gethostbyname(host), int(port)))
            return
        time.sleep(0.002)
