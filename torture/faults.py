"""A failing disk: the system calls of a real server fail while everybody signs (strace's injection, a quota).

Each fault lasts for a moment and then the disk is well again. A client may be told to try later, never that a
signature is there which is lost afterwards; the server goes on by itself or refuses to start with a reason.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.crowd import Venue
from signing_service.errors import SigningServiceError
from torture.checks import check
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.hurry import time_is_over
from torture.killing import AT_ONCE, wait_for_archive
from torture.server import Server

SHORTEST, LONGEST = 0.1, 0.8  # seconds that a fault lasts
PAUSE = 0.3  # seconds in which the disk is well, at most
SHORT, WELL = 1.5, 60.0  # seconds that somebody asks a failing server, and one that is well
SMALLEST = 4096  # bytes that any file may have under the quota


@dataclass(frozen=True, slots=True)
class Fault:
    """Some system calls, and how they fail."""

    calls: str
    error: str
    every: int = 1
    """Which of them: every n-th."""


FAULTS = (
    Fault("fsync,fdatasync", "EIO"),
    Fault("fsync,fdatasync", "EIO", every=3),
    Fault("pwrite64", "ENOSPC"),
    Fault("pwrite64", "ENOSPC", every=7),
    Fault("pwrite64", "EIO", every=5),
    Fault("write", "ENOSPC"),
    Fault("rename", "EIO"),
    Fault("openat", "EMFILE", every=9),
)
QUOTA = "quota"


def break_the_disk(venue: Venue, seed: str, faults: int) -> Findings:
    """Sign ``venue``'s agreement under at most ``faults`` faults, then let it finish in peace, and check everything."""
    chance = random.Random(seed)
    ledger, server = Ledger(), Server(venue)
    found = Findings()
    *clients, officer = [
        Client(venue, member, ledger, f"{seed} {member.signer}") for member in (*venue.signers, venue.officer)
    ]
    for client in (*clients, officer):
        client.take_link()
    try:
        server.start()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            signing = [pool.submit(client.sign_whatever_happens) for client in clients]
            while found.faults < faults and not all(one.done() for one in signing) and not time_is_over():
                _break_for_a_moment(venue, server, chance)
                found.faults += 1
        server.kill()
        server.start()  # its worker would wait for up to a minute after so many failures
        officer.sign_whatever_happens()
        wait_for_archive(venue, ledger)
    finally:
        server.kill()
    found.add(check(venue, ledger))
    found.excuses = sorted(ledger.excuses)
    return found


def sign_through(venue: Venue, fault: Fault | str) -> Findings:
    """Somebody tries to sign while the disk fails, reads why that is not possible, and signs when it is well again."""
    ledger, server, found = Ledger(), Server(venue), Findings(faults=1)
    client = Client(venue, venue.signers[0], ledger, "through")
    client.take_link()
    try:
        server.start()
        client.come_in()
        client.transport.patience = SHORT
        with failing(venue, server, fault):
            try:
                client.sign()
                found.complaints.append("a signature was acknowledged by a disk that takes nothing")
            except SigningServiceError as error:
                found.excuses.append(error.message)
        client.transport.patience = WELL
        ledger.acknowledge(client.member.signer, client.sign())
    finally:
        server.kill()
    found.acknowledged = len(ledger.receipts)
    found.complaints += ledger.complaints
    return found


@contextlib.contextmanager
def failing(venue: Venue, server: Server, fault: Fault | str) -> Iterator[None]:
    """The server's disk fails inside the block."""
    with _quota(venue, server.pids) if isinstance(fault, str) else _injected(fault, server.pids):
        yield


def _break_for_a_moment(venue: Venue, server: Server, chance: random.Random) -> None:
    with failing(venue, server, chance.choice((*FAULTS, QUOTA))):
        time.sleep(chance.uniform(SHORTEST, LONGEST))
    time.sleep(chance.uniform(0, PAUSE))
    if not server.alive:
        server.start()


@contextlib.contextmanager
def _injected(fault: Fault, pids: list[int]) -> Iterator[None]:
    """The calls of these processes fail inside the block."""
    rule = f"inject={fault.calls}:error={fault.error}:when=1+{fault.every}"
    words = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={fault.calls}", "-e", rule]
    process = subprocess.Popen([*words, *(f"--attach={pid}" for pid in pids)], stderr=subprocess.DEVNULL)
    _wait_until_traced(pids)
    try:
        yield
    finally:
        process.terminate()  # it lets go of them
        process.wait()


def _wait_until_traced(pids: list[int]) -> None:
    deadline = time.monotonic() + WELL
    while time.monotonic() < deadline and not all(_is_traced(pid) for pid in pids):
        time.sleep(0.01)


def _is_traced(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    return True  # it has died meanwhile


@contextlib.contextmanager
def _quota(venue: Venue, pids: list[int]) -> Iterator[None]:
    """No file of these processes grows beyond the size of the WAL (``ulimit -f``)."""
    room = max([SMALLEST, *(path.stat().st_size for path in venue.folder.glob("service.sqlite3-wal"))])
    before = [(pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)) for pid in pids]
    for pid, (_, hard) in before:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
