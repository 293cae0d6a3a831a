"""What the benchmarks measure on is what the service would have written."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.large_log import Log
from signing_service.record.note import Signer
from signing_service.store import ledger
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from tests.cast import NOON
from tests.store.world import AGREEMENT


def test_entries_added_many_at_once_are_those_that_the_ledger_would_have_written(database: Database, guard: Guard):
    log = Log(database, guard, Signer("record.example", Ed25519PrivateKey.generate()))
    log.grow_to(45)
    with database.begin() as session:
        ledger.append(session, AGREEMENT, "withdrawal", {"reason": "a slip"}, NOON)
    log.grow_to(64)

    with database.read() as session:
        counts = check_everything(session, guard)
    assert (counts.entries, counts.erased, counts.checkpoints) == (64, 0, 2)
