"""Power cuts: everybody signs on a real server, and its disk is cut off at a thousand moments of what it did.

The server's writes, syncs and answers are traced (torture/trace.py) and played onto a disk that forgets what was not
synced (torture/disk.py). What such a disk could hold at a moment must contain every receipt that had been sent by
then, a guard that no released checkpoint exceeds, and a record that goes on from there::

    found = cut_the_power(make_venue(folder, 4), "seed", states=250)
    found.power_cuts, found.lost
"""

from __future__ import annotations

import dataclasses
import random
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bench.crowd import Venue
from signing_service.encoding import parse_canonical_json
from signing_service.errors import SigningServiceError
from signing_service.store import ledger as ledgers
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from signing_service.workflow.service import Service
from torture.checks import check_mails, check_receipts, mails_in
from torture.clients import Client, Ledger
from torture.disk import Disk
from torture.findings import Findings
from torture.hurry import time_is_over
from torture.killing import AT_ONCE, wait_for_archive
from torture.trace import Event, Traced, read_trace

NEAR_ANSWERS = 0.5  # share of the cuts that come just when something was answered
_CHECKPOINT = re.compile(rb"localhost:\d+\\n(\d+)\\n[A-Za-z0-9+/]{43}=\\n")
MEMORY = Path("/dev/shm")


def cut_the_power(venue: Venue, seed: str, states: int, bug: str | None = None) -> Findings:
    """Sign ``venue``'s agreement (on SQLite), and look at ``states`` disks that a power cut could have left."""
    trace, ledger = venue.folder / "trace", Ledger()
    *clients, officer = [
        Client(venue, member, ledger, f"{seed} {member.signer}") for member in (*venue.signers, venue.officer)
    ]
    for client in (*clients, officer):
        client.take_link()
    before = _files(venue.folder)
    with Traced(venue, trace, bug):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(Client.sign_whatever_happens, clients))
        officer.sign_whatever_happens()
        wait_for_archive(venue, ledger)
    events = [event for event in read_trace(trace) if event.kind == "send" or _is_ours(venue, event.path)]
    trace.unlink()
    found = Findings(acknowledged=len(ledger.receipts), complaints=list(ledger.complaints))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        _Cutter(venue, ledger, before, Path(folder)).run(events, random.Random(seed), states, found)
    return found


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and _matters(str(path))}


def _matters(path: str) -> bool:
    """The index of the WAL is memory that a machine loses; keys and settings are only read."""
    return not path.endswith(("-shm", ".log", "/trace")) and "/keys/" not in path


def _is_ours(venue: Venue, path: str) -> bool:
    return Path(path).is_relative_to(venue.folder) and _matters(path)


class _Cutter:
    def __init__(self, venue: Venue, ledger: Ledger, before: dict[str, bytes], folder: Path) -> None:
        self._venue, self._folder = venue, folder
        self._disk = Disk(before)
        self._service = self._restarted(venue.open_service())
        self._unsent = {_salt(receipt): (signer, receipt) for signer, receipt in ledger.receipts}
        self._sent: list[tuple[str, bytes]] = []
        self._released = 0

    def run(self, events: list[Event], chance: random.Random, states: int, found: Findings) -> None:
        cuts = _moments(events, chance, states)
        for number, event in enumerate(events):
            if event.kind == "send":
                self._note(event.data)
            else:
                self._disk.apply(event)
            for _ in range(0 if time_is_over() else cuts.get(number, 0)):
                self._look(self._disk.after_a_cut(chance), found)
        if self._unsent:
            found.complaints.append("a receipt that a client has is not in what the server sent")

    def _note(self, sent: bytes) -> None:
        for salt in [salt for salt in self._unsent if salt in sent]:
            self._sent.append(self._unsent.pop(salt))
        self._released = max([self._released, *(int(size) for size in _CHECKPOINT.findall(sent))])

    def _look(self, files: dict[str, bytes], found: Findings) -> None:
        found.power_cuts += 1
        shutil.rmtree(self._folder / "state", ignore_errors=True)
        for path, data in files.items():
            place = self._place(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        try:
            self._judge(self._service, found)
        except SigningServiceError as error:
            found.lost += 1
            found.complaints.append(f"power cut {found.power_cuts}: {error.message}")
        finally:
            self._service.database.dispose()  # the next disk lies at the same place

    def _place(self, path: str) -> Path:
        return self._folder / "state" / Path(path).relative_to(self._venue.folder)

    def _restarted(self, service: Service) -> Service:
        """The service with the database and the guard of the disk under the folder; one for all, it opens them anew."""
        guard = Guard(self._place(str(service.settings.guard)))
        path = self._place(str(service.database.url.database))
        path.parent.mkdir(parents=True)
        service.database.dispose()
        return dataclasses.replace(service, database=Database(f"sqlite:///{path}", guard=guard), guard=guard)

    def _judge(self, service: Service, found: Findings) -> None:
        with service.database.read() as session:
            check_everything(session, service.guard)
            check_receipts(session, service.trust, self._sent, found)
            mails = mails_in(self._place(str(self._venue.folder / "mail")))
            check_mails(session, self._venue.agreement, mails, found)
        guarded = service.guard.read()
        if guarded is None or guarded.size < self._released:
            found.forks += 1
            found.complaints.append(f"power cut {found.power_cuts}: the guard is behind a released checkpoint")
        with service.database.begin() as session:  # and it goes on
            ledgers.append(session, "service", "withdrawal", {"reason": "after the cut"}, datetime.now(UTC))
        service.publish()


def _salt(receipt: bytes) -> bytes:
    salt: str = parse_canonical_json(receipt)["salt"]
    return salt.encode()


def _moments(events: list[Event], chance: random.Random, states: int) -> dict[int, int]:
    """How many cuts come just after which event; half of them close to an answer."""
    answers = [number for number, event in enumerate(events) if event.kind == "send"]
    cuts: dict[int, int] = {}
    for _ in range(states):
        near = answers and chance.random() < NEAR_ANSWERS
        moment = chance.choice(answers) if near else chance.randrange(len(events))
        cuts[moment] = cuts.get(moment, 0) + 1
    return cuts
