"""A witness behind HTTP, with the standard library alone: ``POST /add-checkpoint`` and a page that says who it is. ::

    server = make_server(("127.0.0.1", 8080), witness, say=print)
    server.serve_forever()

Put it behind a TLS proxy. Its requests authenticate themselves: only a checkpoint that its log signed
is considered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signing_service.errors import UnavailableError
from signing_service.record.note import format_verifier_key
from signing_service.record.witness import MAX_REQUEST
from signing_service.record.witness_store import Answer, Witness

ADD_CHECKPOINT = "/add-checkpoint"
TIMEOUT = 30.0  # seconds without a byte from a client

Say = Callable[[str], None]


def make_server(
    address: tuple[str, int], witness: Witness, say: Say, clock: Callable[[], datetime] | None = None
) -> ThreadingHTTPServer:
    """The server, bound but not yet serving; ``say`` is told one line for each request, and every alarm."""

    class Handler(_WitnessHandler):
        pass

    Handler.witness, Handler.say = witness, staticmethod(say)
    Handler.clock = staticmethod(clock or (lambda: datetime.now(UTC)))
    server = ThreadingHTTPServer(address, Handler)
    server.daemon_threads = True
    return server


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
        length = self.headers.get("Content-Length", "")
        if self.path != ADD_CHECKPOINT:
            return self._close_with(_text(404, f"there is only POST {ADD_CHECKPOINT}"))
        if not (length.isascii() and length.isdecimal()):
            return self._close_with(_text(411, "a request needs a Content-Length"))
        if int(length) > MAX_REQUEST:
            return self._close_with(_text(413, f"a request has at most {MAX_REQUEST} bytes"))
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self._close_with(_text(400, "the request ended early"))
        try:
            answer = self.witness.add_checkpoint(body, self.clock())
        except UnavailableError as error:
            answer = _text(503, error.message)
        if answer.refusal and answer.refusal.fork:
            request = body.decode(errors="replace")
            self.say(f"ALARM: {answer.refusal.reason}; the checkpoint is kept in the state file:\n{request}")
        return self._answer(answer)

    def do_GET(self) -> None:
        """Say who this witness is and what it has seen."""
        if self.path != "/":
            return self._answer(_text(404, "there is nothing here"))
        lines = [
            f"witness {self.witness.cosigner.name}",
            f"key {format_verifier_key(self.witness.cosigner.verifier_key)}",
        ]
        origins = sorted(self.witness.logs)
        lines += [f"log {origin} at size {self.witness.store.state(origin).size}" for origin in origins]
        return self._answer(_text(200, "\n".join(lines)))

    def _close_with(self, answer: Answer) -> None:
        self.close_connection = True  # what the body would be is not known: it is not read
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """One line for each request, without the client's address."""
        self.say(format % args)


def _text(status: int, text: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", f"{text}\n".encode())
