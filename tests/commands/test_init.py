"""``init`` makes a service once, prints what people need, and never makes anything again."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from signing_service.evidence.trust import fingerprint, fingerprint_text, parse_trust_file
from tests.commands.conftest import OFFICER, Run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_prints_the_fingerprint_of_the_trust_file_that_it_wrote(installed: str, folder: Path) -> None:
    data = (folder / "var" / "trust.json").read_bytes()
    assert fingerprint_text(fingerprint(data)) in installed
    trust = parse_trust_file(data)
    assert trust.web_origin == "https://sign.example.org"
    assert trust.record_origin == trust.relying_party_id == "sign.example.org"


def test_it_prints_one_link_for_the_first_officer_with_the_token_in_the_fragment(installed: str) -> None:
    links = re.findall(r"https://sign\.example\.org/\S+", installed)
    assert len(links) == 1
    assert re.fullmatch(r"https://sign\.example\.org/invitation#[A-Za-z0-9_-]{43}", links[0])
    assert "Mei Tan <mei.tan@secretariat.example>" in installed


@pytest.mark.databases("sqlite")
def test_what_it_makes_is_for_its_owner_alone(installed: str, folder: Path) -> None:
    assert mode(folder / "keys") == 0o700
    private = [*(folder / "keys").glob("*.key"), folder / "var" / "service.sqlite3", *(folder / "secrets").iterdir()]
    assert len(private) == 6 + 1 + 2
    assert {mode(path) for path in private} == {0o600}
    assert all(b"ENCRYPTED" in path.read_bytes() for path in (folder / "keys").glob("*.key"))


@pytest.mark.databases("sqlite")
def test_no_key_and_no_secret_is_in_the_database_or_on_the_terminal(installed: str, folder: Path) -> None:
    database = b"".join(path.read_bytes() for path in (folder / "var").iterdir())
    for secret in (folder / "secrets").iterdir():
        assert secret.read_text().strip() not in installed
        assert secret.read_bytes().strip() not in database
    assert b"PRIVATE KEY" not in database
    token = installed.split("invitation#")[1].split()[0]
    assert token.encode() not in database


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("lost", ["", "var/guard", "var/service.sqlite3"])
def test_a_second_run_is_refused_and_changes_nothing(
    installed: str, folder: Path, run: Run, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if lost:
        (folder / lost).unlink()
    keys = {path.name: path.read_bytes() for path in (folder / "keys").iterdir()}
    assert run("init", *OFFICER) != 0
    assert "already" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (folder / "keys").iterdir()} == keys


@pytest.mark.databases("sqlite", "postgresql")
def test_a_second_run_says_that_a_service_is_here(
    installed: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", *OFFICER) == 1
    assert "a service is here already: https://sign.example.org, made on 20" in capsys.readouterr().err


@pytest.mark.databases("sqlite")
def test_what_is_left_of_a_service_leads_to_its_backup(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("backup", "monday.backup") == 0
    for file in (folder / "var").glob("service.sqlite3*"):
        file.unlink()
    capsys.readouterr()
    assert run("init", *OFFICER) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "the guard var/guard holds a checkpoint already, but the database is empty" in said
    assert "`signing-service restore FILE`" in said
    kept = (folder / "var" / "guard").read_bytes()
    (folder / "var" / "guard").unlink()
    assert run("init", *OFFICER) == 2
    assert "signing-service restore FILE" in " ".join(capsys.readouterr().err.split())
    (folder / "var" / "guard").write_bytes(kept)
    assert run("restore", "monday.backup") == 0, "what init looked at is still an empty place"


def test_a_passphrase_that_others_may_read_makes_no_keys(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "secrets").mkdir()
    (folder / "secrets" / "key-passphrase").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "secrets" / "key-passphrase").chmod(0o644)
    assert run("init", *OFFICER) == 2
    assert "secrets/key-passphrase is readable by others (mode 0644)" in capsys.readouterr().err
    assert not list((folder / "keys").glob("*"))


def test_a_lost_passphrase_is_not_replaced_while_there_are_keys(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "secrets" / "key-passphrase").unlink()
    assert run("init", *OFFICER) == 2
    printed = capsys.readouterr().err
    assert "keys holds keys, but secrets/key-passphrase, whose passphrase opens them, is gone" in printed
    assert "move the keys away too" in printed
    assert not (folder / "secrets" / "key-passphrase").exists()


def test_the_public_url_may_stand_on_the_command_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SIGNING_SERVICE_PUBLIC_URL")
    assert run("init", "https://sign.example.net", *OFFICER) == 0
    assert "https://sign.example.net/invitation#" in capsys.readouterr().out


def test_two_public_urls_are_refused(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", "https://sign.example.net", *OFFICER) == 2
    assert "PUBLIC_URL is set to https://sign.example.org" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
