"""Each row of ``doctor`` that can go wrong does so here once, and says what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.commands import doctor, findings
from signing_service.pki.keystore import KeyStore
from signing_service.settings import parse_settings
from signing_service.store import ledger
from signing_service.store.backup import backup
from signing_service.store.standbys import Standbys
from signing_service.workflow.renewal import Standing
from signing_service.workflow.rotation import rotate
from signing_service.workflow.service import open_service, system_clock
from tests.cast import PASSPHRASE
from tests.commands.conftest import Run
from tests.commands.serving import free_port

Patch = pytest.MonkeyPatch

pytestmark = pytest.mark.databases("sqlite")  # changes the file


def set_to(patched: Patch, **settings: str) -> None:
    for name, text in settings.items():
        patched.setenv(f"SIGNING_SERVICE_{name}", text)


def execute(folder: Path, sql: str, *values: object) -> None:
    database = sqlite3.connect(folder / "var" / "service.sqlite3", isolation_level=None)
    database.execute(sql, values)
    database.close()


def set_the_clock_back(_folder: Path, _: Patch) -> None:
    service = open_service(parse_settings(os.environ))
    with service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, datetime(2044, 1, 1, tzinfo=UTC))
    service.database.dispose()


def put_an_old_database_back(folder: Path, _: Patch) -> None:
    service = open_service(parse_settings(os.environ))
    backup(service.database, folder / "old")
    with service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, service.clock())
    service.publish()
    service.database.dispose()
    for file in (folder / "var").glob("service.sqlite3*"):
        file.unlink()
    shutil.copy(folder / "old", folder / "var" / "service.sqlite3")


def publish_nothing(_: Path, patched: Patch) -> None:
    patched.setattr(findings, "UNPUBLISHED", timedelta(minutes=-1))
    service = open_service(parse_settings(os.environ))
    with service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, service.clock())
    service.database.dispose()


def go_back_in_schema(folder: Path, _: Patch) -> None:
    execute(folder, "UPDATE alembic_version SET version_num = '0001'")


def take_the_database_down(_: Path, patched: Patch) -> None:
    set_to(patched, DATABASE_URL=f"postgresql://signing@127.0.0.1:{free_port()}/signing")


def take_the_mail_server_down(_: Path, patched: Patch) -> None:
    set_to(patched, SMTP_URL=f"smtp://127.0.0.1:{free_port()}?security=none", MAIL_FROM="signing@example.org")


def fill_the_disk(_: Path, patched: Patch) -> None:
    patched.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))  # type: ignore[attr-defined]


def lock_the_folder(_: Path, patched: Patch) -> None:
    patched.setattr(doctor, "is_writable", lambda _: False)


def run_a_command_as_root(folder: Path, patched: Patch) -> None:
    """The lock that it made is root's."""
    real = os.access
    patched.setattr(os, "access", lambda path, mode: Path(path).name != "guard.lock" and real(path, mode))


def lose_the_fonts(folder: Path, patched: Patch) -> None:
    (folder / "empty").mkdir()
    set_to(patched, FONTS=str(folder / "empty"))


def interrupt_a_rotation(folder: Path, _: Patch) -> None:
    (folder / "keys" / "next").mkdir()


def unplug_the_token(folder: Path, _: Patch) -> None:
    (folder / "keys" / "seal.key").unlink()
    (folder / "keys" / "seal.token").write_text("seal-2025\n")
    (folder / "keys" / "seal.token").chmod(0o600)


def keep_the_keys_of_a_backup(folder: Path, _: Patch) -> None:
    for name in ("seal.key", "seal.pem"):
        shutil.copy2(folder / "keys" / name, folder / name)
    service = open_service(parse_settings(os.environ))
    rotate(service, "seal", "planned")
    service.database.dispose()
    for name in ("seal.key", "seal.pem"):
        shutil.copy2(folder / name, folder / "keys" / name)


def outlive_the_seal(_: Path, patched: Patch) -> None:
    patched.setattr(doctor, "system_clock", lambda: system_clock() + timedelta(days=365 * 11))


def stop_the_worker(folder: Path, _: Patch) -> None:
    columns = "recipient, kind, locale, subject, text, state, attempts, created, next_attempt"
    early = "2025-01-01 00:00:00.000000"
    execute(
        folder,
        f"INSERT INTO outbox ({columns}) VALUES ('a@example.org', 'signed', 'en', 's', 't', 'waiting', 0, ?, ?)",
        early,
        early,
    )


def let_a_proof_end(_: Path, patched: Patch) -> None:
    past = datetime(2025, 1, 1, tzinfo=UTC)
    ended = Standing("an-agreement", "12C12U/2025", "archive-1", past, past)
    patched.setattr(findings, "due_renewals", lambda *_: [ended])


def name_an_authority(folder: Path, patched: Patch, url: str) -> KeyStore:
    keys = KeyStore.create(folder / "other-keys", PASSPHRASE.encode(), "Outside Authority", system_clock())
    (folder / "anchors.pem").write_bytes(keys.root.public_bytes(Encoding.PEM))
    set_to(patched, TIMESTAMP_URLS=url, TIMESTAMP_ANCHORS_FILE="anchors.pem")
    return keys


def take_the_authority_down(folder: Path, patched: Patch) -> None:
    name_an_authority(folder, patched, f"http://127.0.0.1:{free_port()}")


ROWS: list[tuple[Callable[[Path, Patch], None], str, str, str]] = [
    (set_the_clock_back, "clock", "but the record has a time of 2044-01-01", "NTP"),
    (put_an_old_database_back, "service", "but a checkpoint of 3 was published", "never delete the guard"),
    (publish_nothing, "published", "3 entries recorded, 2 of them published", "guard's folder"),
    (go_back_in_schema, "database", "has schema 0001", "signing-service upgrade"),
    (take_the_database_down, "database", "the database signing at 127.0.0.1:", "hint"),
    (take_the_mail_server_down, "mail", "mail server 127.0.0.1:", "check SMTP_URL"),
    (fill_the_disk, "disk", "0.0 GiB free", "make room now"),
    (lock_the_folder, "disk", "cannot be written to", "chown"),
    (run_a_command_as_root, "disk", "guard.lock cannot be written to", "chown"),
    (lose_the_fonts, "fonts", "there are no fonts in", "make fonts"),
    (interrupt_a_rotation, "keys", "a rotation of keys was interrupted", "keys resume"),
    (unplug_the_token, "keys", "is in a PKCS#11 token, but none is configured", "PKCS11_MODULE"),
    (keep_the_keys_of_a_backup, "keys", "keys is older than the last rotation: the record names a later seal", "copy"),
    (outlive_the_seal, "keys", "is expired since", "keys rotate seal"),
    (stop_the_worker, "worker", "a mail is due since 2025-01-01", "signing-service worker"),
    (let_a_proof_end, "proofs", "its proof ended on 2025-01-01", "keep bundles"),
    (take_the_authority_down, "timestamps", "http://127.0.0.1", "TIMESTAMP_ANCHORS_FILE"),
]


@pytest.mark.parametrize(("spoil", "check", "said", "hint"), ROWS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_row_is_wrong_and_says_what_to_do(
    spoil: Callable[[Path, Patch], None],
    check: str,
    said: str,
    hint: str,
    installed: str,
    folder: Path,
    run: Run,
    monkeypatch: Patch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(folder, monkeypatch)
    assert run("doctor") == 1
    lines = capsys.readouterr().out.splitlines()
    found = [
        (line, after)
        for line, after in pairwise(lines)
        if line.startswith("wrong") and line.split()[1] == check and said in line
    ]
    assert found, lines
    assert hint in found[0][1]


def test_keys_that_are_half_changed_hide_no_missing_standby(
    installed: str, folder: Path, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_a_rotation(folder, monkeypatch)
    monkeypatch.setattr(findings, "look_at_standbys", lambda _: Standbys(1, 0))
    assert run("doctor") == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "wrong keys keys/next is there" in printed
    assert "wrong standby 0 of 1 synchronous standbys follow the database" in printed


@pytest.mark.parametrize("command", ["doctor", "status", "serve", "backup", "upgrade"])
def test_a_mistyped_path_is_named_and_nothing_is_made_there(
    command: str, installed: str, folder: Path, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_to(monkeypatch, DATABASE_URL="sqlite:///var/servce.sqlite3")
    assert run(command, *(["monday.backup"] if command == "backup" else [])) == (1 if command == "doctor" else 2)
    printed = " ".join("".join(capsys.readouterr()).split())
    assert printed.count("there is no database at var/servce.sqlite3") == 1
    assert "run `signing-service init` once, or bring a backup back: `signing-service restore FILE`" in printed
    assert not list(folder.glob("var/servce*"))
    assert not list(folder.glob("monday*"))


@pytest.mark.parametrize("name", ["service.sqlite3", "service.sqlite3-wal"])
def test_a_database_file_of_another_user_is_to_be_given_back(
    name: str, installed: str, folder: Path, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "var" / "service.sqlite3-wal").touch()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != name and real(path, mode))
    assert run("status") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"error: DATABASE_URL: var/{name} cannot be read and written" in said
    assert "hint: it is another user's: give it to the service's user (chown)" in said


def test_a_database_that_does_not_answer_is_one_finding_with_its_address_and_no_password(
    installed: str, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    set_to(monkeypatch, DATABASE_URL=f"postgresql://signing:pa55word@127.0.0.1:{port}/signing")
    assert run("doctor") == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("does not answer") == 1
    assert f"wrong database the database signing at 127.0.0.1:{port} does not answer: " in printed
    assert "hint: see that PostgreSQL runs there, takes connections from this machine" in printed
    assert run("serve") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"error: the database signing at 127.0.0.1:{port} does not answer: " in said
    assert "a completed step" not in said, "words for who is signing"
    assert "pa55word" not in printed + said


def warnings(run: Run, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    assert run("doctor") == 0
    return (line for line in capsys.readouterr().out.splitlines() if line.startswith("warning"))


def test_a_key_that_ends_within_a_year_is_a_warning(
    installed: str, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "system_clock", lambda: system_clock() + timedelta(days=365 * 9 + 30))
    assert sum("expires on" in line for line in warnings(run, capsys)) == 2


def test_the_roots_key_on_the_machine_is_a_warning(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert any("the root's key lies on this machine" in line for line in warnings(run, capsys))
    (folder / "medium").mkdir()
    run("keys", "offline", str(folder / "medium"))
    assert not any("root's key" in line for line in warnings(run, capsys))


def test_a_proof_that_ends_within_a_year_is_a_warning(
    installed: str, run: Run, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    soon = system_clock() + timedelta(days=100)
    monkeypatch.setattr(findings, "due_renewals", lambda *_: [Standing("id", "12C12U/2025", "archive-1", soon, soon)])
    assert any("12C12U/2025 is provable until" in line for line in warnings(run, capsys))
