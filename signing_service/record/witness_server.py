"""A witness behind HTTP, with the standard library alone: ``POST /add-checkpoint`` and a page that says who it is. ::

    server = make_server(("127.0.0.1", 8080), witness, say=print)
    server.serve_forever()

Put it behind a TLS proxy. Its requests authenticate themselves: only a checkpoint that its log signed
is considered.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from signing_service.errors import UnavailableError
from signing_service.record.note import format_verifier_key
from signing_service.record.witness import MAX_REQUEST
from signing_service.record.witness_store import Answer, Witness

ADD_CHECKPOINT = "/add-checkpoint"
TIMEOUT = 30.0  # seconds without a byte from a client
_LENGTH = re.compile(r"[0-9]{1,18}")
MAX_CONNECTIONS = 64  # served at a time

Say = Callable[[str], None]


def make_server(
    address: tuple[str, int], witness: Witness, say: Say, clock: Callable[[], datetime] | None = None
) -> ThreadingHTTPServer:
    """The server, bound but not yet serving; ``say`` is told one line for each request, and every alarm."""

    class Handler(_WitnessHandler):
        pass

    Handler.witness, Handler.say = witness, staticmethod(say)
    Handler.clock = staticmethod(clock or (lambda: datetime.now(UTC)))
    return _Server(address, Handler)


class _Server(ThreadingHTTPServer):
    """A thread for each connection, no more than MAX_CONNECTIONS at a time: others wait in the system's queue."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[_WitnessHandler]) -> None:
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._say = handler.say
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is a line, not a traceback."""
        error = sys.exception()
        self._say(f"a connection ended: {type(error).__name__}: {error}")


class _WitnessHandler(BaseHTTPRequestHandler):
    """One connection; kept alive, as the specification asks."""

    protocol_version = "HTTP/1.1"
    server_version = "witness"
    sys_version = ""
    timeout = TIMEOUT
    witness: Witness
    say: Say
    clock: Callable[[], datetime]

    def do_POST(self) -> None:
        """Answer add-checkpoint."""
        if self.path != ADD_CHECKPOINT:
            return self._close_with(_text(404, f"there is only POST {ADD_CHECKPOINT}"))
        length = self._length()
        if length is None:
            return self._close_with(_text(411, "a request needs one Content-Length, and no Transfer-Encoding"))
        if length > MAX_REQUEST:
            return self._close_with(_text(413, f"a request has at most {MAX_REQUEST} bytes"))
        body = self.rfile.read(length)
        if len(body) < length:
            return self._close_with(_text(400, "the request ended early"))
        try:
            answer = self.witness.add_checkpoint(body, self.clock())
        except UnavailableError as error:
            answer = _text(503, error.message)
        if answer.refusal and answer.refusal.fork:
            request = body.decode(errors="replace")
            self.say(f"ALARM: {answer.refusal.reason}; the checkpoint is kept in the state file:\n{request}")
        return self._answer(answer)

    def _length(self) -> int | None:
        """The body's length; None unless it is said once, and so that a proxy before us cannot read it differently."""
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers or not _LENGTH.fullmatch(lengths[0]):
            return None
        return int(lengths[0])

    def do_GET(self) -> None:
        """Say who this witness is and what it has seen."""
        if self.path == ADD_CHECKPOINT:
            return self._wrong_method()
        if self.path != "/":
            return self._answer(_text(404, "there is nothing here"))
        lines = [
            f"witness {self.witness.cosigner.name}",
            f"key {format_verifier_key(self.witness.cosigner.verifier_key)}",
        ]
        try:
            sizes = {origin: self.witness.store.state(origin).size for origin in sorted(self.witness.logs)}
        except UnavailableError as error:
            return self._answer(_text(503, error.message))
        lines += [f"log {origin} at size {size}" for origin, size in sizes.items()]
        return self._answer(_text(200, "\n".join(lines)))

    def _wrong_method(self) -> None:
        """405 with what is allowed; a body, if there is one, is not read."""
        self._close_with(_text(405, f"{ADD_CHECKPOINT} takes POST"), allow="POST")

    do_HEAD = do_GET
    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _wrong_method

    def _close_with(self, answer: Answer, allow: str = "") -> None:
        self.close_connection = True  # what the body would be is not known: it is not read
        self._answer(answer, allow)

    def _answer(self, answer: Answer, allow: str = "") -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if allow:
            self.send_header("Allow", allow)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """One line for each request, without the client's address."""
        self.say(format % args)


def _text(status: int, text: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", f"{text}\n".encode())
