"""Machines that lose power or network say nothing any more: who waits for them, and how long."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from signing_service.errors import GuardError, UnavailableError
from signing_service.store import backup as backups
from signing_service.store import guard as guards
from signing_service.store.backup import backup
from signing_service.store.database import Database, parse_url
from signing_service.store.engine import IDLE_TIMEOUT
from signing_service.store.guard import Guard
from tests.databases import PostgresServer

LIVENESS = {
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}


def with_query(url: str, **query: str) -> str:
    return parse_url(url).update_query_dict(query).render_as_string(hide_password=False)


def parameters_of(database: Database) -> dict[str, str]:
    """What libpq was told by us, of each of the two pools."""
    with database.begin() as session, database.ask() as driver:
        raw: Any = session.connection().connection.driver_connection
        writing = raw.info.get_parameters()
        assert driver._raw.info.get_parameters() == writing
        return dict(writing)


def show(database: Database, name: str) -> str:
    with database.read() as session:
        return str(session.execute(text(f"SHOW {name}")).scalar_one())


def test_connections_ask_every_few_seconds_whether_the_databases_machine_is_there(postgresql: Database):
    assert LIVENESS.items() <= parameters_of(postgresql).items()
    assert show(postgresql, "idle_in_transaction_session_timeout") == f"{IDLE_TIMEOUT // 60}min"
    assert show(postgresql, "lock_timeout") == "30s"


@pytest.mark.parametrize("tool", ["pg_dump", "pg_restore"])
def test_a_backup_gives_up_a_machine_that_lost_its_power_as_the_service_does(
    postgresql: Database, guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
):
    """They would wait for it for two hours, and for an answer to their first word for ever."""
    (tmp_path / tool).write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/first\nexit 1\n')
    (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    url = with_query(postgresql.url.render_as_string(hide_password=False), keepalives_idle="60")
    with pytest.raises(UnavailableError, match=f"{tool} failed"):
        if tool == "pg_dump":
            backup(Database(url), tmp_path / "backup")
        else:
            backups._run(tool, parse_url(url), "backup")
    told = conninfo_to_dict((tmp_path / "first").read_text().removeprefix("--dbname="))
    wanted = LIVENESS | {"keepalives_idle": "60", "connect_timeout": "10"}
    assert wanted.items() <= {name: str(value) for name, value in told.items()}.items()


def test_what_the_databases_address_says_of_this_holds(postgresql: Database, postgres: PostgresServer):
    options = "-c idle_in_transaction_session_timeout=7s"
    told = Database(with_query(postgres.url, keepalives_idle="60", tcp_user_timeout="1000", options=options))
    try:
        wanted = LIVENESS | {"keepalives_idle": "60", "tcp_user_timeout": "1000"}
        assert wanted.items() <= parameters_of(told).items()
        assert show(told, "idle_in_transaction_session_timeout") == "7s"
        assert show(told, "lock_timeout") == "30s"
    finally:
        told.dispose()


def test_a_publisher_that_stops_in_its_transaction_loses_its_locks_and_goes_on_with_a_new_connection(
    postgresql: Database, postgres: PostgresServer
):
    stopped = Database(with_query(postgres.url, options="-c idle_in_transaction_session_timeout=50"))
    try:
        with pytest.raises(UnavailableError, match="does not answer"), stopped.begin() as session:
            session.execute(text("SELECT size FROM log_state FOR UPDATE"))
            with postgresql.begin() as other:  # waits until PostgreSQL has ended the first one
                other.execute(text("SELECT size FROM log_state FOR UPDATE"))
            session.execute(text("SELECT 1"))
        with stopped.begin() as session:
            assert session.execute(text("SELECT size FROM log_state FOR UPDATE")).scalar_one() == 0
    finally:
        stopped.dispose()


def test_a_publisher_that_hangs_with_the_lock_keeps_the_others_for_a_while_only(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(guards, "PATIENCE", 0.05)
    another = Guard(guard.path)
    with guard.lock():
        with pytest.raises(GuardError, match=r"checkpoint\.lock: another publisher has held the lock") as caught:
            another.lock().__enter__()
        assert "fuser" in caught.value.hint
    with another.lock():
        pass


def test_who_waits_for_the_lock_gets_it_when_the_other_gives_it_back(guard: Guard):
    got = threading.Event()

    def wait() -> None:
        with Guard(guard.path).lock():
            got.set()

    waiting = threading.Thread(target=wait)
    with guard.lock():
        waiting.start()
        assert not got.wait(0.05)
    assert got.wait(20)
    waiting.join()


def test_a_shared_store_that_keeps_no_locks_is_unavailable(guard: Guard, monkeypatch: pytest.MonkeyPatch):
    def refuse(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(GuardError, match="cannot be locked: No locks available"), guard.lock():
        pass
