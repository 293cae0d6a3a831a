"""The worker finds its work in the database, outlives what goes wrong, and ends when told."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from signing_service.errors import GuardError, TimestampError
from signing_service.store import ledger, publisher
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.limits import DatabaseStorage
from signing_service.store.outbox import CLAIM_SIZE
from signing_service.store.tables import RateCounter, RateHit
from signing_service.workflow import worker
from signing_service.workflow.complaints import Complaints
from signing_service.workflow.schedule import Schedule
from signing_service.workflow.worker import Worker, retry_pause, work_once
from tests.workflow.world import World


class Task:
    """A task that does what the test says, call by call; after that there is nothing to do."""

    __name__ = "task"

    def __init__(self, *outcomes: int | Exception) -> None:
        self.outcomes = list(outcomes)
        self.idle = threading.Event()

    def __call__(self, _service: Any) -> int:
        if not self.outcomes:
            self.idle.set()
            return 0
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def nobodys() -> Any:
    """A service of which the tasks here need nothing."""
    return SimpleNamespace(complaints=Complaints())


def use(monkeypatch: pytest.MonkeyPatch, mails: Task, archiving: Task) -> None:
    monkeypatch.setattr(worker, "deliver", mails)
    monkeypatch.setattr(worker, "archive_all", archiving)
    monkeypatch.setattr(worker, "renew_due", Task())
    monkeypatch.setattr(worker, "remind_due", Task())
    monkeypatch.setattr(worker, "publish_the_rest", Task())
    monkeypatch.setattr(worker, "forget_attempts", Task())


def test_one_round_does_all_that_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Task(3), Task(1))
    assert work_once(nobodys()) == (4, True)


def test_the_worker_sweeps_away_whose_attempts_were_counted_once_the_quarter_of_an_hour_is_over(world: World) -> None:
    storage = DatabaseStorage(database=world.service.database, clock=world.clock)
    storage.acquire_entry("address/192.0.2.7", 5, 900)
    storage.incr("address/192.0.2.8", 900)
    left = []
    for _ in range(5):
        work_once(world.service)
        with world.service.database.read() as session:
            left.append((list(session.scalars(select(RateHit.key))), list(session.scalars(select(RateCounter.key)))))
        world.clock.forward(minutes=5)
    assert left[2] == (["address/192.0.2.7"], ["address/192.0.2.8"])
    assert left[3] == ([], [])


def test_a_round_that_finds_nothing_takes_no_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite whoever begins to write holds up all others, and the worker looks several times a second."""
    while work_once(world.service)[0]:
        pass
    monkeypatch.delattr(Database, "begin")
    assert work_once(world.service) == (0, True)


def test_what_could_not_be_published_is_published_once_the_guard_can_be_written_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_once(world.service)
    with monkeypatch.context() as broken:
        broken.setattr(Guard, "write", refuse)
        with world.service.database.begin() as session:
            ledger.append(session, "service", "release", {"version": "1", "assets": {}}, world.clock())
        with pytest.raises(GuardError):
            world.service.publish()
        world.clock.forward(seconds=10)
        assert work_once(world.service)[1] is False
    assert behind(world) == 1
    world.clock.forward(seconds=9)
    assert work_once(world.service)[1]
    assert behind(world) == 1  # between two looks for it
    world.clock.forward(seconds=1)
    assert work_once(world.service)[1]
    assert behind(world) == 0


def test_a_worker_that_begins_publishes_what_was_left_behind(world: World) -> None:
    with world.service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, world.clock())
    assert behind(world) == 1
    work_once(replace(world.service, schedule=Schedule()))
    assert behind(world) == 0


def refuse(_guard: Guard, _note: bytes) -> None:
    raise GuardError("guard: Permission denied")


def behind(world: World) -> int:
    with world.service.database.read() as session:
        newest = publisher.newest(session)
        return ledger.read_frontier(session).size - (newest.size if newest else 0)


def test_a_task_that_fails_does_not_keep_the_other_from_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Task(TimestampError("no authority answers")), Task(2))
    assert work_once(nobodys()) == (2, False)


def test_the_worker_goes_on_after_failures_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    mails = Task(1, TimestampError("no authority answers"), RuntimeError("a mistake of ours"), 1)
    use(monkeypatch, mails, Task())
    running = Worker(nobodys(), pause=0.001)
    running.start()
    assert mails.idle.wait(10)
    running.stop()
    assert mails.outcomes == []


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"),
    [(1, 0.0, 1.0), (1, 1.0, 0.5), (3, 0.0, 4.0), (7, 0.0, 60.0), (10_000, 0.5, 45.0)],
)
def test_after_failures_it_waits_a_second_then_longer_and_never_in_step_with_others(
    failures: int, chance: float, seconds: float
) -> None:
    assert retry_pause(failures, chance) == pytest.approx(seconds)


def test_the_worker_ends_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    mails = Task()
    use(monkeypatch, mails, Task())
    running = Worker(nobodys(), pause=3600)
    running.start()
    assert mails.idle.wait(10)
    running.stop()
    assert "worker" not in [thread.name for thread in threading.enumerate()]


def test_a_worker_that_never_started_can_be_stopped() -> None:
    Worker(None).stop()  # type: ignore[arg-type]


def test_a_mistake_of_ours_in_one_task_does_not_keep_the_others_from_their_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, Task(RuntimeError("a mistake of ours")), Task(2))
    assert work_once(nobodys()) == (2, False)


class Recorded(threading.Event):
    """Notes each pause instead of making it, and ends the work after as many as the test wants."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self.wanted = wanted

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        if len(self.pauses) == self.wanted:
            self.set()
        return True


def test_after_little_work_the_worker_breathes_after_a_whole_batch_it_goes_on_at_once() -> None:
    outcomes = iter([(CLAIM_SIZE, True), (1, True), (0, True)])
    busy = Worker(nobodys(), work=lambda _service: next(outcomes))
    busy._stopped = stopped = Recorded(2)
    busy.run()
    assert stopped.pauses == [worker.BREATH, worker.PAUSE]
