"""The turn of an agreement, as browsers meet it: nobody keeps it from others for long, nobody is asked too often."""

from __future__ import annotations

import pytest

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import publisher
from signing_service.store.turns import HELD
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.prepared import LONGEST_HOLD, LOOK_PAUSE, LOOKS_A_TURN, Prepared, Waiting, await_turn
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.meanwhile import Meanwhile
from tests.workflow.test_lock_order import on_postgresql
from tests.workflow.test_officers_at_once import colleague
from tests.workflow.world import SIGNERS, Signing, World

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


def test_who_has_signed_in_one_window_waits_in_no_other(world: World) -> None:
    world.publish()
    signing, other_window, honest = world.signing(SOMCHAI), world.signing(SOMCHAI), world.signing(LIN)
    assert isinstance(signing.approve(), Prepared)
    assert isinstance(waiting := other_window.approve(), Waiting)
    assert isinstance(honest.approve(), Waiting)
    signing.complete()
    assert await_turn(world.service, waiting, other_window.attempt["attempt"]), "it is to ask at once"
    assert isinstance(honest.approve(), Prepared), "nobody is ahead any more"
    with pytest.raises(ConflictError, match=r"^you have signed already$"):
        other_window.approve()
    assert isinstance(honest.approve(), Prepared)
    honest.complete()


def test_who_has_signed_in_another_window_signs_nothing_that_was_prepared_before(world: World) -> None:
    world.publish()
    slow, other_window, honest = world.signing(SOMCHAI), world.signing(SOMCHAI), world.signing(LIN)
    slow.approve()
    world.clock.forward(seconds=11)
    other_window.approve()
    other_window.complete()
    with pytest.raises(ConflictError, match=r"^you have signed already$"):
        slow.complete()
    assert isinstance(honest.approve(), Prepared)


@on_postgresql
def test_who_signs_in_another_window_while_the_turn_is_asked_for_is_not_queued(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    signing, other_window = world.signing(SOMCHAI), world.signing(SOMCHAI)
    signing.approve()
    other_window.approve()
    meanwhile = Meanwhile(monkeypatch, publisher, "newest", signing.complete)
    with pytest.raises(ConflictError, match=r"^you have signed already$"):
        other_window.approve()
    meanwhile.result()
    assert isinstance(world.signing(LIN).approve(), Prepared)


def test_whose_mandate_was_replaced_while_waiting_is_given_nothing_to_sign(world: World) -> None:
    world.publish()
    first, waiting = world.signing(SOMCHAI), world.signing(LIN)
    first.approve()
    assert isinstance(waiting.approve(), Waiting)
    authority = Authority("Senate", world.clock().date())
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[ALES], authority, "Lin is ill.")
    first.complete()
    with pytest.raises(NotFoundError, match="the mandate of this attempt is no longer in force"):
        waiting.approve()


def test_an_officer_who_approved_before_another_one_countersigned_is_told_so(world: World) -> None:
    world.publish()
    for person in SIGNERS:
        world.sign(person)
    own = Signing(world, world.officer, SECRETARIAT).begin()
    own.approve()
    theirs = Signing(world, colleague(world), SECRETARIAT).begin()
    world.clock.forward(seconds=11)
    theirs.approve()
    theirs.complete()
    with pytest.raises(ConflictError, match="the agreement is countersigned already"):
        own.approve()


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
