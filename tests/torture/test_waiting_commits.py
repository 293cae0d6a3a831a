"""While the synchronous standby is away, nothing that it lacks is acknowledged, whoever ends the commits that wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text

from signing_service.errors import DatabaseDownError, UnavailableError
from signing_service.store import database as databases
from signing_service.store.database import Database
from torture.postgres import HOST, Cluster

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'signing'"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Primary:
    """A primary whose commits may be told to wait for a standby that is away."""

    def __init__(self, cluster: Cluster) -> None:
        self._address = f"host={HOST} port={cluster.primary.port} user=signing dbname=signing"
        self.database = Database(cluster.url)

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
    primary.ask("CREATE TABLE acts (name text)")
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
def test_a_thread_whose_wait_was_ended_is_told_of_it_once_and_not_at_its_next_commit(primary: Primary, end: str):
    came_back = threading.Event()

    def store_twice() -> None:
        with pytest.raises(DatabaseDownError):
            primary.store("refusal")
        came_back.wait()
        primary.store("signature")

    storing = Doing(store_twice)
    until(lambda: len(primary.ask(WAITING)) == 1)
    primary.ask(f"SELECT {end}(pid) FROM ({WAITING}) waiting")
    until(lambda: primary.ask(WAITING) == [])
    primary.wait_for("")
    came_back.set()
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
