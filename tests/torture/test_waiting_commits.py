"""While the synchronous standby is away, nothing that it lacks is acknowledged, whoever ends the commits that wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from signing_service.errors import DatabaseDownError, UnavailableError
from signing_service.store import database as databases
from signing_service.store import standbys
from signing_service.store.database import Database
from signing_service.workflow import standby_watch
from signing_service.workflow.complaints import Complaints
from signing_service.workflow.standby_watch import watch_standby
from torture.postgres import HOST, Cluster

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'signing'"
QUEUED = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = 'signing'"
SEES, DOES_NOT_SEE = "signing", "service"  # roles: one that may see who follows, and one without pg_monitor


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Primary:
    """A primary whose commits may be told to wait for a standby that is away."""

    def __init__(self, cluster: Cluster) -> None:
        self._address = f"host={HOST} port={cluster.primary.port} user=signing dbname=signing"
        self._url = cluster.url
        self.database = Database(cluster.url)

    def become(self, role: str) -> Any:
        """The service, as this role, whose process looks at the standbys."""
        self.database.dispose()
        self.database = Database(self._url.replace("signing@", f"{role}@"))
        return SimpleNamespace(database=self.database, complaints=Complaints())

    def ask(self, *statements: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self._address, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, standbys: str) -> None:
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'", "SELECT pg_reload_conf()")
        until(lambda: self.ask("SHOW synchronous_standby_names") == [(standbys,)])

    def store(self, name: str) -> None:
        with self.database.begin() as session:
            session.execute(text("INSERT INTO acts VALUES (:name)"), {"name": name})

    def stored(self, name: str) -> bool:
        with self.database.read() as session:
            return session.execute(text("SELECT 1 FROM acts WHERE name = :name"), {"name": name}).first() is not None


@pytest.fixture
def primary() -> Iterator[Primary]:
    cluster = Cluster.make()
    primary = Primary(cluster)
    primary.ask("CREATE TABLE acts (name text)", "CREATE ROLE service LOGIN", "GRANT ALL ON acts TO service")
    primary.wait_for("two")
    yield primary
    primary.wait_for("")
    primary.database.dispose()
    cluster.remove()


class Doing:
    """A call in a thread of its own, and what came of it."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.outcome: object = None

        def run() -> None:
            try:
                self.outcome = call(*arguments) or "done"
            except UnavailableError as error:
                self.outcome = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def answer(self) -> object:
        """What comes of it, within the time of a test."""
        until(lambda: not self.thread.is_alive())
        return self.outcome


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_commit_whose_wait_is_ended_is_not_acknowledged_nor_is_what_it_left_until_the_standby_has_it(
    primary: Primary, end: str
):
    storing = Doing(primary.store, "signature")
    until(lambda: len(primary.ask(WAITING)) == 1)
    primary.ask(f"SELECT {end}(pid) FROM ({WAITING}) waiting")
    storing.thread.join()
    assert isinstance(storing.outcome, DatabaseDownError)
    assert primary.stored("signature")  # though the standby lacks it

    settling = Doing(primary.database.settle)
    until(lambda: len(primary.ask(WAITING)) == 1)
    assert settling.outcome is None
    primary.wait_for("")  # as if the standby had come back
    settling.thread.join()
    assert settling.outcome == "done"


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_what_the_same_thread_stores_once_the_standby_is_back_is_acknowledged(primary: Primary, end: str):
    is_back = threading.Event()

    def store_twice() -> None:
        with pytest.raises(UnavailableError):
            primary.store("signature")
        is_back.wait()
        primary.store("refusal")

    storing = Doing(store_twice)
    until(lambda: len(primary.ask(WAITING)) == 1)
    primary.ask(f"SELECT {end}(pid) FROM ({WAITING}) waiting")
    primary.wait_for("")
    is_back.set()
    storing.thread.join()
    assert storing.outcome == "done"


def test_of_many_who_wait_for_the_standby_one_hangs_and_the_others_are_told(
    primary: Primary, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(databases, "SETTLING", 0.05)
    first = Doing(primary.database.settle)
    until(lambda: len(primary.ask(WAITING)) == 1)
    with pytest.raises(UnavailableError):
        primary.database.settle()
    primary.wait_for("")
    first.thread.join()
    assert first.outcome == "done"
    primary.database.settle()
    primary.store("signature")
    assert primary.stored("signature")


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends every wait that it finds, and waits for no commit that it tries."""
    monkeypatch.setattr(standbys, "PATIENCE", 0)
    monkeypatch.setattr(standby_watch, "TRIAL", 0)


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("role", [SEES, DOES_NOT_SEE])
def test_who_waits_for_the_standby_is_answered_and_writers_are_refused_until_it_is_back(primary: Primary, role: str):
    service = primary.become(role)
    writers = [Doing(primary.store, f"signature {number}") for number in range(9)]
    until(lambda: len(primary.ask(WAITING)) == len(writers))

    assert watch_standby(service) == (1, True)
    for writer in writers:
        assert isinstance(writer.answer(), DatabaseDownError)
    for refused in (Doing(primary.store, "refusal").answer(), Doing(primary.database.settle).answer()):
        assert isinstance(refused, DatabaseDownError)
        assert "takes nothing" in refused.message
    assert not primary.stored("refusal")
    assert primary.stored("signature 8")

    for _ in range(3):
        assert watch_standby(service) == (1, True)  # as long as no commit returns
    primary.wait_for("")
    until(lambda: watch_standby(service) == (0, True))
    primary.store("refusal")
    assert primary.stored("refusal")


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("role", [SEES, DOES_NOT_SEE])
def test_who_waited_for_another_writer_meanwhile_begins_no_commit_that_would_not_return(primary: Primary, role: str):
    service = primary.become(role)

    def store_alone(name: str) -> None:
        with primary.database.begin() as session:
            session.execute(text("SELECT pg_advisory_xact_lock(1)"))
            session.execute(text("INSERT INTO acts VALUES (:name)"), {"name": name})

    first = Doing(store_alone, "signature")
    until(lambda: len(primary.ask(WAITING)) == 1)
    second = Doing(store_alone, "refusal")
    until(lambda: len(primary.ask(QUEUED)) == 1)
    watch_standby(service)
    for one in (first, second):
        assert isinstance(one.answer(), DatabaseDownError)
    assert not primary.stored("refusal")


@pytest.mark.usefixtures("no_patience")
def test_where_another_process_has_ended_the_wait_this_one_refuses_writers_too(primary: Primary):
    service = primary.become(DOES_NOT_SEE)
    primary.wait_for("")
    assert watch_standby(service) == (0, True)
    primary.wait_for("two")
    storing = Doing(primary.store, "signature")
    until(lambda: len(primary.ask(WAITING)) == 1)
    primary.ask(f"SELECT pg_cancel_backend(pid) FROM ({WAITING}) waiting")
    assert isinstance(storing.answer(), DatabaseDownError)
    refused = Doing(primary.store, "refusal").answer()
    assert isinstance(refused, DatabaseDownError)
    assert "takes nothing" in refused.message


def test_a_wait_that_is_young_or_not_of_the_service_is_left_alone(primary: Primary, monkeypatch: pytest.MonkeyPatch):
    service = primary.become(DOES_NOT_SEE)
    storing = Doing(primary.store, "signature")
    until(lambda: len(primary.ask(WAITING)) == 1)
    monkeypatch.setattr(standbys, "PATIENCE", 3600)
    assert watch_standby(service) == (0, True)
    assert len(primary.ask(WAITING)) == 1

    service = primary.become(SEES)
    operating = Doing(primary.ask, "INSERT INTO acts VALUES ('by hand')")
    until(lambda: len(primary.ask(WAITING)) == 2)
    monkeypatch.setattr(standbys, "PATIENCE", 0)
    assert watch_standby(service) == (1, True)  # since it sees that none follows
    assert len(primary.ask(WAITING)) == 2
    primary.wait_for("")
    for one in (storing, operating):
        one.thread.join()
    assert storing.outcome == "done"
