"""Receipts: made once, the same ever after, given to nobody else."""

from __future__ import annotations

import pytest

from signing_service.errors import NotFoundError, UnavailableError
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.store import acts, agreements
from signing_service.store.database import Database
from signing_service.workflow.receipts import own_receipt
from signing_service.workflow.signing import attempt_state
from tests.cast import LIN, SOMCHAI
from tests.workflow.world import World


def test_a_receipt_verifies_alone_and_names_the_revision(world: World) -> None:
    world.publish()
    receipt = parse_receipt(world.sign(SOMCHAI))
    verify_receipt(receipt, world.service.trust)
    with world.service.database.read() as session:
        assert receipt.pdf_sha256 == agreements.newest_end(session, world.agreement).sha256


def test_a_completed_signature_repeated_gives_the_same_receipt(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.approve()
    first = signing.complete()
    world.clock.forward(minutes=5)
    assert signing.complete() == first
    assert own_receipt(world.service, world.ids[SOMCHAI], world.agreement, SOMCHAI.signer) == first
    with world.service.database.read() as session:
        assert len(acts.signatures(session, world.agreement)) == 1


def test_a_stored_receipt_is_given_again_only_once_the_standby_has_it(world: World, monkeypatch: pytest.MonkeyPatch):
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.approve()
    receipt = signing.complete()

    def away(_database: Database) -> None:
        raise UnavailableError("the database is busy")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "settle", away)
        with pytest.raises(UnavailableError):
            signing.complete()
        with pytest.raises(UnavailableError):
            attempt_state(world.service, signing.person_id, signing.attempt["attempt"])
        with pytest.raises(UnavailableError):
            own_receipt(world.service, signing.person_id, world.agreement, SOMCHAI.signer)
    assert signing.complete() == receipt


def test_nobody_else_is_given_the_receipt(world: World) -> None:
    world.publish()
    world.sign(SOMCHAI)
    with pytest.raises(NotFoundError):
        own_receipt(world.service, world.ids[LIN], world.agreement, SOMCHAI.signer)
