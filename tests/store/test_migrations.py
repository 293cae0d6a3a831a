from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from signing_service.errors import ConfigurationError
from signing_service.store import database as databases
from signing_service.store import ledger
from signing_service.store.database import Database
from signing_service.store.migrations import check_schema, make_config, upgrade
from signing_service.store.tables import Base
from tests.cast import NOON
from tests.databases import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        url, server = f"sqlite:///{tmp_path}/empty.db", None
    else:
        server = request.getfixturevalue("postgres")
        assert isinstance(server, PostgresServer)
        url = server.create()
    database = Database(url)
    yield database
    database.dispose()
    if server is not None:
        server.drop(url)


def described(connection: Connection) -> dict[str, object]:
    """Everything that a database says about its tables, so that two schemas can be compared to the last word."""
    inspector = inspect(connection)
    tables: dict[str, object] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        tables[name] = {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)],
            "key": inspector.get_pk_constraint(name),
            "foreign": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "checks": sorted(map(str, inspector.get_check_constraints(name))),
            "indexes": sorted(
                (str(i["name"]), i["column_names"], i["unique"], {k: str(v) for k, v in i["dialect_options"].items()})
                for i in inspector.get_indexes(name)
            ),
            "options": inspector.get_table_options(name),
        }
    return tables


OF_THE_OTHER = {"sqlite": "uq_people_address", "postgresql": "uq_people_email"}
"""What keeps two people from one address there; Alembic does not ask for which database a model means something."""


def test_the_migrations_make_exactly_the_models_schema(empty_database: Database):
    upgrade(empty_database)
    other = OF_THE_OTHER[empty_database.dialect]
    with empty_database.connect() as connection:
        options = {"include_object": lambda _thing, name, *_rest: name != other}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
        migrated = described(connection)
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
        Base.metadata.create_all(connection)
        modelled = described(connection)

    assert differences == []
    assert migrated == modelled
    assert migrated


def test_a_second_upgrade_changes_nothing(empty_database: Database):
    upgrade(empty_database)
    with empty_database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1.0"}, NOON)
    upgrade(empty_database)

    check_schema(empty_database)
    with empty_database.read() as session:
        assert ledger.read_frontier(session).size == 1


def test_each_earlier_schema_is_brought_forward(empty_database: Database):
    for script in reversed(list(ScriptDirectory.from_config(make_config()).walk_revisions())):
        upgrade(empty_database, script.revision)

    check_schema(empty_database)


def test_a_failing_migration_leaves_the_schema_as_it_was(empty_database: Database):
    with empty_database.connect() as connection:
        connection.execute(text("CREATE TABLE rate_hits (id INTEGER)"))  # in the way of the first migration

    with pytest.raises(Exception, match="rate_hits"):
        upgrade(empty_database)

    with empty_database.connect() as connection:
        assert inspect(connection).get_table_names() == ["rate_hits"]


def test_an_older_schema_is_not_served(empty_database: Database):
    with pytest.raises(ConfigurationError, match="has schema none"):
        check_schema(empty_database)
    upgrade(empty_database, "0001")

    with pytest.raises(ConfigurationError, match="has schema 0001, this version needs"):
        check_schema(empty_database)


def test_a_look_at_the_schema_waits_for_nobody_who_writes(database: Database, monkeypatch: pytest.MonkeyPatch):
    """Load balancers ask for it all the time."""
    monkeypatch.setattr(databases, "BUSY_TIMEOUT", 0.01)
    with database.begin():
        check_schema(database)


def test_a_newer_schema_is_neither_served_nor_touched(database: Database):
    with database.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for refuse in (check_schema, upgrade):
        with pytest.raises(ConfigurationError, match="9999, which this version does not know"):
            refuse(database)


def test_two_machines_may_migrate_at_once(empty_database: Database):
    program = (
        "import sys; from signing_service.store.database import Database; "
        "from signing_service.store.migrations import upgrade; upgrade(Database(sys.argv[1]))"
    )
    url = empty_database.url.render_as_string(hide_password=False)
    starting = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(2)]

    assert [process.communicate()[1] for process in starting] == [b"", b""]
    check_schema(empty_database)
