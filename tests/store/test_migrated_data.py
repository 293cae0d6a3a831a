"""A migration brings a schema forward and touches no row: not a byte, not an event, not an entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, select

from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from signing_service.store.migrations import make_config, upgrade
from tests.databases import PostgresServer

REVISIONS = [script.revision for script in ScriptDirectory.from_config(make_config()).walk_revisions()][::-1]
OLD = {"alembic_version"}  # the one table whose row is meant to change
Rows = dict[str, list[Any]]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """Where the rows come from: always SQLite."""
    path = tmp_path / "lived-in.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/old.db")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    url = server.create()
    database = Database(url)
    yield database
    database.dispose()
    server.drop(url)


def tables_of(database: Database) -> list[Table]:
    with database.connect() as connection:
        found = MetaData()
        found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in OLD]


def rows_of(database: Database, tables: list[Table]) -> Rows:
    with database.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(select(*table.columns)).all())) for table in tables}


def copy_rows(source: Database, target: Database) -> None:
    """Everything that a lived-in service of that schema would hold."""
    tables = tables_of(target)
    with source.connect() as reading, target.connect() as writing:
        for table in tables:
            writing.execute(table.delete())
            rows = [row._asdict() for row in reading.execute(select(*table.columns))]
            if rows:
                writing.execute(table.insert(), rows)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_rows_of_each_earlier_schema_come_forward_untouched(
    revision: str, lived_in: Database, guard: Guard, old_database: Database
):
    upgrade(old_database, revision)
    tables = tables_of(old_database)
    copy_rows(lived_in, old_database)
    before = rows_of(old_database, tables)

    upgrade(old_database)

    assert rows_of(old_database, tables) == before
    assert len(before["entries"]) == 8
    if "revisions" in before:
        with old_database.read() as session:
            assert check_everything(session, guard).entries == len(before["entries"])
