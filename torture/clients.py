"""Clients that outlive servers: they repeat what was not answered, double what was, and keep every receipt.

A client behaves as the page does: it waits out a lost connection and sends the same request again. Now and then it
sends a request twice although the answer came, because networks do.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.crowd import Member, Venue, Visitor
from signing_service.ceremony.browser import TIMEOUT, RefusedError
from signing_service.errors import SigningServiceError, UnavailableError
from signing_service.workflow.enrolment import sign_in_link

PATIENCE = 180.0  # seconds that a client goes on asking one thing
PAUSE = 0.03  # seconds between two tries
DOUBLED = 0.3  # of the signature requests
UNAVAILABLE = (502, 503, 504)
DAMAGED = "the record is not as it was published"  # said of what only an operator can mend
DAMAGED_FOR = 15.0  # seconds of that answer and no other, after which no server will give another


@dataclass
class Ledger:
    """What clients were told; nothing of it may be missing, doubled or contradicted afterwards."""

    receipts: list[tuple[str, bytes]] = field(default_factory=list)
    """Signer and receipt of each acknowledgement."""
    complaints: list[str] = field(default_factory=list)
    """Answers that no server may give, whatever happens to it."""
    repeated: int = 0
    doubled: int = 0
    """Copies of requests that arrived beside or after them."""
    excuses: set[str] = field(default_factory=set)
    """What the server said when it could not serve."""
    abandoned: threading.Event = field(default_factory=threading.Event)
    """Set when no server will ever answer again."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, signer: str, receipt: bytes) -> None:
        """A client has checked this receipt."""
        with self.lock:
            self.receipts.append((signer, receipt))

    def complain(self, words: str) -> None:
        """Something is wrong."""
        with self.lock:
            self.complaints.append(words)


class Persistent(httpx.BaseTransport):
    """Sends a request until it is answered, and some of them twice."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        self._ledger, self._chance = ledger, chance
        self._http = httpx.HTTPTransport()
        self.patience = PATIENCE  # seconds
        self.completed: list[tuple[httpx.Request, httpx.Response]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Give the answer; raises httpx.ConnectError only after PATIENCE."""
        request.read()
        answer = self._until_answered(request)
        if request.method == "POST" and request.url.path.endswith("/signature") and self._chance.random() < DOUBLED:
            again = self._until_answered(request)
            self._compare(request, answer, again)
        if answer.status_code == 200 and request.url.path.endswith("/signature"):
            self.completed.append((request, answer))
        return answer

    def repeat_completed(self) -> None:
        """What was answered long ago arrives again."""
        for request, answer in self.completed:
            self._compare(request, answer, self._until_answered(request))

    def _compare(self, request: httpx.Request, answer: httpx.Response, again: httpx.Response) -> None:
        if answer.status_code == 200 and again.content != answer.content:
            self._ledger.complain(f"{request.url.path}: the same completed request gave another answer")

    def _until_answered(self, request: httpx.Request) -> httpx.Response:
        begin = sound = time.monotonic()
        while True:
            try:
                answer = self._http.handle_request(request)
                answer.read()
                if answer.status_code not in UNAVAILABLE:
                    if answer.status_code >= 500:
                        self._ledger.complain(f"{request.url.path}: {answer.status_code}")
                    return answer
                self._ledger.excuses.add(answer.text)
                sound = sound if DAMAGED in answer.text else time.monotonic()
                reason: Exception = httpx.ConnectError(f"{answer.status_code}: {answer.text[:200]}")
            except httpx.TransportError as error:
                sound, reason = time.monotonic(), error
            if time.monotonic() > sound + DAMAGED_FOR:
                self._ledger.abandoned.set()
            if time.monotonic() > begin + self.patience or self._ledger.abandoned.is_set():
                raise httpx.ConnectError(f"no answer for {time.monotonic() - begin:.0f} s: {reason}")
            self._ledger.repeated += 1
            time.sleep(PAUSE)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Client(Visitor):
    """A member with a persistent browser."""

    def __init__(
        self, venue: Venue, member: Member, ledger: Ledger, seed: str, network: type[Persistent] = Persistent
    ) -> None:
        super().__init__(venue, member)
        self.ledger = ledger
        self._links: list[str] = []
        self._end = float("inf")
        self._http.close()
        self.transport = transport = network(ledger, random.Random(seed))
        headers = {"User-Agent": f"torture ({member.signer})"}
        self._http = httpx.Client(base_url=venue.url, timeout=TIMEOUT, headers=headers, transport=transport)

    def come_in(self) -> None:
        """Sign in by a fresh link; a link whose answer was lost has served, so the next try takes another."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.open("/invitation")
                self.post("/api/invitations/accept", {"token": self._token()})
                self.open("/agreements/")
                return
            except SigningServiceError:
                if time.monotonic() > deadline or self.ledger.abandoned.is_set():
                    raise

    def post(self, path: str, body: dict[str, Any], *, accept: tuple[int, ...] = (200, 201)) -> tuple[int, Any]:
        """As a browser, until the person has had enough of waiting."""
        if time.monotonic() > self._end:
            raise UnavailableError(f"{self.user} has waited for too long")
        return super().post(path, body, accept=accept)

    def give_up_after(self, seconds: float) -> None:
        """Wait no longer than so many seconds from now on."""
        self._end = time.monotonic() + seconds

    def take_link(self) -> None:
        """Get the sign-in link now, so that nobody but the server writes while it signs."""
        self._links.append(self._token())

    def _token(self) -> str:
        if self._links:
            return self._links.pop()
        service = self.venue.open_service()
        try:
            return sign_in_link(service, self.member.person).partition("#")[2]
        finally:
            service.database.dispose()

    def sign_whatever_happens(self) -> None:
        """Come in and sign; an attempt that cannot be finished is begun anew. What came of it is in the ledger."""
        deadline = time.monotonic() + PATIENCE
        self.come_in()
        while True:
            try:
                self.ledger.acknowledge(self.member.signer, self.sign())
                return
            except (RefusedError, UnavailableError) as error:
                if self._acknowledged_already(error):
                    return
                if time.monotonic() > deadline or self.ledger.abandoned.is_set():
                    self.ledger.complain(f"{self.member.signer} could not sign: {error.message}")
                    return
                time.sleep(PAUSE)

    def _acknowledged_already(self, error: SigningServiceError) -> bool:
        """Whether the signature is there although its answer was lost: then the receipt is fetched."""
        if "signed already" not in error.message:
            return False
        path = f"/agreements/{self.venue.agreement}/receipts/{self.member.signer}.json"
        try:
            self.ledger.acknowledge(self.member.signer, self.fetch(path))
        except (RefusedError, UnavailableError):
            return False
        return True

    def fetch(self, path: str) -> bytes:
        """Load a file, whole."""
        return self._send("GET", path).content
