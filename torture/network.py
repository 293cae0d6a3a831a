"""A network that doubles, delays and reorders what a browser sends while it signs.

Of a begin, an approval or a signature a twin may travel beside it on a connection of its own, and a copy may stay
behind, to arrive after requests that were sent later. Whatever becomes of a copy, its answer is looked at: the same
completed request has the same receipt, and no request is a mistake of the server's.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import httpx

from torture.clients import UNAVAILABLE, Ledger, Persistent

TWINS = 0.25  # of the requests
LATE = 0.35
ARRIVING = 0.5  # chance that one of the late ones arrives beside a request


class Troubled(Persistent):
    """As Persistent, through such a network."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        super().__init__(ledger, chance)
        self._late: list[httpx.Request] = []
        self._answers: dict[str, bytes] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Give the answer, as Persistent does."""
        request.read()
        if request.method != "POST" or "/attempts" not in request.url.path:
            return super().handle_request(request)
        copies = [request] if self._chance.random() < TWINS else []
        if self._late and self._chance.random() < ARRIVING:
            copies.append(self._late.pop(self._chance.randrange(len(self._late))))
        if self._chance.random() < LATE:
            self._late.append(request)
        with ThreadPoolExecutor(max(1, len(copies))) as pool:
            beside = [pool.submit(self._send_copy, copy) for copy in copies]
            answer = super().handle_request(request)
            for one in beside:
                one.result()
        self._look_at(request, answer)
        return answer

    def deliver_late(self) -> None:
        """Everything that is still on its way arrives, in any order."""
        self._chance.shuffle(self._late)
        for request in self._late:
            self._send_copy(request)
        self._late.clear()

    def _send_copy(self, request: httpx.Request) -> None:
        """Once: a network does not repeat what got lost."""
        try:
            answer = self._http.handle_request(request)
            answer.read()
        except httpx.TransportError:
            return
        with self._ledger.lock:
            self._ledger.doubled += 1
        self._look_at(request, answer)

    def _look_at(self, request: httpx.Request, answer: httpx.Response) -> None:
        path = request.url.path
        if answer.status_code >= 500 and answer.status_code not in UNAVAILABLE:
            self._ledger.complain(f"{path}: {answer.status_code} for a request that was doubled or late")
        if answer.status_code == 200 and path.endswith("/signature"):
            with self._ledger.lock:
                first = self._answers.setdefault(path, answer.content)
            if first != answer.content:
                self._ledger.complain(f"{path}: a doubled or late request gave another receipt")
