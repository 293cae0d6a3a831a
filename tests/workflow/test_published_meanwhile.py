"""What another process publishes while this one reads is no fork and no damage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signing_service.store import acts, backup, integrity, ledger
from signing_service.workflow import archiving, readiness
from signing_service.workflow.archiving import archive
from signing_service.workflow.service import open_service
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.world import World


@pytest.fixture
def countersigned(world: World) -> World:
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    return world


class Publishing:
    """Somebody else's event, recorded and published as soon as ``function`` of ``module`` has read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World, module: object, function: str) -> None:
        self._world, self._read = world, getattr(module, function)
        self.done = False
        monkeypatch.setattr(module, function, self._called)

    def _called(self, *given: Any, **named: Any) -> Any:
        found = self._read(*given, **named)
        if not self.done:
            self.done = True
            self.publish()
        return found

    def publish(self) -> None:
        service = self._world.service
        with service.database.begin() as session:
            ledger.append(session, "service", "test", {}, service.clock())
        service.publish()


def archived(world: World) -> None:
    archive(world.service, world.agreement)
    with world.service.database.read() as session:
        assert [one.field for one in acts.archive_timestamps(session, world.agreement)] == ["archive-1"]


def ready(world: World) -> None:
    assert not [part for part in readiness.readiness(world.service) if part.name == "guard" and part.problem]


def opened(world: World) -> None:
    open_service(world.service.settings, world.clock).database.dispose()


def verified(world: World) -> None:
    backup.verify(world.service.database, world.service.guard)


@pytest.mark.parametrize(
    ("read", "module", "function"),
    [
        (archived, archiving, "_next_field"),
        (ready, ledger, "read_frontier"),
        (opened, ledger, "read_frontier"),
        (verified, integrity, "read_frontier"),
    ],
)
def test_a_checkpoint_that_is_published_during_a_reading_raises_no_alarm(
    countersigned: World,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[World], None],
    module: object,
    function: str,
):
    publishing = Publishing(monkeypatch, countersigned, module, function)
    read(countersigned)
    assert publishing.done
