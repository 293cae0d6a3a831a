"""What a real server did to its disk and told its clients, in one order: strace's output as events.

::

    with Traced(venue, trace) as server:  # `signing-service serve` under strace
        ...  # clients sign
    events = list(read_trace(trace))

Two system calls that overlap are two events in the order in which they ended; a ``sync`` says where it began, since
it promises nothing about what was written afterwards. What is sent counts from the moment when the sending began.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.crowd import Venue
from signing_service.ceremony.browser import wait_until_ready
from torture.server import descendants

Kind = Literal["create", "write", "truncate", "rename", "unlink", "begin sync", "sync", "send"]

CALLS = "openat,pwrite64,write,ftruncate,rename,unlink,fsync,fdatasync,sendto"
START = 60.0  # seconds for a traced server to answer
LONGEST = 1 << 22  # bytes of one call's data that are kept

_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE = re.compile(r"^(-?\d+)<((?:\\x[0-9a-f]{2})*)[^>]*>")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that the server's threads did."""

    kind: Kind
    path: str = ""
    """The file or folder; for a rename the old name."""
    data: bytes = b""
    """What was written or sent."""
    offset: int = 0
    """Where it was written; the new length of a truncated file."""
    target: str = ""
    """A rename's new name."""
    thread: int = 0


def read_trace(path: Path) -> Iterator[Event]:
    """Parse the output of strace; calls that failed changed nothing and are left out."""
    begun: dict[int, str] = {}
    reader = _Reader()
    with path.open(encoding="ascii") as lines:
        for line in lines:
            pid, _, text = line.rstrip("\n").partition(" ")
            thread, text = int(pid), text.strip()
            if text.endswith("<unfinished ...>"):
                begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
                yield from reader.begin(thread, begun[thread])
                continue
            resumed = _RESUMED.match(text)
            if resumed:
                text = begun.pop(thread) + resumed[1]
            else:
                yield from reader.begin(thread, text)
            yield from reader.end(thread, text)


class _Reader:
    """Knows where each thread's sequential writing stands."""

    def __init__(self) -> None:
        self._positions: dict[tuple[int, int], int] = {}

    def begin(self, thread: int, text: str) -> Iterator[Event]:
        """What holds from the moment in which a call began."""
        name, _, arguments = text.partition("(")
        if name in ("fsync", "fdatasync"):
            yield Event("begin sync", _path(arguments), thread=thread)
        elif name == "sendto":
            yield Event("send", data=_data(arguments), thread=thread)

    def end(self, thread: int, text: str) -> Iterator[Event]:
        """What holds once a call has come back."""
        match = _CALL.match(text)
        if match is None or int(match[3]) < 0:
            return
        name, arguments, result = match[1], match[2], int(match[3])
        path = _path(arguments)
        if name == "openat":
            opened = _path(text.rpartition(" = ")[2])
            self._positions[thread, result] = 0
            if "O_CREAT" in arguments:
                yield Event("create", opened)
            if "O_TRUNC" in arguments:
                yield Event("truncate", opened)
        elif name == "pwrite64":
            yield Event("write", path, _data(arguments)[:result], int(arguments.rpartition(", ")[2]))
        elif name == "write":
            key = thread, _number(arguments)
            position = self._positions.get(key, 0)
            self._positions[key] = position + result
            yield Event("write", path, _data(arguments)[:result], position)
        elif name == "ftruncate":
            yield Event("truncate", path, offset=int(arguments.rpartition(", ")[2]))
        elif name in ("rename", "unlink"):
            names = [_bytes(text).decode() for text in _TEXT.findall(arguments)]
            yield Event(name, names[0], target=names[-1])  # type: ignore[arg-type]  # the call's name is the kind
        elif name in ("fsync", "fdatasync"):
            yield Event("sync", path, thread=thread)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(arguments: str) -> str:
    match = _HANDLE.match(arguments)
    return _bytes(match[2]).decode(errors="replace") if match else ""


def _number(arguments: str) -> int:
    match = _HANDLE.match(arguments)
    return int(match[1]) if match else -1


def _data(arguments: str) -> bytes:
    match = _TEXT.search(arguments)
    return _bytes(match[1]) if match else b""


class Traced:
    """A server whose system calls are written down; ended by kill -9, so that no farewell tidies up."""

    def __init__(self, venue: Venue, trace: Path, bug: str | None = None) -> None:
        self._venue, self._trace, self._bug = venue, trace, bug
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Traced:
        words = ["strace", "-f", "-y", "-xx", "--seccomp-bpf", "-s", str(LONGEST), "-e", f"trace={CALLS}"]
        code = f"from torture.server import serve_planted; serve_planted({self._bug!r})"
        environment = {**os.environ, **self._venue.environment}
        with (self._venue.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, "-o", str(self._trace), sys.executable, "-c", code],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            wait_until_ready(self._venue.url, START, self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        tracees = descendants(self._process.pid)
        for pid in tracees:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(START)
