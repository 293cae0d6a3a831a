"""A log witness that goes down and comes back; it learns which record to watch after the service was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.record.cosignature import Cosigner
from signing_service.record.note import VerifierKey
from signing_service.record.witness import configure_logs
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness, WitnessStore
from torture.peer import HOST, Peer, served


class Onlooker(Peer):
    """The witness, with its state in a file that outlives its server."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.alarms: list[str] = []
        self._cosigner = Cosigner("witness.onlooker.example", Ed25519PrivateKey.generate())
        self._store = WitnessStore(folder / "witness.db")
        self._keys: list[VerifierKey] = []

    @property
    def line(self) -> str:
        """Its line in WITNESSES_FILE."""
        return f"{self._cosigner.verifier_key} http://{HOST}:{self.port}/\n"

    def watch(self, key: VerifierKey) -> None:
        """From now on it cosigns this record."""
        self.let_down()
        self._keys = [key]
        self.bring_back()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._store.__exit__(None, None, None)

    def listen(self) -> Callable[[], None]:
        witness = Witness(self._cosigner, configure_logs(self._keys), self._store)
        return served(make_server((HOST, self.port), witness, self._say))

    def _say(self, line: str) -> None:
        if "ALARM" in line:
            self.alarms.append(line)
