"""The turn of an agreement, as browsers meet it: nobody keeps it from others for long, nobody is asked too often."""

from __future__ import annotations

import pytest

from signing_service.store.turns import HELD
from signing_service.workflow.prepared import LONGEST_HOLD, LOOK_PAUSE, LOOKS_A_TURN, Prepared, Waiting, await_turn
from tests.cast import LIN, SOMCHAI
from tests.workflow.world import World

RENEWAL = 8  # seconds, within the lease
SLOW = 0.3  # seconds a signature


def test_a_browser_that_renews_its_approval_and_never_signs_gives_the_turn_up(world: World) -> None:
    world.publish()
    holding, honest = world.signing(SOMCHAI), world.signing(LIN)
    assert isinstance(holding.approve(), Prepared)
    for _ in range(int(HELD.total_seconds()) // RENEWAL):
        assert isinstance(honest.approve(), Waiting)
        world.clock.forward(seconds=RENEWAL)
        assert isinstance(holding.approve(), Prepared), "thirty seconds are not over"
    assert isinstance(honest.approve(), Waiting)
    world.clock.forward(seconds=RENEWAL)

    assert isinstance(waiting := holding.approve(), Waiting)
    assert waiting.place == 1
    assert isinstance(honest.approve(), Prepared)
    honest.complete()
    assert isinstance(holding.approve(), Prepared), "whose turn it is again, now that the others have signed"
    holding.complete()


def test_who_keeps_nobody_waiting_may_take_longer(world: World) -> None:
    world.publish()
    slow = world.signing(SOMCHAI)
    for _ in range(10):
        assert isinstance(slow.approve(), Prepared)
        world.clock.forward(seconds=RENEWAL)
    slow.complete()


def test_what_was_prepared_before_the_turn_ended_still_counts_while_nobody_else_has_signed(world: World) -> None:
    world.publish()
    slow, next_one = world.signing(SOMCHAI), world.signing(LIN)
    slow.approve()
    world.clock.forward(seconds=HELD.total_seconds() + 1)
    assert isinstance(next_one.approve(), Prepared)
    slow.complete()


def test_a_person_who_begins_again_and_again_has_one_place(world: World) -> None:
    world.publish()
    world.signing(SOMCHAI).approve()
    honest = world.signing(LIN)
    assert isinstance(honest.approve(), Waiting)
    world.clock.forward(seconds=1)
    assert isinstance(world.signing(SOMCHAI).approve(), Waiting), "behind who has waited"
    assert isinstance(honest.approve(), Prepared)


@pytest.mark.parametrize("place", [1, 2])
def test_the_queue_is_looked_at_as_often_as_it_moves(
    world: World, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    world.publish()
    world.signing(SOMCHAI).approve()
    (last := world.signing(LIN)).approve()
    pauses: list[float] = []

    def looks(seconds_a_signature: float) -> list[float]:
        monkeypatch.setattr(world.service.pace, "of", lambda _agreement: seconds_a_signature)
        pauses.clear()
        waiting = Waiting(world.agreement, place, 40)
        assert not await_turn(world.service, waiting, last.attempt["attempt"], pauses.append)
        return list(pauses)

    assert set(looks(SLOW)) == {place * SLOW / LOOKS_A_TURN}
    assert sum(pauses) == pytest.approx(LONGEST_HOLD, abs=place * SLOW / LOOKS_A_TURN)
    assert set(looks(0.0)) == {LOOK_PAUSE}, "however fast it is"
