from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from signing_service.errors import ConfigurationError, InputError, UnavailableError
from signing_service.store import people
from signing_service.store.database import Database, keeps_commits
from signing_service.store.driver import Driver
from signing_service.store.tables import Invitation, Person
from tests.cast import NOON, SOMCHAI
from tests.databases import PostgresServer
from tests.store.world import add_person


def test_what_was_written_in_a_transaction_is_read_afterwards(database: Database):
    with database.begin() as session:
        person = add_person(session, SOMCHAI)

    with database.read() as session:
        assert people.get(session, person.id).native_name == SOMCHAI.native_name


def test_an_exception_takes_back_the_whole_transaction(database: Database):
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        add_person(session, SOMCHAI)
        _ = 1 / 0

    with database.read() as session:
        assert people.everybody(session) == []


def test_rows_stay_readable_after_the_session_has_ended(database: Database):
    with database.begin() as session:
        written = add_person(session, SOMCHAI)
    with database.read() as session:
        read = people.get(session, written.id)

    assert (written.name, read.name) == (SOMCHAI.name, SOMCHAI.name)


def test_a_reader_keeps_nothing(database: Database):
    with database.begin() as session:
        person = add_person(session, SOMCHAI)
    with database.read() as session:
        people.get(session, person.id).name = "Somebody Else"

    with database.read() as session:
        assert people.get(session, person.id).name == SOMCHAI.name


def test_a_reader_sees_one_snapshot_however_long_it_reads(database: Database):
    with database.read() as reader:
        assert people.everybody(reader) == []
        with database.begin() as session:
            add_person(session, SOMCHAI)

        assert people.everybody(reader) == []


def test_times_come_back_as_the_same_moment_in_utc(database: Database):
    in_nanjing = datetime(2025, 4, 11, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with database.begin() as session:
        person = people.add(session, name="Lin Yue", email="lin@njupt.example", now=in_nanjing)

    with database.read() as session:
        created = people.get(session, person.id).created
    assert created == in_nanjing
    assert created.tzinfo is UTC


def test_times_are_compared_as_moments(database: Database):
    with database.begin() as session:
        add_person(session, SOMCHAI)
        later = NOON.astimezone(timezone(timedelta(hours=7))) + timedelta(microseconds=1)

        assert session.query(Person).where(Person.created < later).count() == 1
        assert session.query(Person).where(Person.created < NOON).count() == 0


def test_a_time_without_a_zone_is_refused(database: Database):
    with pytest.raises(Exception, match="without a time zone"), database.begin() as session:
        people.add(session, name="Lin Yue", email="lin@njupt.example", now=NOON.replace(tzinfo=None))


def test_foreign_keys_are_enforced(database: Database):
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(Invitation(token_sha256=bytes(32), person="nobody", purpose="sign-in", created=NOON, expires=NOON))


def test_commits_are_durable(database: Database):
    database.check_durability()


def test_a_database_that_forgets_commits_is_refused(open_database: Callable[..., Database]):
    database = open_database(pool_size=1)
    if database.dialect == "sqlite":
        off = "PRAGMA synchronous = NORMAL"
    else:
        off = "SET synchronous_commit = off"
    with database.engine.connect() as connection:
        assert connection.connection.driver_connection is not None
        connection.connection.driver_connection.execute(off)
        connection.connection.driver_connection.commit()

    with pytest.raises(ConfigurationError, match="may forget"):
        database.check_durability()


@pytest.mark.parametrize(
    ("commit", "standbys", "kept"),
    [
        ("on", "", True),
        ("on", "two", True),
        ("remote_apply", "two", True),
        ("local", "", True),
        ("local", "two", False),
        ("remote_write", "two", False),
        ("off", "", False),
    ],
)
def test_where_there_is_a_synchronous_standby_a_commit_waits_for_its_disk_too(commit: str, standbys: str, kept: bool):
    """Or it could be promoted without signatures that somebody has a receipt of."""
    others = {"fsync": "on", "full_page_writes": "on"}
    assert keeps_commits({**others, "synchronous_commit": commit, "synchronous_standby_names": standbys}) is kept


def test_a_database_that_is_not_encoded_as_utf8_is_refused(postgres: PostgresServer):
    url = postgres.create("ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    database = Database(url)
    try:
        with pytest.raises(ConfigurationError, match="encoded as SQL_ASCII, not as UTF8"), database.read():
            database.check_durability()
    finally:
        database.dispose()
        postgres.drop(url)


def test_writers_take_turns(open_database: Callable[..., Database]):
    databases = [open_database(), open_database()]
    with databases[0].begin() as session:
        person = add_person(session, SOMCHAI)

    def add_letters(database: Database) -> None:
        for _ in range(10):
            with database.begin() as session:
                locked = session.get(Person, person.id, with_for_update=True)
                assert locked is not None
                locked.name += "x"

    threads = [threading.Thread(target=add_letters, args=(database,)) for database in databases * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with databases[0].read() as session:
        assert people.get(session, person.id).name == SOMCHAI.name + "x" * 40


def test_the_sqlite_file_is_its_owners_alone(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/private.db")
    with database.connect() as connection:
        connection.execute(text("CREATE TABLE secrets (id INTEGER)"))

        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    database.dispose()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://root@localhost/signing", "names the database"),
        ("postgresql+psycopg2://localhost/signing", "names the database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("var/service.db", "is not a database URL"),
        ("sqlite:////nowhere/at/all/service.db", "No such file or directory"),
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once(url: str, reason: str):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        Database(url)
    assert caught.value.hint


def test_a_database_that_is_down_is_unavailable_and_does_not_show_the_password():
    database = Database("postgresql://signing:secret@127.0.0.1:1/signing")

    with pytest.raises(UnavailableError) as caught, database.begin() as session:
        session.execute(text("SELECT 1"))

    assert "does not answer" in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint


def test_lost_connections_are_replaced(database: Database):
    if database.dialect == "sqlite":
        database.engine.dispose()
    else:
        with pytest.raises(UnavailableError), database.begin() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with database.begin() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_question_whose_connection_was_cut_fails_alone(database: Database):
    with pytest.raises(UnavailableError), database.ask() as driver:
        driver.row("SELECT pg_terminate_backend(pg_backend_pid())")

    for _ in range(4):
        with database.ask() as driver:
            assert driver.row("SELECT 1") == (1,)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_question_that_cannot_be_answered_costs_no_connection(database: Database):
    with database.ask() as driver:
        pid = driver.row("SELECT pg_backend_pid()")
    for statement in ("SELECT 1 / 0", "SELECT no_such_column"):
        with pytest.raises((DBAPIError, InputError)), database.ask() as driver:
            driver.row(statement)
        with database.ask() as driver:
            assert driver.row("SELECT pg_backend_pid()") == pid


def test_errors_of_the_drivers_own_statements_are_sqlalchemys(database: Database):
    statement = "INSERT INTO log_state (id, size, frontier) VALUES (:id, 0, :frontier)"

    with pytest.raises(IntegrityError), database.begin() as session:
        Driver(session.connection()).run(statement, {"id": 1, "frontier": b""})
