"""What goes on failing stands in the log once, and its end; a missing standby too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from signing_service.errors import DatabaseDownError, SigningServiceError, TimestampError, UnavailableError
from signing_service.store import outbox
from signing_service.store.database import Database
from signing_service.store.standbys import Standbys
from signing_service.workflow import delivery, standby_watch, worker
from signing_service.workflow.complaints import Complaints
from signing_service.workflow.worker import Worker, make_watchers, work_once
from tests.cast import LIN
from tests.workflow.world import World

OURS = "ERROR archive_all met an unexpected error and is tried again; all else goes on"
DOWN = TimestampError("no authority answers")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the log since this was asked last."""
    lines = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
    caplog.clear()
    return lines


@pytest.fixture
def service() -> Any:
    """As much of a service as a worker's tasks need that are others' here."""
    return SimpleNamespace(complaints=Complaints())


@pytest.fixture
def do(monkeypatch: pytest.MonkeyPatch, service: Any, caplog: pytest.LogCaptureFixture) -> Callable[..., list[str]]:
    """One round of the worker in which archiving ends so; gives what is logged."""
    others = ("publish_the_rest", "deliver", "renew_due", "remind_due", "forget_attempts")
    for name in others:
        monkeypatch.setattr(worker, name, named(name, 0))
    caplog.set_level(logging.INFO)

    def one_round(outcome: int | Exception | None) -> list[str]:
        monkeypatch.setattr(worker, "archive_all", named("archive_all", outcome))
        work_once(service)
        return said(caplog)

    return one_round


def named(name: str, outcome: int | Exception | None) -> Callable[[Any], int | None]:
    def task(_service: Any) -> int | None:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    task.__name__ = name
    return task


def test_a_task_that_goes_on_failing_is_told_of_once_and_again_when_it_works(do: Callable[..., list[str]]) -> None:
    assert do(DOWN) == ["WARNING archive_all: no authority answers"]
    assert do(DOWN) == do(DOWN) == []
    assert do(0) == ["INFO archive_all: all is well again"]
    assert do(0) == []
    assert do(DOWN) == ["WARNING archive_all: no authority answers"]


def test_other_words_are_told_too(do: Callable[..., list[str]]) -> None:
    do(DOWN)
    assert do(TimestampError("its clock is wrong")) == ["WARNING archive_all: its clock is wrong"]


def test_a_task_whose_time_it_was_not_is_not_well_again(do: Callable[..., list[str]]) -> None:
    do(DOWN)
    assert do(None) == []
    assert do(DOWN) == []


def test_a_mistake_of_ours_is_told_with_its_traceback_once(
    do: Callable[..., list[str]],
) -> None:
    assert do(RuntimeError("ours")) == [OURS]
    assert do(RuntimeError("ours")) == []


def test_a_thread_of_its_own_says_once_that_the_database_is_away(
    service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rounds: list[Exception | None] = [DatabaseDownError("the database does not answer"), None, None]
    rounds.insert(0, DatabaseDownError("the database does not answer"))

    def look(_service: Any) -> tuple[int, bool]:
        problem = rounds.pop(0)
        if not rounds:
            running.stop(timeout=0)
        if problem:
            raise problem
        return 0, True

    running = Worker(service, work=look, name="witnesses", pause=0.001)
    running._stopped.wait = lambda timeout=None: running._stopped.is_set()  # type: ignore[method-assign]
    with caplog.at_level(logging.INFO):
        running.run()
    assert said(caplog) == [
        "WARNING witnesses: the database does not answer",
        "INFO witnesses: all is well again",
    ]


def test_mails_that_wait_for_the_mail_server_are_told_of_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_settings: Any) -> Any:
        raise UnavailableError(away)

    away = "mail server mail.example.org:465: Connection refused"
    with world.service.database.begin() as session:
        outbox.add(
            session, recipient=LIN.email, kind="invitation", locale="en", subject="Invitation", text="…", html=None,
            now=world.clock(),
        )  # fmt: skip
    with caplog.at_level(logging.INFO, delivery.__name__):
        with monkeypatch.context() as down:
            down.setattr(delivery, "open_transport", refuse)
            for _ in range(3):
                while delivery.deliver(world.service):
                    pass
                world.clock.forward(minutes=30)
        assert [line for line in said(caplog) if "mail" in line] == [
            f"WARNING mails are put off until they can be handed over: {away}"
        ]
        assert delivery.deliver(world.service)
        assert "INFO mails are handed over again" in said(caplog)


def watch_until(service: Any, ended: Callable[[], bool]) -> None:
    """Let the thread that looks for standbys do so again and again."""

    def look(service: Any) -> tuple[int, bool]:
        done = standby_watch.watch_standby(service)
        if ended():
            running.stop(timeout=0)
        return done

    running = Worker(service, work=look, name="standby", pause=0.001)
    running.run()


class Looks:
    """What the database says of its standbys, look by look."""

    def __init__(self, *found: Standbys | SigningServiceError) -> None:
        self.found = list(found)

    def __call__(self, _session: Any) -> Standbys:
        found = self.found.pop(0)
        if isinstance(found, SigningServiceError):
            raise found
        return found


GONE = "ERROR standby: 0 of 1 synchronous standbys follow the database; every commit waits (signing-service doctor)"
BACK = "WARNING standby: all synchronous standbys follow the database again"
ALONE = "WARNING standby: commits wait for none any more: what is stored from now on is on one disk only"


def test_a_standby_that_goes_and_comes_back_is_logged_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone, back, away = Standbys(1, 0), Standbys(1, 1), UnavailableError("the database does not answer")
    looks = Looks(back, gone, away, gone, back, back, gone, Standbys(0, 0))
    monkeypatch.setattr(standby_watch, "look_at_standbys", looks)
    with caplog.at_level(logging.WARNING):
        watch_until(world.service, lambda: not looks.found)
    assert said(caplog) == [GONE, BACK, GONE, ALONE]


def test_each_process_that_records_on_postgresql_looks_for_its_standbys(world: World, database: Database) -> None:
    names = [one._thread.name for one in make_watchers(world.service)]
    assert names == (["clock", "standby"] if database.dialect == "postgresql" else [])
