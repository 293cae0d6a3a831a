"""The record's cast: the alliance's log, its witnesses, and a small history that several tests read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.encoding import canonical_json
from signing_service.record.cosignature import Cosigner
from signing_service.record.entry import entry_digest, make_entry
from signing_service.record.note import Signer
from tests.cast import NOON, ORIGIN

AGREEMENT = "nanjingtwelveuniversities2"
LOG = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"the alliance's record, in tests!"))
IMPOSTOR = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"somebody who would be the record"))
NANJING_WITNESS = Cosigner("witness.njupt.example", Ed25519PrivateKey.from_private_bytes(b"N" * 32))
ANDAMAN_WITNESS = Cosigner("witness.andaman.example", Ed25519PrivateKey.from_private_bytes(b"A" * 32))
STEPPE_WITNESS = Cosigner("witness.steppe.example", Ed25519PrivateKey.from_private_bytes(b"S" * 32))
DAY = datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC)


def salt(number: int) -> bytes:
    """The salt of the number-th event; random in the service."""
    return number.to_bytes(32, "big")


def event(sequence: int, kind: str = "signature", scope: str = AGREEMENT, **members: object) -> bytes:
    """An event of the agreement, one a minute from midnight on the day of the ceremony."""
    time = (DAY + timedelta(minutes=sequence)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return canonical_json({"v": 1, "type": kind, "scope": scope, "sequence": sequence, "time": time, **members})


def history(events: list[bytes]) -> list[bytes]:
    """The entries of one scope's events, chained, each under its own salt."""
    entries: list[bytes] = []
    for number, data in enumerate(events):
        entries.append(make_entry(data, salt(number), entry_digest(entries[-1]) if entries else None))
    return entries
