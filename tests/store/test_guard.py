from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from signing_service.errors import ForkError, UnavailableError
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.tree import EMPTY_ROOT, Frontier, leaf_hash
from signing_service.store import ledger, publisher
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from tests.cast import ORIGIN
from tests.store.world import OTHER_AGREEMENT, RECORD_SIGNER, add_events, publish


def note_of(*leaves: bytes) -> bytes:
    frontier = Frontier().extend(map(leaf_hash, leaves))
    return sign_checkpoint(Checkpoint(ORIGIN, frontier.size, frontier.root()), RECORD_SIGNER)


def test_a_guard_gives_back_what_was_written(guard: Guard):
    assert guard.read() is None
    guard.write(note_of())
    guard.write(note_of(b"Nanjing", b"Minsk"))

    guarded = guard.read()
    assert guarded is not None
    assert (guarded.size, guarded.note) == (2, note_of(b"Nanjing", b"Minsk"))
    assert guarded.root == Frontier().extend([leaf_hash(b"Nanjing"), leaf_hash(b"Minsk")]).root()


def test_the_guard_never_goes_back(guard: Guard):
    guard.write(note_of(b"Nanjing", b"Minsk"))

    with pytest.raises(ForkError, match="of 1 entries cannot follow the guard's of 2"):
        guard.write(note_of(b"Nanjing"))


def test_the_guard_never_holds_two_roots_of_one_size(guard: Guard):
    guard.write(note_of(b"Nanjing"))

    with pytest.raises(ForkError):
        guard.write(note_of(b"Minsk"))
    guard.write(note_of(b"Nanjing"))


def test_another_process_s_guard_is_seen_at_once(guard: Guard):
    mine = Guard(guard.path)
    guard.write(note_of(b"Nanjing"))
    assert mine.read() == guard.read()
    guard.write(note_of(b"Nanjing", b"Minsk"))

    assert mine.read() == guard.read()


def test_the_guard_is_its_owner_s_alone_and_leaves_nothing_beside(guard: Guard):
    with guard.lock():
        guard.write(note_of(b"Nanjing"))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in guard.path.parent.iterdir()}
    assert modes == {"checkpoint": 0o600, "checkpoint.lock": 0o600}


@pytest.mark.parametrize("content", [b"", b"garbage", note_of(b"Nanjing")[:-3], b"\xff" * 20])
def test_a_damaged_guard_stops_everything_and_says_what_to_do(guard: Guard, content: bytes):
    guard.path.write_bytes(content)

    with pytest.raises(ForkError, match="is damaged") as caught:
        guard.read()
    assert caught.value.hint


def test_a_disk_that_refuses_leaves_the_old_guard(guard: Guard, monkeypatch: pytest.MonkeyPatch):
    guard.write(note_of(b"Nanjing"))

    def refuse(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UnavailableError, match="Input/output error"):
        guard.write(note_of(b"Nanjing", b"Minsk"))

    assert guard.path.read_bytes() == note_of(b"Nanjing")
    assert [path.name for path in guard.path.parent.iterdir()] == ["checkpoint"]


def test_a_guard_without_a_folder_is_unavailable(tmp_path: Path):
    guard = Guard(tmp_path / "missing" / "checkpoint")

    assert guard.read() is None
    with pytest.raises(UnavailableError):
        guard.write(note_of())
    with pytest.raises(UnavailableError), guard.lock():
        pass


def test_file_and_folder_are_synced_before_the_guard_counts(guard: Guard, monkeypatch: pytest.MonkeyPatch):
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def remember(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        synced.append((Path(name).name.split(".")[0], guard.path.exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", remember)
    guard.write(note_of(b"Nanjing"))

    assert synced == [("checkpoint", False), ("guard", True)]


# -- the guard against a database that is not the one it has seen


def test_appending_goes_on_behind_a_published_checkpoint(database: Database, guard: Guard):
    for _ in range(9):
        publish(database, guard)
        with database.begin() as session:
            add_events(session, 3)

    guarded = guard.read()
    assert guarded is not None
    assert guarded.size == 24


def test_a_database_older_than_the_guard_takes_no_more_events(database: Database, guard: Guard):
    with database.begin() as session:
        add_events(session, 3)
    guard.write(note_of(*[b"entry"] * 4))

    for attempt in (lambda: append_one(database), lambda: publish(database, guard)):
        with pytest.raises(ForkError, match="has 3 entries, but a checkpoint of 4 was published") as caught:
            attempt()
        assert "never delete the guard" in caught.value.hint


def append_one(database: Database) -> None:
    with database.begin() as session:
        add_events(session, 1)


@pytest.mark.parametrize("more", [0, 1, 2, 5])
def test_a_database_with_another_history_takes_no_more_events(
    database: Database, guard: Guard, open_database: Callable[..., Database], more: int
):
    guard.write(note_of(*[b"another history"] * 5))
    with open_database().begin() as session:  # as if no guard had been there
        add_events(session, 5 + more)

    for attempt in (lambda: append_one(database), lambda: publish(database, guard)):
        with pytest.raises(ForkError, match="first 5 entries are not those that were published") as caught:
            attempt()
        assert "evidence" in caught.value.hint


def test_a_lost_guard_is_not_made_again(database: Database, guard: Guard):
    append_one(database)
    publish(database, guard)
    guard.path.unlink()

    for attempt in (lambda: append_one(database), lambda: publish(database, guard)):
        with pytest.raises(ForkError, match="there is no guard at"):
            attempt()


def test_the_first_checkpoint_that_is_published_during_a_look_is_no_lost_guard(
    database: Database, guard: Guard, monkeypatch: pytest.MonkeyPatch
):
    append_one(database)
    read = ledger.read_frontier

    def publish_first(session: Session) -> Frontier:
        monkeypatch.undo()
        publish(database, guard)
        return read(session)

    monkeypatch.setattr(ledger, "read_frontier", publish_first)
    ledger.check_guard(database, guard)
    guard.path.unlink()
    with pytest.raises(ForkError, match="there is no guard at"):
        ledger.check_guard(database, guard)


def test_a_changed_entry_below_the_guard_is_noticed_by_the_next_append(database: Database, guard: Guard):
    with database.begin() as session:
        add_events(session, 7)
    publish(database, guard)
    append_one(database)
    with database.connect() as connection:
        connection.execute(text('UPDATE entries SET data = :data WHERE "index" = 6'), {"data": b"{}"})

    with pytest.raises(ForkError, match="first 7 entries"):
        append_one(database)


def test_publishing_the_empty_record_is_possible(database: Database, guard: Guard):
    publish(database, guard)

    guarded = guard.read()
    assert guarded is not None
    assert (guarded.size, guarded.root) == (0, EMPTY_ROOT)
    append_one(database)


# -- the publisher


def test_a_checkpoint_is_signed_guarded_and_released(database: Database, guard: Guard):
    with database.begin() as session:
        add_events(session, 4)
    note = publish(database, guard)

    with database.read() as session:
        newest = publisher.newest(session)
        assert newest is not None
        assert (newest.size, newest.note) == (4, note.decode())
    guarded = guard.read()
    assert guarded is not None
    assert guarded.note == note


def test_publishing_again_gives_the_same_checkpoint(database: Database, guard: Guard):
    append_one(database)

    assert publish(database, guard) == publish(database, guard)


def test_a_checkpoint_whose_publisher_died_before_releasing_it_is_released_by_the_next(
    database: Database, guard: Guard, monkeypatch: pytest.MonkeyPatch
):
    append_one(database)
    write = Guard.write

    def write_and_die(self: Guard, note: bytes) -> None:
        write(self, note)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Guard, "write", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            publish(database, guard)
    with database.read() as session:
        assert publisher.newest(session) is None

    note = publish(database, guard)
    with database.read() as session:
        newest = publisher.newest(session)
    assert newest is not None
    assert newest.note.encode() == note == guard.path.read_bytes()


def test_nothing_is_released_when_the_guard_cannot_be_written(
    database: Database, guard: Guard, monkeypatch: pytest.MonkeyPatch
):
    append_one(database)

    def refuse(self: Guard, note: bytes) -> None:
        raise UnavailableError("guard: No space left on device")

    monkeypatch.setattr(Guard, "write", refuse)
    with pytest.raises(UnavailableError):
        publish(database, guard)

    with database.read() as session:
        assert publisher.newest(session) is None


def test_publishers_at_once_release_one_line_of_checkpoints(open_database: Callable[..., Database], guard: Guard):
    databases = [open_database(guard=Guard(guard.path)) for _ in range(3)]
    notes: list[bytes] = []

    def append_and_publish(database: Database, scope: str) -> None:
        assert database.guard is not None
        for _ in range(8):
            with database.begin() as session:
                add_events(session, 1, scope)
            notes.append(publish(database, database.guard))

    scopes = ("service", OTHER_AGREEMENT, "cccccccccccccccccccccccccc")
    threads = [threading.Thread(target=append_and_publish, args=pair) for pair in zip(databases, scopes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(notes) == 24
    by_size: dict[bytes, set[bytes]] = {}
    for note in notes:
        by_size.setdefault(note.split(b"\n")[1], set()).add(note)
    assert all(len(same_size) == 1 for same_size in by_size.values())
    assert guard.path.read_bytes().split(b"\n")[1] == b"24"
