"""A clock that is wrong already when a process begins, so that no jump gives it away: libfaketime under real commands.

What docs/adr/0012 promises: by a clock that the timestamp authorities contradict, or outside the certificates of its
keys, the server does not start; by one behind the record, with no authority that answers, it says so, is not ready and
records nothing. Once the clock is right everybody signs, and the evidence verifies. What was recorded by a clock ahead,
with no authority that answered, makes its agreement wait until then, and nothing else::

    found = begin_by_wrong_clocks(folder, "seed")
    found = go_on_from_the_future(folder, "seed")
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

FOUNDED, BEHIND, AHEAD, FAR_AHEAD = "-1h", "-30m", "+30m", "+12h"
STANDS = "nothing can be recorded here before"
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
        authority.let_down()
        _is_told_to_be_behind(venue, clock, second, found)
        authority.bring_back()
        for offset, (command, words) in OUTSIDE.items():
            clock.set(offset)
            _is_wrong(venue, clock, command, words, NAMED, found=found)
        clock.set("+0")
        with serving(venue, clock):
            second.give_up_after(START)
            ledger.acknowledge(second.member.signer, second.sign())
            officer.sign_whatever_happens()
            wait_for_archive(venue, ledger)
        for offset in (BEHIND, AHEAD):
            clock.set(offset)
            _is_wrong(venue, clock, "serve", "by this machine's clock, but", authority.url, found=found)
        _asked_authorities_know_better(venue, clock, authority, found)
    found.add(check(venue, ledger))
    return found


def go_on_from_the_future(folder: Path, seed: str) -> Findings:
    """A server that starts by a clock far ahead, where no authority answers; then by the right one, where one does."""
    beside = folder.with_name("clocks")
    beside.mkdir(parents=True)
    clock, ledger, found = Clock(beside / "clock"), Ledger(), Findings()
    with Authority() as authority:
        venue = _found(folder, beside, clock, authority)
        first, second = (Client(venue, one, ledger, f"{seed} {one.signer}") for one in venue.signers)
        first.take_link()
        clock.set(FAR_AHEAD)
        authority.let_down()
        with serving(venue, clock):
            _signs_in_the_future(venue, first, found)
        log = (venue.folder / "service.log").read_text()
        _expect(f"clock: not compared with {authority.url}", log, "the log of a server whom nobody answers", found)
        clock.set("+0")
        authority.bring_back()
        second.take_link()
        _waits_for_it(venue, clock, second, found)
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
            _expect(STANDS, error.message, "who signs by a clock behind the record", found)
        ready = httpx.get(f"{venue.url}/readyz")
        if ready.status_code != 503:
            found.complaints.append(f"by a clock behind the record /readyz says {ready.status_code}")
        _expect(STANDS, ready.text, "/readyz by a clock behind the record", found)
    _expect(f"clock: {STANDS}", log.read_text()[before:], "the server's log by a clock behind the record", found)
    _is_wrong(venue, clock, "doctor", "but the record has a time of", found=found)


def _signs_in_the_future(venue: Venue, client: Client, found: Findings) -> None:
    """What is issued is recorded before a timestamp authority is asked."""
    client.come_in()
    client.give_up_after(START)
    client.transport.patience = SHORT
    try:
        client.sign()
        found.complaints.append("a signature was acknowledged without a timestamp")
    except SigningServiceError as error:
        _expect("timestamp", error.message, "who signs while no authority answers", found)


def _waits_for_it(venue: Venue, clock: Clock, client: Client, found: Findings) -> None:
    """By the right clock, which an authority confirms, all is ready, and only that agreement waits."""
    with serving(venue, clock):
        ready = httpx.get(f"{venue.url}/readyz")
        if ready.status_code != 200:
            found.complaints.append(f"by a clock that was confirmed /readyz says {ready.status_code}: {ready.text}")
        client.come_in()
        client.give_up_after(START)
        client.transport.patience = SHORT
        try:
            client.sign()
            found.complaints.append("a signature was acknowledged before an event that is recorded already")
        except SigningServiceError as error:
            _expect(STANDS, error.message, "who signs after an event of the future", found)
    _is_wrong(venue, clock, "doctor", "says that this clock is right", "nothing can be recorded in", found=found)
    _expect("stands still until", _run(venue, clock, "status").stdout, "status", found)


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
