"""``upgrade`` brings an older schema forward; until then nothing serves it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from signing_service.settings import parse_settings
from signing_service.store.database import Database
from tests.commands.conftest import Run

Printed = pytest.CaptureFixture[str]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_a_current_schema_stays_as_it_is(installed: str, run: Run, capsys: Printed) -> None:
    assert run("upgrade") == 0
    assert "the schema is current" in capsys.readouterr().out


def test_an_empty_place_is_for_init(run: Run, folder: Path, capsys: Printed) -> None:
    (folder / "var").mkdir()
    (folder / "secrets").mkdir()
    for name in ("key-passphrase", "session-secret"):
        (folder / "secrets" / name).write_text("0123456789abcdef0123456789abcdef\n")
    assert run("upgrade") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "run `signing-service init` once, or bring a backup back: `signing-service restore FILE`" in said


@pytest.mark.parametrize("command", ["status", "worker", "renew", "keys"])
def test_an_older_schema_is_refused_with_what_to_do(installed: str, run: Run, capsys: Printed, command: str) -> None:
    database = Database(parse_settings(os.environ).database_url)
    with database.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    database.dispose()
    assert run(command, *(["--once"] if command == "worker" else [])) == 2
    hint = "hint: make a backup with the version before, then run signing-service upgrade with this one"
    assert hint in capsys.readouterr().err
