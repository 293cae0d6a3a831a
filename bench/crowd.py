"""A service of its own, served as in production, and a crowd of representatives who come by HTTP.

Example::

    venue = Venue.make(folder, parties=12)
    with venue.serving():
        crowd = [venue.come_in(signer) for signer in venue.signers]
        presses = press_together(venue, crowd)  # everybody presses Sign in the same moment

Everybody's password is hashed with argon2's smallest parameters: what a password check costs is chosen, not measured.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import update

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.ceremony.browser import Browser, wait_until_ready
from signing_service.ceremony.parties import people_with_parties, source_with_parties
from signing_service.ceremony.signer import Act, sign
from signing_service.evidence.trust import TrustFile
from signing_service.setting_values import PREFIX
from signing_service.settings import parse_settings
from signing_service.store import agreements, mandates, outbox, people, tables
from signing_service.workflow.demo import initialise_demo, publish_demo
from signing_service.workflow.enrolment import sign_in_link
from signing_service.workflow.service import Service, open_service

PASSWORD = "only for measuring"
START = 60  # seconds for the server to answer
PORTS = (15_000, 32_000)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is to sign."""

    signer: str
    person: str
    """The person's id."""
    name: str


@dataclass
class Venue:
    """A service's folder and settings, a published agreement, and who signs it."""

    folder: Path
    environment: dict[str, str] = field(repr=False)
    agreement: str
    signers: tuple[Member, ...]
    officer: Member
    trust: TrustFile
    revision0: bytes = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def make(cls, folder: Path, parties: int, **settings: str) -> Venue:
        """A fresh service with a published agreement; ``settings`` replace those of this venue."""
        environment = _environment(folder, settings)
        files = source_with_parties(parties)
        service = initialise_demo(parse_settings(environment), files, people_with_parties(files)).service
        publish_demo(service)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with service.database.begin() as session:
            session.execute(update(tables.Person).values(password_hash=cheap))
            agreement = agreements.newest_first(session)[0]
            revision0 = agreements.read_pdf(session, agreement.id, 0)
            officer = people.officers(session)[0]
            holders = {row.signer: person for row, person in mandates.of_agreement(session, agreement.id)}
        service.database.dispose()
        members = tuple(
            Member(signer.id, holders[signer.id].id, holders[signer.id].name)
            for signer in Terms.from_json(agreement.terms).signers()
        )
        keeper = Member(SECRETARIAT, officer.id, officer.name)
        return cls(folder, environment, agreement.id, members, keeper, service.trust, revision0)

    @property
    def url(self) -> str:
        """Where the service is reached."""
        return self.environment[f"{PREFIX}PUBLIC_URL"]

    def open_service(self) -> Service:
        """The service's parts in this process, for looking at what is stored."""
        return open_service(parse_settings(self.environment))

    def start(self, command: tuple[str, ...] = (sys.executable, "-m", "signing_service", "serve")) -> None:
        """Start the server and wait until it answers; its log grows in the folder."""
        with (self.folder / "service.log").open("ab") as output:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        wait_until_ready(self.url, START, self.process)

    def stop(self) -> None:
        """End the server as an operator does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """The server runs inside the block."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def come_in(self, members: tuple[Member, ...]) -> list[Visitor]:
        """Browsers of these members, signed in."""
        service = self.open_service()
        links = [sign_in_link(service, member.person) for member in members]
        service.database.dispose()
        return [Visitor.with_link(self, member, link) for member, link in zip(members, links, strict=True)]

    def server_cpu(self) -> float:
        """CPU seconds that the server has used so far, all its processes."""
        assert self.process is not None
        return cpu_of(self.process.pid)

    def wait_for_mails(self) -> None:
        """Wait until the server has handed over every mail: what came before is not to be measured."""
        service = self.open_service()
        try:
            while True:
                with service.database.read() as session:
                    if not outbox.count(session, "waiting"):
                        return
                time.sleep(0.2)
        finally:
            service.database.dispose()


class Visitor(Browser):
    """A browser that says when its approval is about to leave."""

    def __init__(self, venue: Venue, member: Member) -> None:
        super().__init__(venue.url, member.signer)
        self.venue, self.member = venue, member
        self.before_approval: Callable[[], None] = lambda: None
        self.asked = 0  # approvals, those that only renewed the place in the queue included

    @classmethod
    def with_link(cls, venue: Venue, member: Member, link: str) -> Visitor:
        """Come in by a sign-in link."""
        visitor = cls(venue, member)
        visitor.open("/invitation")
        visitor.post("/api/invitations/accept", {"token": link.partition("#")[2]})
        visitor.open("/agreements/")
        return visitor

    def post(self, path: str, body: dict[str, Any], *, accept: tuple[int, ...] = (200, 201)) -> tuple[int, Any]:
        """Send JSON; tells before an approval leaves."""
        if path.endswith("/approval"):
            self.before_approval()
            self.asked += 1
        return super().post(path, body, accept=accept)

    def beside(self, agreement: str, revision0: bytes) -> Visitor:
        """Another window of the same browser, on another agreement."""
        window = copy.copy(self)
        window.venue = dataclasses.replace(self.venue, agreement=agreement, revision0=revision0)
        return window

    def sign(self) -> bytes:
        """Sign with every check that the page makes; return the receipt."""
        act = Act(self.venue.agreement, self.member.signer, self.member.name, self.venue.revision0)
        return sign(self, act, PASSWORD, self.venue.trust)


@dataclass(frozen=True, slots=True)
class Presses:
    """What came of a crowd that pressed Sign together."""

    seconds: list[float]
    """From the press to the checked receipt, of each who got one."""
    receipts: list[bytes]
    wall: float
    server_cpu: float
    asked: int
    """Requests for a turn."""


def press_together(venue: Venue, crowd: list[Visitor]) -> Presses:
    """Everybody begins, then all press Sign in the same moment; raises the first error of any."""
    barrier = threading.Barrier(len(crowd) + 1)
    with ThreadPoolExecutor(len(crowd)) as pool:
        waiting = [pool.submit(_press, visitor, barrier) for visitor in crowd]
        barrier.wait()
        begin, cpu = time.perf_counter(), venue.server_cpu()
        done = [one.result() for one in waiting]
        wall, cpu = time.perf_counter() - begin, venue.server_cpu() - cpu
    return Presses(
        [seconds for seconds, _ in done], [receipt for _, receipt in done], wall, cpu, sum(v.asked for v in crowd)
    )


def _press(visitor: Visitor, barrier: threading.Barrier) -> tuple[float, bytes]:
    pressed = 0.0

    def press() -> None:
        nonlocal pressed
        visitor.before_approval = lambda: None
        barrier.wait()
        pressed = time.perf_counter()

    visitor.before_approval = press
    receipt = visitor.sign()
    return time.perf_counter() - pressed, receipt


def _environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    port = free_port()
    values = {
        "PUBLIC_URL": f"http://localhost:{port}",
        "LISTEN": f"127.0.0.1:{port}",
        "NAME": "12 Countries, 12 Universities International Alliance",
        "DATABASE_URL": f"sqlite:///{folder / 'service.sqlite3'}",
        "KEYS": str(folder / "keys"),
        "GUARD": str(folder / "guard" / "checkpoint"),
        "TRUST_FILE": str(folder / "trust.json"),
        "MAIL_DIR": str(folder / "mail"),
        "KEY_PASSPHRASE": secrets.token_hex(16),
        "SESSION_SECRET": secrets.token_hex(32),
        "PASSWORD_NEEDS_CODE": "no",
    }
    folder.mkdir(parents=True, exist_ok=True)
    return {PREFIX + name: value for name, value in {**values, **settings}.items()}


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on.

    Below those that the system gives to connections: a server that is killed and started again needs the same one.
    """
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def cpu_of(process: int) -> float:
    """CPU seconds that a process and its children have used so far."""
    return sum(_cpu_of(pid) for pid in (process, *_children(process)))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
