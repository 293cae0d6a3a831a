"""What the publisher signs is verified before the guard knows of it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signing_service.errors import UnavailableError
from signing_service.record.note import Signer
from signing_service.store import publisher
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from tests.cast import NOON
from tests.store.world import RECORD_SIGNER, add_events


class FailingKey:
    """A record's key whose token has a fault: one bit of each signature is wrong."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def public_key(self) -> Ed25519PublicKey:
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        signature = self._key.sign(data)
        return signature[:-1] + bytes([signature[-1] ^ 1])


def test_a_wrong_signature_of_the_records_key_reaches_neither_guard_nor_anybody(lived_in: Database, guard: Guard):
    failing = Signer(RECORD_SIGNER.name, FailingKey(RECORD_SIGNER.private_key))  # type: ignore[arg-type]
    with lived_in.begin() as session:
        add_events(session, 1)
    before = guard.path.read_bytes()
    with pytest.raises(UnavailableError, match="does not verify"):
        publisher.publish(lived_in, guard, failing, NOON)
    assert guard.path.read_bytes() == before
    assert publisher.publish(lived_in, guard, RECORD_SIGNER, NOON) != before
