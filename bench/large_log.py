"""A record of very many entries: what appending, starting, publishing, proving, serving and auditing cost then.

The entries are scopes of 20, each event opened; they are made as ``bench.log_rows`` says, and what is measured after
that is the service's own: the ledger, the guard, the publisher, the tiles.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from bench.log_rows import loading
from bench.table import Row, peak_memory
from signing_service.record.audit import audit
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.entry import commitment, entry_digest, make_event_and_entry
from signing_service.record.note import Signer, parse_note, parse_verifier_key
from signing_service.record.tiles import TILE_WIDTH, Tile, parse_tile_path
from signing_service.record.tree import consistency_proof, inclusion_proof, leaf_hash, verify_inclusion
from signing_service.store import guard as guards
from signing_service.store import ledger, openings
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.identifiers import new_id
from signing_service.store.migrations import upgrade
from signing_service.store.publisher import newest, publish
from signing_service.store.tree import hash_reader, read_entries, read_tile

SOME, MANY = 100_000, 10_000_000  # entries
OF_ONE_SCOPE = 20
APPENDED = 2000
TIMES = 200  # of each look
MINUTE = "2025-04-11T08:00"
LIMIT, LIMIT_OF_PROOFS = "<= 2 times", "<= 4 times"  # a proof has a hash for each doubling


def measure(folder: Path, *, full: bool) -> list[Row]:
    """A record of 100,000 entries beside one of 1,000 (10 million with ``--full``), on SQLite."""
    size = MANY if full else SOME
    return grow(f"sqlite:///{folder / 'log.sqlite3'}", folder, "SQLite", size)


def grow(url: str, folder: Path, where: str, size: int) -> list[Row]:
    """Measure at 1,000 entries and at ``size``."""
    guard = Guard(folder / f"guard of {where}")
    database = Database(url, guard=guard)
    upgrade(database)
    log = Log(database, guard, Signer("bench.example", Ed25519PrivateKey.generate()))
    log.grow_to(1000)
    before = log.costs()
    begin = time.perf_counter()
    log.grow_to(size)
    rows = [Row("log", f"{where}: making {size:,} entries", time.perf_counter() - begin, "s")]
    for name, cost in log.costs().items():
        words = f"{where}: {name}, {size:,} entries beside 1,000"
        goal = LIMIT_OF_PROOFS if "proof" in name else LIMIT
        rows.append(Row("log", words, cost / before[name], "times", goal, f"{cost * 1000:.2f} ms of CPU"))
    rows += log.audited(where)
    database.dispose()
    return rows


class Log:
    """A database's record, and what may be asked of it."""

    def __init__(self, database: Database, guard: Guard, signer: Signer) -> None:
        self._database, self._guard, self._signer = database, guard, signer

    def publish(self) -> bytes:
        """Sign and release a checkpoint."""
        return publish(self._database, self._guard, self._signer, datetime.now(UTC))

    def grow_to(self, size: int) -> None:
        """Add entries until there are so many, and publish."""
        with loading(self._database) as loader:
            while loader.size < size:
                scope, previous = new_id(), None
                for sequence in range(min(OF_ONE_SCOPE, size - loader.size)):
                    salt = secrets.token_bytes(32)
                    event, entry = event_and_entry(scope, sequence, salt, previous)
                    previous = entry_digest(entry)
                    loader.add(scope, sequence, "withdrawal", event, salt, entry)
        self.publish()

    def costs(self) -> dict[str, float]:
        """CPU seconds of one of each."""
        looks: dict[str, tuple[int, Callable[[], object]]] = {
            "a start's comparison with the guard": (TIMES, self._start),
            "an append and its commit": (APPENDED, self._append),
            "a checkpoint": (TIMES, self._append_and_publish),
            "an inclusion proof": (TIMES, self._prove),
            "a consistency proof": (TIMES, self._prove_growth),
            "a tile of hashes": (TIMES, lambda: self._tile(0)),
            "a bundle of entries": (TIMES, lambda: self._tile(None)),
            "a page of a feed": (TIMES, self._feed),
        }
        return {name: _cpu(times, look) for name, (times, look) in looks.items()}

    def audited(self, where: str) -> list[Row]:
        """Recompute the whole log out of the database, as from a server; in a process of its own, to see its memory."""
        size, url = self._size(), self._database.url.render_as_string(hide_password=False)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            wall, used, memory = pool.submit(_audit, url, str(self._signer.verifier_key)).result()
        words = f"{size / used:,.0f} a second of CPU"
        return [
            Row("log", f"{where}: audit of {size:,} entries out of the database", size / wall, "entries/s", "", words),
            Row("log", f"{where}: the most memory that the audit held", memory, "MB", "<= 1,024 MB"),
        ]

    def _size(self) -> int:
        return parse_checkpoint(parse_note(self.publish()).text).size

    def _start(self) -> None:
        begun = Guard(self._guard.path)
        with self._database.read() as session:
            guards.check(session, ledger.read_frontier(session), begun)

    def _append(self) -> None:
        with self._database.begin() as session:
            ledger.append(session, new_id(), "withdrawal", {"reason": "measuring"}, datetime.now(UTC))

    def _append_and_publish(self) -> None:
        self._append()
        self.publish()

    def _prove(self) -> None:
        with self._database.read() as session:
            size = _newest_size(session)
            index = secrets.randbelow(size)
            proof = inclusion_proof(index, size, hash_reader(session))
            root = ledger.read_frontier(session).root()
            verify_inclusion(index, size, leaf_hash(read_entries(session, index, index + 1)[0]), proof, root)

    def _prove_growth(self) -> None:
        with self._database.read() as session:
            size = _newest_size(session)
            consistency_proof(1 + secrets.randbelow(size - 1), size, hash_reader(session))

    def _tile(self, level: int | None) -> None:
        with self._database.read() as session:
            size = _newest_size(session)
            read_tile(session, Tile(level, secrets.randbelow(size // TILE_WIDTH), TILE_WIDTH), size)

    def _feed(self) -> None:
        with self._database.read() as session:
            size = _newest_size(session)
            last = openings.by_index(session, [secrets.randbelow(size)])[0]
            assert openings.of_scope_from(session, last.scope, 0, 100)
            assert openings.end_of_scope(session, last.scope) > last.index


def event_and_entry(scope: str, sequence: int, salt: bytes, previous: bytes | None) -> tuple[bytes, bytes]:
    """As make_event_and_entry gives them, several times as fast; the first of a scope is compared."""
    event = (
        f'{{"reason":"measuring","scope":"{scope}","sequence":{sequence},"time":"{MINUTE}:00Z",'
        f'"type":"withdrawal","v":1}}'
    ).encode()
    before = "null" if previous is None else f'"{previous.hex()}"'
    entry = (
        f'{{"commitment":"{commitment(event, salt).hex()}","previous":{before},"scope":"{scope}",'
        f'"sequence":{sequence},"time":"{MINUTE}Z","type":"withdrawal","v":1}}'
    ).encode()
    if previous is None:
        members = {"v": 1, "type": "withdrawal", "scope": scope, "sequence": sequence, "time": f"{MINUTE}:00Z"}
        assert make_event_and_entry({**members, "reason": "measuring"}, salt, None) == (event, entry)
    return event, entry


def _newest_size(session: Session) -> int:
    checkpoint = newest(session)
    assert checkpoint is not None
    return checkpoint.size


def _audit(url: str, key: str) -> tuple[float, float, float]:
    """Seconds by the clock and of CPU, and MB."""
    begin, used = time.perf_counter(), time.process_time()
    database = Database(url)
    with database.read() as session:
        report = audit(_fetch(session), [parse_verifier_key(key)])
    assert report.verdict == "PASSED", report.findings
    database.dispose()
    return time.perf_counter() - begin, time.process_time() - used, peak_memory()


def _fetch(session: Session) -> Callable[[str], bytes]:
    checkpoint: Any = newest(session)

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            return str(checkpoint.note).encode()
        return read_tile(session, parse_tile_path(path), checkpoint.size)

    return fetch


def _cpu(times: int, work: Callable[[], object]) -> float:
    work()
    begin = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begin) / times
