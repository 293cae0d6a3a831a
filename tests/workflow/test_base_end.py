"""What is sent along with a prepared delta: the end of its base, for a browser that says how much of it it has."""

from __future__ import annotations

from datetime import UTC

import pytest

from signing_service.errors import NotFoundError
from signing_service.store import agreements
from signing_service.workflow import prepared as preparing
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.prepared import BaseEnd, Prepared, prepare
from tests.cast import LIN, SOMCHAI
from tests.workflow.world import Signing, World

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def second(world: World) -> Signing:
    """Lin, who has approved after Somchai signed."""
    world.publish()
    world.sign(SOMCHAI)
    signing = world.signing(LIN)
    signing.approve()
    return signing


def base_end(signing: Signing, have: int | None) -> BaseEnd | None:
    prepared = prepare(signing.world.service, signing.person_id, signing.attempt["attempt"], have)
    assert isinstance(prepared, Prepared)
    return prepared.base_end


def document(world: World) -> bytes:
    with world.service.database.read() as session:
        return agreements.read_pdf(session, world.agreement)


def test_who_says_what_is_there_gets_the_rest_along(second: Signing) -> None:
    whole, start = document(second.world), second.prepared.revision0_length
    assert base_end(second, start) == BaseEnd(start, whole[start:])
    assert base_end(second, len(whole) - 1) == BaseEnd(len(whole) - 1, whole[-1:])


def test_nothing_comes_along_for_who_says_nothing_or_has_it_all(second: Signing) -> None:
    length = len(document(second.world))
    assert [base_end(second, have) for have in (None, length, length + 1)] == [None, None, None]


def test_who_lacks_much_asks_for_the_document_itself(second: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = len(document(second.world)) - second.prepared.revision0_length
    monkeypatch.setattr(preparing, "MAX_BASE_END", missing - 1)
    assert base_end(second, second.prepared.revision0_length) is None
    monkeypatch.setattr(preparing, "MAX_BASE_END", missing)
    assert base_end(second, second.prepared.revision0_length) is not None


def test_who_may_not_read_the_document_any_more_is_sent_none_of_it(second: Signing) -> None:
    world = second.world
    authority, reason = Authority("Council", world.clock.now.astimezone(UTC).date()), "Lin has left."
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[SOMCHAI], authority, reason)
    with pytest.raises(NotFoundError):
        base_end(second, second.prepared.revision0_length)
