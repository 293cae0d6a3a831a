"""The turn of an agreement over HTTP: a browser that keeps it from others loses it after half a minute, for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signing_service.encoding import from_base64url, parse_canonical_json, to_base64url
from signing_service.store import agreements, openings, turns
from signing_service.workflow.prepared import LEASE
from tests.cast import LIN, SOMCHAI, Person
from tests.web.visitor import Visitor
from tests.workflow.world import OneTimeKey, World

pytestmark = pytest.mark.databases("sqlite", "postgresql")

HELD, ALMOST_A_LEASE = turns.HELD.total_seconds(), LEASE.total_seconds() - 1


class Browser:
    """Somebody's signing page, which asks again and again and signs when told to."""

    def __init__(self, visitor: Visitor, world: World, person: Person) -> None:
        self._visitor, self._key = visitor, OneTimeKey()
        self._attempt = visitor.begin(world.agreement, person.signer)
        self.prepared: dict[str, Any] = {}

    def approve(self) -> Any:
        """Ask for the turn, as who waits does again and again."""
        return self._visitor.approve(self._attempt, self._key)

    def ask(self) -> int:
        """The place in the queue."""
        answer = self.approve()
        if answer.status_code == 202:
            return int(answer.json["waiting"])
        assert answer.status_code == 200, answer.text
        self.prepared = answer.json["prepared"]
        return 0

    def sign(self) -> Any:
        """Sign what was prepared last; what was prepared instead is kept."""
        signature = to_base64url(self._key.sign(from_base64url(self.prepared["signed_attributes"])))
        body = {"signature": signature, "revision": self.prepared["revision"]}
        answer = self._visitor.post(f"/api/attempts/{self._attempt['attempt']}/signature", body)
        self.prepared = (answer.json or {}).get("prepared", self.prepared)
        return answer


@pytest.fixture
def two(visit: Callable[..., Visitor], world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Browser, Browser]:
    """A browser that holds the turn, and one that waits for it."""
    monkeypatch.setattr("signing_service.workflow.prepared.LONGEST_HOLD", 0)  # answers at once
    holding, waiting = (Browser(visit(person), world, person) for person in (SOMCHAI, LIN))
    assert (holding.ask(), waiting.ask()) == (0, 1)
    return holding, waiting


def renew_until(seconds: float, world: World, two: tuple[Browser, Browser]) -> None:
    """Let both ask, each as late as it may, until that much time has passed."""
    until = world.clock.now.timestamp() + seconds
    while (left := until - world.clock.now.timestamp()) > 0:
        world.clock.forward(seconds=min(left, ALMOST_A_LEASE))
        if left > ALMOST_A_LEASE:
            assert [browser.ask() for browser in two] == [0, 1]


def test_a_renewed_lease_ends_with_the_time_for_which_a_turn_is_held(world: World, two: tuple[Browser, Browser]):
    renew_until(HELD - 1, world, two)
    assert [browser.ask() for browser in two] == [0, 1], "half a minute is not over"
    world.clock.forward(seconds=1)
    _, waiting = two
    assert waiting.ask() == 0, "although the other's lease was renewed just now"
    assert waiting.sign().status_code == 200


def test_who_lost_the_turn_waits_again_and_signs_once_in_the_end(world: World, two: tuple[Browser, Browser]):
    holding, waiting = two
    renew_until(HELD, world, two)
    assert (holding.ask(), waiting.ask()) == (1, 0)
    stale = holding.prepared
    assert waiting.sign().status_code == 200
    refused = holding.sign()  # what was prepared before the turn was lost
    assert refused.status_code == 409
    assert holding.prepared["revision"] == stale["revision"] + 1
    receipts = [holding.sign(), holding.sign()]
    assert [answer.status_code for answer in receipts] == [200, 200]
    assert receipts[0].json == receipts[1].json
    assert signed_in(world) == [LIN.signer, SOMCHAI.signer]


def test_asking_for_the_signature_again_and_again_is_no_progress(world: World, two: tuple[Browser, Browser]):
    holding, waiting = two
    late = {**holding.prepared, "revision": holding.prepared["revision"] - 1}
    for _ in range(int(HELD)):
        holding.prepared = late  # of a revision that is past: refused, and prepared anew
        assert holding.sign().status_code == 409
        assert waiting.ask() == 1
        world.clock.forward(seconds=1)
    assert waiting.ask() == 0


def test_who_signs_in_one_window_is_told_so_in_the_other_and_nobody_waits_for_it(
    visit: Callable[..., Visitor], world: World, two: tuple[Browser, Browser]
):
    signing, waiting = two
    other_window = Browser(visit(SOMCHAI), world, SOMCHAI)
    assert other_window.ask() == 2
    assert signing.sign().status_code == 200
    refused = other_window.approve()
    assert (refused.status_code, refused.json["error"]) == (409, "you have signed already")
    assert waiting.ask() == 0
    assert waiting.sign().status_code == 200
    assert signed_in(world) == [SOMCHAI.signer, LIN.signer]


def signed_in(world: World) -> list[str]:
    """Who has signed, in the record's order; one revision for each."""
    with world.service.database.read() as session:
        events = [parse_canonical_json(one.event) for one in openings.of_scope(session, world.agreement) if one.event]
        newest = agreements.newest_end(session, world.agreement).number
    signers = [event["signer"] for event in events if event["type"] == "signature"]
    assert newest == len(signers)
    return signers
