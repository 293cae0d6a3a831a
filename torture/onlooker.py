"""A log witness that goes down and comes back; it learns which record to watch after the service was made."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.crowd import free_port
from signing_service.record.cosignature import Cosigner
from signing_service.record.note import VerifierKey
from signing_service.record.witness import configure_logs
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness, WitnessStore


class Onlooker:
    """The witness, with its state in a file that outlives its server."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.alarms: list[str] = []
        self._cosigner = Cosigner("witness.onlooker.example", Ed25519PrivateKey.generate())
        self._store = WitnessStore(folder / "witness.db")
        self._keys: list[VerifierKey] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def line(self) -> str:
        """Its line in WITNESSES_FILE."""
        return f"{self._cosigner.verifier_key} http://127.0.0.1:{self.port}/\n"

    def watch(self, key: VerifierKey) -> None:
        """From now on it cosigns this record."""
        self.let_down()
        self._keys = [key]
        self.bring_back()

    def __enter__(self) -> Onlooker:
        self.bring_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_down()
        self._store.__exit__(None, None, None)

    def let_down(self) -> None:
        """Nobody listens there any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def bring_back(self) -> None:
        """Listen again."""
        if self._server is None:
            witness = Witness(self._cosigner, configure_logs(self._keys), self._store)
            self._server = make_server(("127.0.0.1", self.port), witness, self._say)
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def _say(self, line: str) -> None:
        if "ALARM" in line:
            self.alarms.append(line)
