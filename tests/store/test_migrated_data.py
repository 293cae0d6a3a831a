"""A migration brings a schema forward and touches no row: not a byte, not an event, not an entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, column, select, table, text

from signing_service.agreement.terms import SECRETARIAT
from signing_service.store import acts, listing
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from signing_service.store.migrations import make_config, upgrade
from tests.cast import NOON, OFFICER
from tests.databases import PostgresServer
from tests.store.world import AGREEMENT, OTHER_AGREEMENT, add_person, give_mandate, publish_agreement, sign

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


def rows_of(database: Database, columns: dict[str, list[str]]) -> Rows:
    """The rows as they lie there, without any type of ours."""
    with database.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(*map(column, names)).select_from(table(name))).all()))
            for name, names in columns.items()
        }


def copy_rows(source: Database, target: Database) -> dict[str, list[str]]:
    """Everything that a lived-in service of that schema would hold; give the columns that both have."""
    tables = tables_of(target)
    known = {each.name: each for each in tables_of(source)}
    with source.connect() as reading, target.connect() as writing:
        for each in tables:
            writing.execute(each.delete())
            rows = [as_before(row._asdict(), each) for row in reading.execute(select(known[each.name]))]
            if rows:
                writing.execute(each.insert(), rows)
    return {each.name: [one.name for one in each.columns if one.name in known[each.name].columns] for each in tables}


def as_before(row: dict[str, Any], old: Table) -> dict[str, Any]:
    """A row of today as an earlier schema held it."""
    if "officer" in old.columns:
        row["officer"] = row["office"] != ""
    return {each.name: row[each.name] for each in old.columns}


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_rows_of_each_earlier_schema_come_forward_untouched(
    revision: str, lived_in: Database, guard: Guard, old_database: Database
):
    upgrade(old_database, revision)
    kept = copy_rows(lived_in, old_database)
    before = rows_of(old_database, kept)

    upgrade(old_database)

    assert rows_of(old_database, kept) == before
    assert len(before["entries"]) == 8
    if "revisions" in before:
        with old_database.read() as session:
            assert check_everything(session, guard).entries == len(before["entries"])


def test_who_was_an_officer_is_a_lead_officer_after_the_migration(lived_in: Database, old_database: Database):
    upgrade(old_database, "0005")
    copy_rows(lived_in, old_database)
    with old_database.connect() as connection:
        connection.execute(text("UPDATE people SET officer = true WHERE name = (SELECT min(name) FROM people)"))
        officers = connection.execute(text("SELECT name FROM people WHERE officer")).scalars().all()

    upgrade(old_database)

    with old_database.connect() as connection:
        rows = connection.execute(text("SELECT name, office FROM people")).all()
        offices = {str(row.name): str(row.office) for row in rows}
    assert [name for name, office in offices.items() if office] == officers
    assert [offices[name] for name in officers] == ["lead-officer"]


def test_agreements_of_an_earlier_schema_are_found_by_what_became_of_them(lived_in: Database, old_database: Database):
    with lived_in.begin() as session:
        sign(session, give_mandate(session, add_person(session, OFFICER), SECRETARIAT), "countersignature")
        publish_agreement(session, OTHER_AGREEMENT)
    upgrade(old_database, "0011")
    copy_rows(lived_in, old_database)

    upgrade(old_database)

    with old_database.read() as session:
        assert [row.id for row in listing.agreements_page(session, limit=9, stage="closed")] == [AGREEMENT]
        assert [row.id for row in listing.agreements_page(session, limit=9, stage="open")] == [OTHER_AGREEMENT]
        assert acts.awaiting_archive(session) == [AGREEMENT]
        assert len(listing.agreements_page(session, limit=9, search="12c12u")) == 2


def test_reminders_by_schedule_go_on_after_the_migration(lived_in: Database, old_database: Database):
    upgrade(old_database, "0014")
    copy_rows(lived_in, old_database)
    with old_database.connect() as connection:
        connection.execute(text(f"UPDATE agreements SET remind_every = 7 WHERE id = '{AGREEMENT}'"))

    upgrade(old_database)

    with old_database.read() as session:
        assert listing.to_remind(session, NOON + timedelta(days=1), NOON + timedelta(days=3), 9) == [AGREEMENT]
