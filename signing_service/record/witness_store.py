"""Where a witness keeps its state: one small SQLite file, one row a log, synced before any answer. ::

    with WitnessStore(Path("witness.db")) as store:
        witness = Witness(cosigner, configure_logs([log_key]), store)
        witness.add_checkpoint(body, datetime.now(UTC))     # an Answer: status, content type, body

Several processes may share the file: each step is one BEGIN IMMEDIATE transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from signing_service.encoding import format_time, parse_time
from signing_service.errors import UnavailableError
from signing_service.record.checkpoint import Checkpoint
from signing_service.record.cosignature import Cosigner
from signing_service.record.witness import (
    SIZE_TYPE,
    Logs,
    Refusal,
    Request,
    WitnessState,
    advance,
    authenticate,
    parse_request,
)

BUSY_TIMEOUT = 10.0  # seconds that one process waits for another
OVERTAKEN = timedelta(minutes=1)  # by which requests may overtake each other; beyond it, a clock was set back
MAX_FORKS = 100  # kept for each log; one is proof enough

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, checkpoint BLOB NOT NULL, time TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS forks (
    origin TEXT NOT NULL, root BLOB NOT NULL, size INTEGER NOT NULL, checkpoint BLOB NOT NULL, time TEXT NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT;
"""


class WitnessStore:
    """The state file; opening it makes it. Safe for the threads of one process and for several processes."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()  # sqlite3 connections serve one thread at a time
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._connection.execute(
                "PRAGMA synchronous = EXTRA"
            )  # the folder is synced too: no rollback on power loss
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise UnavailableError(f"state file {path} cannot be used: {error}") from error

    def __enter__(self) -> WitnessStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def step(
        self, origin: str, now: datetime, judge: Callable[[WitnessState], WitnessState | Refusal]
    ) -> datetime | Refusal:
        """Judge the log's state and keep the new one, as one transaction on the disk.

        Gives the time of the cosignature if it was kept: ``now``, or a moment later where another request came
        between, so that of two trees that were cosigned the larger is never said to have been the largest earlier.
        """
        with self._lock, _unavailable_when_broken("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                outcome = judge(self._state(origin))
                if isinstance(outcome, WitnessState):
                    now = self._not_before_the_last(origin, now)
                    self._keep(origin, outcome, now)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        return outcome if isinstance(outcome, Refusal) else now

    def _not_before_the_last(self, origin: str, now: datetime) -> datetime:
        row = self._connection.execute("SELECT time FROM logs WHERE origin = ?", (origin,)).fetchone()
        last = parse_time(row[0]) if row else now
        return last if now < last <= now + OVERTAKEN else now

    def state(self, origin: str) -> WitnessState:
        """The latest cosigned checkpoint of a log; the empty tree if there is none. Raises UnavailableError."""
        with self._lock, _unavailable_when_broken("read"):
            return self._state(origin)

    def forks(self, origin: str) -> list[bytes]:
        """Signed checkpoints that contradict a cosigned one: proof that the log misbehaved."""
        with self._lock, _unavailable_when_broken("read"):
            query = "SELECT checkpoint FROM forks WHERE origin = ? ORDER BY time, root"
            return [row[0] for row in self._connection.execute(query, (origin,))]

    def keep_fork(self, checkpoint: Checkpoint, signed: bytes, now: datetime) -> None:
        """Keep a checkpoint that contradicts a cosigned one, once for each root."""
        row = (
            checkpoint.origin,
            checkpoint.root,
            checkpoint.size,
            signed,
            format_time(now),
            checkpoint.origin,
            MAX_FORKS,
        )
        with self._lock, _unavailable_when_broken("written"):
            self._connection.execute(
                "INSERT OR IGNORE INTO forks (origin, root, size, checkpoint, time) SELECT ?, ?, ?, ?, ?"
                " WHERE (SELECT count(*) FROM forks WHERE origin = ?) < ?",
                row,
            )

    def _state(self, origin: str) -> WitnessState:
        query = "SELECT size, root, checkpoint FROM logs WHERE origin = ?"
        row = self._connection.execute(query, (origin,)).fetchone()
        return WitnessState(*row) if row else WitnessState()

    def _keep(self, origin: str, state: WitnessState, now: datetime) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO logs (origin, size, root, checkpoint, time) VALUES (?, ?, ?, ?, ?)",
            (origin, state.size, state.root, state.checkpoint, format_time(now)),
        )


@contextmanager
def _unavailable_when_broken(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UnavailableError(
            f"state file cannot be {what}: {error}", hint="is the disk full, or read-only?"
        ) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What an add-checkpoint request is answered: HTTP status, content type, body, and the refusal if it is one."""

    status: int
    content_type: str
    body: bytes
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its key, the logs that it watches, and its state."""

    cosigner: Cosigner
    logs: Logs
    store: WitnessStore

    def add_checkpoint(self, body: bytes, now: datetime) -> Answer:
        """Answer an add-checkpoint request (C2SP tlog-witness); the state is on the disk before this returns.

        Raises UnavailableError if it cannot be written; then nothing was cosigned.
        """
        request = parse_request(body)
        if isinstance(request, Refusal):
            return _refused(request)
        checkpoint = authenticate(request, self.logs)
        if isinstance(checkpoint, Refusal):
            return _refused(checkpoint)
        return self._consider(request, checkpoint, now)

    def _consider(self, request: Request, checkpoint: Checkpoint, now: datetime) -> Answer:
        outcome = self.store.step(checkpoint.origin, now, lambda state: advance(state, request, checkpoint))
        if not isinstance(outcome, Refusal):
            line = self.cosigner.cosign(request.checkpoint, outcome)
            return Answer(200, "text/plain; charset=utf-8", line.format().encode())
        if outcome.fork:
            self.store.keep_fork(checkpoint, request.checkpoint, now)
        return _refused(outcome)


def _refused(refusal: Refusal) -> Answer:
    if refusal.size is not None:
        return Answer(refusal.status, SIZE_TYPE, f"{refusal.size}\n".encode(), refusal)
    return Answer(refusal.status, "text/plain; charset=utf-8", f"{refusal.reason}\n".encode(), refusal)
