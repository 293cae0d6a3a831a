"""A clock that is wrong already when a process begins, so that no jump gives it away: libfaketime under real commands.

What docs/adr/0012 promises: by a clock behind what was published the server says so, is not ready and records nothing;
by one outside the certificates of its keys it does not start; one that is ahead is found by ``doctor``, which compares
it with the timestamp authorities. Once the clock is right everybody signs, and the evidence verifies::

    found = begin_by_wrong_clocks(folder, "seed")
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from bench.crowd import Member, Venue
from signing_service.errors import SigningServiceError
from signing_service.settings import parse_settings
from signing_service.store import agreements
from signing_service.workflow.service import open_service
from torture.authority import ANCHORS, Authority
from torture.checks import check
from torture.clients import Client, Ledger
from torture.clocks import SHORT, START, Clock, serving
from torture.findings import Findings
from torture.killing import wait_for_archive

FOUNDED, BEHIND, AHEAD = "-1h", "-30m", "+30m"
OUTSIDE = {"-2h": ("serve", "is not valid before"), "+60y": ("doctor", "is expired since")}
"""Before the keys were made and after they end, with a command and what it says then."""
NAMED = "by the clock of this machine"
_MAKE = (
    "import json, sys; from dataclasses import astuple; from pathlib import Path; "
    "from torture.killing import make_venue; "
    "folder, urls, anchors = sys.argv[1:]; "
    "made = make_venue(Path(folder), 2, TIMESTAMP_URLS=urls, TIMESTAMP_ANCHORS_FILE=anchors); "
    "print(json.dumps([made.environment, made.agreement, *map(astuple, (*made.signers, made.officer))]))"
)
_COMMAND = (sys.executable, "-m", "signing_service")
_LIMIT = 120.0  # seconds for a command that is to end by itself


def begin_by_wrong_clocks(folder: Path, seed: str) -> Findings:
    """Start server and doctor by each wrong clock; between them, by the right one, two signers and an officer sign."""
    beside = folder.with_name("clocks")
    beside.mkdir(parents=True)
    clock, ledger, found = Clock(beside / "clock"), Ledger(), Findings()
    with Authority() as authority:
        venue = _found(folder, beside, clock, authority)
        first, second, officer = (
            Client(venue, one, ledger, f"{seed} {one.signer}") for one in (*venue.signers, venue.officer)
        )
        for client in (first, second, officer):
            client.take_link()
        with serving(venue, clock):
            first.sign_whatever_happens()
        clock.set(BEHIND)
        _is_told_to_be_behind(venue, clock, second, found)
        for offset, (command, words) in OUTSIDE.items():
            clock.set(offset)
            _is_wrong(venue, clock, command, words, NAMED, found=found)
        clock.set("+0")
        with serving(venue, clock):
            second.give_up_after(START)
            ledger.acknowledge(second.member.signer, second.sign())
            officer.sign_whatever_happens()
            wait_for_archive(venue, ledger)
        clock.set(AHEAD)
        _asked_authorities_know_better(venue, clock, authority, found)
    found.add(check(venue, ledger))
    return found


def _found(folder: Path, beside: Path, clock: Clock, authority: Authority) -> Venue:
    """A venue of an hour ago: a clock can be behind its record without being before its keys."""
    anchors = beside / "anchors.pem"
    anchors.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in ANCHORS))
    clock.set(FOUNDED)
    authority.mood = "far-off time"  # an hour back, as the clock is
    made = subprocess.run(
        [sys.executable, "-c", _MAKE, folder, authority.url, anchors],
        env={**os.environ, **clock.environment()}, stdout=subprocess.PIPE, check=True, timeout=_LIMIT,
    )  # fmt: skip
    clock.set("+0")
    authority.mood = "honest"
    environment, agreement, *members = json.loads(made.stdout)
    *signers, officer = [Member(*member) for member in members]
    service = open_service(parse_settings(environment))
    with service.database.read() as session:
        revision0 = agreements.read_pdf(session, agreement, 0)
    service.database.dispose()
    return Venue(folder, environment, agreement, tuple(signers), officer, service.trust, revision0)


def _is_told_to_be_behind(venue: Venue, clock: Clock, client: Client, found: Findings) -> None:
    log = venue.folder / "service.log"
    before = len(log.read_text())
    with serving(venue, clock):
        client.come_in()
        client.give_up_after(START)
        client.transport.patience = SHORT
        try:
            client.sign()
            found.complaints.append("a signature was acknowledged by a clock behind the record")
        except SigningServiceError as error:
            found.excuses.append(error.message)
            _expect("but the record has an event of", error.message, "who signs by a clock behind the record", found)
        ready = httpx.get(f"{venue.url}/readyz")
        if ready.status_code != 503:
            found.complaints.append(f"by a clock behind the record /readyz says {ready.status_code}")
        _expect("but a checkpoint was published at", ready.text, "/readyz by a clock behind the record", found)
    _expect("clock: it is", log.read_text()[before:], "the server's log by a clock behind the record", found)
    _is_wrong(venue, clock, "doctor", "but a checkpoint was published at", found=found)


def _asked_authorities_know_better(venue: Venue, clock: Clock, authority: Authority, found: Findings) -> None:
    asked = authority.asked
    _is_wrong(venue, clock, "doctor", "seconds off ours", "check this machine's clock", found=found)
    if authority.asked == asked:
        found.complaints.append("doctor asked no timestamp authority")


def _is_wrong(venue: Venue, clock: Clock, command: str, *words: str, found: Findings) -> None:
    """A command ends at once, not with 0, and says why."""
    ended = _run(venue, clock, command)
    if ended.returncode == 0:
        found.complaints.append(f"{command} finds nothing wrong with a wrong clock")
    for said in words:
        _expect(said, ended.stdout, command, found)
    found.faults += 1


def _run(venue: Venue, clock: Clock, command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **venue.environment, **clock.environment()}
    return subprocess.run(
        [*_COMMAND, command], env=environment, cwd=venue.folder, text=True, timeout=_LIMIT, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def _expect(words: str, said: str, who: str, found: Findings) -> None:
    if words not in said:
        found.complaints.append(f"{who} does not say “{words}”: {said.strip()[-300:]}")
