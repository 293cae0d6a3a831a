"""Log witnesses of three universities, on ports of this machine, and what they can be made to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from signing_service.record.cosignature import Cosigner
from signing_service.record.note import VerifierKey
from signing_service.record.witness import configure_logs
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness, WitnessStore


class RunningWitness:
    """A witness behind HTTP; it learns which log to watch after the service was made."""

    def __init__(self, cosigner: Cosigner, store: WitnessStore) -> None:
        self.cosigner = cosigner
        self.store = store
        self.said: list[str] = []
        self.server = make_server(("127.0.0.1", 0), Witness(cosigner, {}, store), self.said.append)

    @property
    def line(self) -> str:
        """Its line in WITNESSES_FILE."""
        return f"{self.cosigner.verifier_key} http://127.0.0.1:{self.server.server_port}/\n"

    def watch(self, key: VerifierKey) -> None:
        self.server.RequestHandlerClass.witness = Witness(  # type: ignore[attr-defined]
            self.cosigner, configure_logs([key]), self.store
        )


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(folder: Path, *cosigners: Cosigner) -> Iterator[list[RunningWitness]]:
    """Witnesses that answer, each with a state file of its own in ``folder``."""
    with ExitStack() as stack:
        witnesses = []
        for cosigner in cosigners:
            store = stack.enter_context(WitnessStore(folder / f"{cosigner.name}.db"))
            witnesses.append(RunningWitness(cosigner, store))
            stack.enter_context(serving(witnesses[-1].server))
        yield witnesses


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The address of something that answers every request the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"
