"""``doctor`` and ``status`` look and tell; each thing that can be wrong has a sentence and a hint."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from signing_service.workflow import clock_check
from signing_service.workflow.service import system_clock
from tests.commands.conftest import Run


@pytest.mark.databases("sqlite", "postgresql")
def test_a_new_service_is_well_but_for_what_is_still_to_be_set(
    installed: str, database_kind: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor") == 0
    printed = capsys.readouterr().out
    assert "ok       keys       complete, private and matching" in printed
    assert f"ok       database   {database_kind}, schema current, commits survive a power loss" in printed
    assert "warning  timestamps the service stamps with its own clock: time not independent" in printed
    assert "warning  contact    pages and mails name nobody whom people can ask" in printed
    assert "wrong" not in printed
    lines = [line for line in printed.splitlines() if line.startswith("ok       disk")]
    assert len(lines) == len(set(lines)), "each place once"


@pytest.mark.databases("sqlite", "postgresql")
def test_before_init_it_says_what_is_missing(
    run: Run, folder: Path, database_kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "secrets").mkdir()
    (folder / "var").mkdir()
    for name in ("key-passphrase", "session-secret"):
        (folder / "secrets" / name).write_text("0123456789abcdef0123456789abcdef\n")
        (folder / "secrets" / name).chmod(0o600)
    assert run("doctor") == 1
    printed = capsys.readouterr().out
    assert "wrong    keys       keys directory keys is missing" in printed
    there = {"sqlite": "there is no database at var/service.sqlite3", "postgresql": "the database is empty"}
    assert f"wrong    database   {there[database_kind]}" in printed
    assert "run `signing-service init` once, or bring a backup back" in " ".join(printed.split())
    assert printed.count(there[database_kind]) == 1, "what stands in the way of several checks is said once"


def break_permissions(folder: Path) -> None:
    (folder / "keys" / "seal.key").chmod(0o644)


def lose_a_key(folder: Path) -> None:
    (folder / "keys" / "timestamp.key").unlink()


def publish_the_passphrase(folder: Path) -> None:
    (folder / "secrets" / "key-passphrase").chmod(0o644)


def forget_history(folder: Path) -> None:
    (folder / "var" / "service.sqlite3").unlink()


def damage_the_guard(folder: Path) -> None:
    (folder / "var" / "guard").write_text("nonsense")


@pytest.mark.databases("sqlite")  # one loses the file
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (break_permissions, "keys/seal.key is readable by others"),
        (lose_a_key, "keys/timestamp.key is missing"),
        (publish_the_passphrase, "secrets/key-passphrase is readable by others"),
        (forget_history, "there is no database at var/service.sqlite3"),
        (damage_the_guard, "guard"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    damage: Callable[[Path], None], said: str, installed: str, folder: Path, run: Run,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    damage(folder)
    assert run("doctor") == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("wrong") and said in line)
    assert lines[place + 1].strip().startswith("hint: ")


@pytest.mark.parametrize("command", ["serve", "worker", "keys", "renew", "doctor"])
def test_a_passphrase_that_others_may_read_starts_nothing(
    command: str, installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a key that others may read."""
    publish_the_passphrase(folder)
    assert run(command) == (1 if command == "doctor" else 2)
    printed = "".join(capsys.readouterr())
    assert printed.count("secrets/key-passphrase is readable by others (mode 0644)") == 1
    assert "chmod 600 secrets/key-passphrase" in printed


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(("off", "level"), [(0, "ok"), (10, "wrong"), (-10, "wrong"), (7200, "wrong")])
def test_a_clock_that_is_not_the_databases_is_wrong_before_anything_is_recorded_by_it(
    off: int, level: str, installed: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clock_check, "system_clock", lambda: system_clock() + timedelta(seconds=off))
    assert run("doctor") == (1 if off else 0)
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.split()[1:2] == ["clock"]]
    assert line.startswith(level)
    assert ("by the database's clock" in line) == bool(off)


def test_another_public_url_is_refused_with_what_it_would_break(
    installed: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGNING_SERVICE_PUBLIC_URL", "https://sign.example.net")
    assert run("doctor") == 1
    printed = capsys.readouterr().out
    assert "this service was made as https://sign.example.org" in printed
    assert "every passkey" in printed


def test_a_test_mail_becomes_a_file_where_there_is_no_mail_server(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor", "--mail", "admin@example.org") == 0
    assert "test mail handed over for admin@example.org" in capsys.readouterr().out
    assert len(list((folder / "var" / "mail").glob("*.eml"))) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_status_counts_entries_and_mails(installed: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    printed = capsys.readouterr().out
    assert "no agreements yet" in printed
    assert "2 entries, 2 under the checkpoint" in printed


def test_status_speaks_json(installed: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--json") == 0
    expected = {
        "public_url": "https://sign.example.org", "agreements": [], "entries": 2, "published": 2, "witnessed": None,
        "witnesses": [], "mails": {"waiting": 0, "failed": 0}, "stages": {"closed": 0, "draft": 0, "open": 0},
        "stands_until": None,
    }  # fmt: skip
    assert json.loads(capsys.readouterr().out) == expected
