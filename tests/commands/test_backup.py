"""``backup`` and ``restore`` on the command line; what they check is tested in tests/store/test_backup.py."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import SigningServiceError
from signing_service.settings import parse_settings
from signing_service.store import integrity, ledger, passkeys, sessions
from signing_service.store.tables import Person
from signing_service.workflow.service import Service, open_service
from tests.commands.conftest import Run

HOUR = timedelta(hours=1)
Printed = pytest.CaptureFixture[str]

pytestmark = pytest.mark.databases("sqlite")  # loses and changes files; tests/store/test_backup.py has both


def append_and_publish() -> None:
    service = open_service(parse_settings(os.environ))
    with service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, service.clock())
    service.publish()
    service.database.dispose()


def lose_the_database(folder: Path) -> None:
    for file in (folder / "var").glob("service.sqlite3*"):
        file.unlink()


def test_a_backup_comes_back_verified(installed: str, folder: Path, run: Run, capsys: Printed) -> None:
    append_and_publish()
    assert run("backup", "monday.backup") == 0
    lose_the_database(folder)
    assert run("restore", "monday.backup") == 0
    assert "restored and verified: 3 entries (0 erased)" in capsys.readouterr().out
    assert run("doctor") == 0


def test_what_is_published_while_the_backup_is_verified_is_no_fork(
    installed: str, run: Run, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = integrity._check_types

    def check_types(session: Session) -> None:
        real(session)  # the snapshot has begun
        append_and_publish()

    with monkeypatch.context() as patched:
        patched.setattr(integrity, "_check_types", check_types)
        assert run("backup", "monday.backup") == 0
    assert "2 entries and 0 revisions verified" in capsys.readouterr().out
    assert run("backup", "tuesday.backup") == 0
    assert "3 entries and 0 revisions verified" in capsys.readouterr().out


def test_an_older_backup_than_what_was_published_is_refused(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    run("backup", "monday.backup")
    append_and_publish()
    lose_the_database(folder)
    assert run("restore", "monday.backup") == 1
    assert "but a checkpoint of 3 was published" in capsys.readouterr().err
    assert not (folder / "var" / "service.sqlite3").exists()


def test_a_backup_with_one_changed_event_is_refused(installed: str, folder: Path, run: Run, capsys: Printed) -> None:
    run("backup", "monday.backup")
    with contextlib.closing(sqlite3.connect(folder / "monday.backup", isolation_level=None)) as changed:
        changed.execute("UPDATE events SET event = replace(event, 'Mei', 'Moi') WHERE \"index\" = 1")
        changed.execute("UPDATE events SET event = CAST(event AS BLOB)")
    lose_the_database(folder)
    assert run("restore", "monday.backup") == 1
    assert "error: " in capsys.readouterr().err


def test_a_backup_of_what_a_disk_has_changed_is_written_and_says_so(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    """Found on the day on which yesterday's backup still has it."""
    assert run("backup", "monday.backup") == 0
    assert "2 entries and 0 revisions verified" in capsys.readouterr().out
    with contextlib.closing(sqlite3.connect(folder / "var" / "service.sqlite3", isolation_level=None)) as changed:
        changed.execute("UPDATE events SET event = CAST(replace(event, 'Mei', 'Moi') AS BLOB) WHERE \"index\" = 1")
    assert run("backup", "tuesday.backup") == 1
    assert "does not hold together" in capsys.readouterr().err
    assert (folder / "tuesday.backup").exists()


def test_who_was_signed_in_when_the_backup_was_made_is_not_after_it_is_restored(
    installed: str, folder: Path, run: Run
) -> None:
    """They may have signed out since, or been signed out because a device was stolen."""
    service, officer, now = opened()
    with service.database.begin() as session:
        token = sessions.start(session, officer, now=now, address="192.0.2.7", agent="Firefox")
        passkeys.add_challenge(session, bytes(32), "login", expires=now + HOUR, person=officer, about=b"")
    assert is_signed_in(service, token, now)
    service.database.dispose()
    run("backup", "monday.backup")
    lose_the_database(folder)
    assert run("restore", "monday.backup") == 0
    service = opened()[0]
    assert not is_signed_in(service, token, now)
    with service.database.begin() as session, pytest.raises(SigningServiceError):
        passkeys.take_challenge(session, bytes(32), "login", now=now, person=officer)
    service.database.dispose()


def opened() -> tuple[Service, str, datetime]:
    """The service, its officer and the time."""
    service = open_service(parse_settings(os.environ))
    with service.database.read() as session:
        return service, session.scalars(select(Person.id)).one(), service.clock()


def is_signed_in(service: Service, token: str, now: datetime) -> bool:
    with service.database.read() as session:
        return sessions.find(session, token, now=now, idle=HOUR, absolute=HOUR) is not None


def test_nothing_is_restored_over_a_database(installed: str, run: Run, capsys: Printed) -> None:
    run("backup", "monday.backup")
    assert run("restore", "monday.backup") == 1
    assert "exists already" in capsys.readouterr().err


def test_a_backup_is_never_overwritten(installed: str, run: Run, capsys: Printed) -> None:
    run("backup", "monday.backup")
    assert run("backup", "monday.backup") == 1
    assert "a backup is never overwritten" in capsys.readouterr().err


def test_a_restored_database_of_other_keys_is_said_so(installed: str, folder: Path, run: Run, capsys: Printed) -> None:
    run("backup", "monday.backup")
    lose_the_database(folder)
    (folder / "keys" / "record.pub").unlink()
    assert run("restore", "monday.backup") == 2
    assert "record.pub is missing" in capsys.readouterr().err


def test_a_damaged_file_that_states_the_newest_checkpoint_is_named(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    (folder / "receipt.json").write_bytes(b"cut off by a mail")
    assert run("restore", "monday.backup", "--newest-checkpoint", "receipt.json") == 1
    assert "--newest-checkpoint: receipt.json: note has no" in capsys.readouterr().err
