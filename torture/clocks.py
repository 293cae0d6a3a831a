"""A clock that jumps: a real server's time is set by libfaketime while people sign, back an hour, on a day and a year.

While the clock is wrong the server records nothing and says why; once it is right again everybody signs, and the
evidence verifies, which it would not do with one event dated into the future or the past.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.crowd import Venue
from signing_service.ceremony.browser import wait_until_ready
from signing_service.errors import SigningServiceError
from torture.checks import check
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.killing import wait_for_archive

JUMPS = ("+5m", "-5m", "-1h", "+1d", "+1y")  # sessions outlive the first two
LIBRARIES = "**/faketime/libfaketimeMT.so.1"
START = 60.0  # seconds for a server to answer
_SLEEP = "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds)"
"""libfaketime 0.9.10 refuses Python's own way to sleep, until a moment of the clock that it leaves alone."""
SHORT = 2.0  # seconds that somebody asks again what a wrong clock keeps from an answer


class Clock:
    """The server's wall clock, in a file that libfaketime reads at each look; what counts from boot stays true."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.set("+0")

    def set(self, offset: str) -> None:
        """Such as ``-1h``; ``+0`` is right."""
        self._path.write_text(offset)

    def environment(self) -> dict[str, str]:
        """What makes a process read it."""
        library = next(Path("/usr/lib").glob(LIBRARIES))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@contextlib.contextmanager
def serving(venue: Venue, clock: Clock) -> Iterator[None]:
    """A server by that clock inside the block."""
    environment = {**os.environ, **venue.environment, **clock.environment()}
    with (venue.folder / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{_SLEEP}; from torture.server import serve_planted; serve_planted(None)"],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_ready(venue.url, START, process)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def let_the_clock_jump(venue: Venue, seed: str) -> Findings:
    """One signer after the other meets a jump, and signs once the clock is right."""
    chance = random.Random(seed)
    clock, ledger, found = Clock(venue.folder / "clock"), Ledger(), Findings()
    *clients, officer = [
        Client(venue, member, ledger, f"{seed} {member.signer}") for member in (*venue.signers, venue.officer)
    ]
    for client in (*clients, officer):
        client.take_link()
    jumps = [*JUMPS, *(chance.choice(JUMPS) for _ in clients)]
    with serving(venue, clock):
        for client, jump in zip(clients, jumps, strict=False):
            client.come_in()
            clock.set(jump)
            _try_in_vain(client, jump, found)
            clock.set("+0")
            client.give_up_after(START)
            ledger.acknowledge(client.member.signer, client.sign())
            found.faults += 1
        officer.sign_whatever_happens()
        wait_for_archive(venue, ledger)
    found.add(check(venue, ledger))
    return found


def _try_in_vain(client: Client, jump: str, found: Findings) -> None:
    client.give_up_after(START)  # how long the work before the refusal takes is no matter
    client.transport.patience = SHORT
    try:
        client.sign()
        found.complaints.append(f"a signature was acknowledged while the clock was wrong by {jump}")
    except SigningServiceError as error:
        found.excuses.append(error.message)
        if not any(words in error.message for words in ("clock", "signed out", "link")):
            found.complaints.append(f"with the clock wrong by {jump} the answer names no reason: {error.message}")
