"""A timestamp authority over HTTP that answers as it is told to: honestly, late, not at all, or with a lie.

::

    with Authority() as authority:  # authority.url, and ANCHORS for the service
        authority.mood = "wrong nonce"
        authority.let_down()
        authority.bring_back()
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.pki.authorities import AUTHORITY, ROOT, Stamper, stamper
from torture.peer import HOST, Peer, served

ANCHORS = (ROOT.certificate,)
LIES = ("wrong nonce", "wrong imprint", "expired", "far-off time")
LONGEST_WAIT = 60.0  # seconds
MOODS = (*LIES, "slow", "refusing", "no timestamp")


@functools.cache
def _expired() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, certificate = stamper(ends=datetime.now(UTC) - timedelta(days=1))
    return key, certificate


class Authority(Peer):
    """The authority; ``mood`` is "honest" or one of MOODS. What came while it was slow waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.mood = "honest"
        self.asked = 0
        self._waiting = threading.Event()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://{HOST}:{self.port}/tsr"

    def listen(self) -> Callable[[], None]:
        return served(ThreadingHTTPServer((HOST, self.port), functools.partial(_Handler, self)))

    def let_down(self) -> None:
        """As every peer; whoever waits for a slow answer gets none."""
        super().let_down()
        self.let_go()

    def let_go(self) -> None:
        """Answer whoever has been kept waiting."""
        self._waiting.set()
        self._waiting = threading.Event()

    def answer(self, request: bytes) -> bytes:
        """The answer in its present mood."""
        self.asked += 1
        honest, mood = Stamper(time=datetime.now(UTC).replace(microsecond=0)), self.mood
        if mood == "slow":
            self._waiting.wait(LONGEST_WAIT)
            if not self.listens:
                return b""  # gone meanwhile: an honest answer would be a timestamp although there is no authority
        if mood == "wrong nonce":
            return honest.but(nonce=lambda nonce: (nonce or 0) + 1)(request)
        if mood == "wrong imprint":
            return honest.but(imprint=bytes(32))(request)
        if mood == "far-off time":
            return honest.but(time=honest.time - timedelta(hours=1))(request)
        if mood == "expired":
            key, certificate = _expired()
            return honest.but(key=key, certificate=certificate, chain=(certificate, AUTHORITY.certificate))(request)
        if mood == "refusing":
            return honest.but(status=2)(request)
        return b"" if mood == "no timestamp" else honest(request)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, authority: Authority, *arguments: object) -> None:
        self._authority = authority
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server gives them

    def do_POST(self) -> None:
        answer = self._authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
        with contextlib.suppress(OSError):  # whoever asked has given up
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""
