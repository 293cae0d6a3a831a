"""``backup`` and ``restore`` on the command line; what they check is tested in tests/store/test_backup.py."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from signing_service.settings import parse_settings
from signing_service.store import ledger
from signing_service.workflow.service import open_service
from tests.commands.conftest import Run

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
