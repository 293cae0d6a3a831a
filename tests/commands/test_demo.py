"""``demo`` is what ``make run`` starts: everything from nothing, the same again in seconds, nobody else's database."""

from __future__ import annotations

import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.conftest import OFFICER, Run
from tests.commands.serving import Process, free_port, running

READY = "Each link works once"

pytestmark = pytest.mark.databases("sqlite")  # the demo's own


def links_of(printed: str) -> list[str]:
    return re.findall(r"^ +(http://localhost:\d+/invitation#[A-Za-z0-9_-]{43})$", printed, re.MULTILINE)


def agreement_ids(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "var" / "service.sqlite3") as database:
        return [row[0] for row in database.execute("SELECT id FROM agreements")]


def contents(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "var" / "service.sqlite3") as database:
        return list(database.iterdump())


@dataclass
class Started:
    """The demo after its first start, still running."""

    folder: Path
    port: int
    process: Process
    printed: str


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    with running(folder, "demo", "--port", str(port)) as process:
        yield Started(folder, port, process, process.wait_for(READY))


def test_the_demo_serves_and_prints_a_link_for_everybody(first: Started) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/healthz") as answer:
        assert answer.status == 200
    assert len(set(links_of(first.printed))) == 13
    assert "Secretariat" in first.printed
    assert (first.folder / "keys").stat().st_mode & 0o777 == 0o700
    assert len(agreement_ids(first.folder)) == 1


def test_the_demo_listens_on_this_machine_only(first: Started) -> None:
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert f"0100007F:{first.port:04X}" in listening
    assert f"00000000:{first.port:04X}" not in listening


def test_a_port_in_use_is_named(first: Started, tmp_path: Path) -> None:
    with running(tmp_path, "demo", "--port", str(first.port)) as late:
        printed = late.wait_for("hint: ")
        assert late.process.wait(60) == 2
    assert f"127.0.0.1:{first.port} is in use" in printed


def test_the_links_come_last_on_the_terminal(first: Started) -> None:
    assert first.printed.rindex("mail to ") < first.printed.index("Sign in with these links")


def test_the_next_start_keeps_everything_and_prints_new_links(first: Started) -> None:
    made = agreement_ids(first.folder)
    assert first.process.stop() == 0
    with running(first.folder, "demo", "--port", str(first.port)) as second:
        again = second.wait_for(READY)
        assert second.stop() == 0
    assert "making" not in again
    assert agreement_ids(first.folder) == made
    assert len(set(links_of(again)) - set(links_of(first.printed))) == 13


def test_a_database_that_is_not_the_demo_s_is_refused(installed: str, folder: Path, run: Run) -> None:
    before = contents(folder)
    settings = {
        "PUBLIC_URL": "https://sign.example.org",
        "KEY_PASSPHRASE_FILE": "secrets/key-passphrase",
        "SESSION_SECRET_FILE": "secrets/session-secret",
        "LISTEN": f"127.0.0.1:{free_port()}",
    }
    with running(folder, "demo", **settings) as demo:
        printed = demo.wait_for("error: ")
        assert demo.process.wait(60) == 1
    assert "this database is not the demo's" in printed
    assert contents(folder) == before


def test_serve_refuses_a_database_that_is_not_there_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    settings = {
        "PUBLIC_URL": "https://sign.example.org",
        "KEY_PASSPHRASE": "correct horse battery staple",
        "SESSION_SECRET": "0123456789abcdef0123456789abcdef",
        "LISTEN": f"127.0.0.1:{free_port()}",
    }
    with running(tmp_path, "serve", **settings) as server:
        printed = server.wait_for("hint: ")
        assert server.process.wait(60) == 2
    assert "error: there is no database at var/service.sqlite3" in printed
    assert "Traceback" not in printed


def test_serve_serves_what_init_made(installed: str, folder: Path, run: Run) -> None:
    assert OFFICER
    port = free_port()
    settings = {
        "PUBLIC_URL": "https://sign.example.org",
        "KEY_PASSPHRASE_FILE": "secrets/key-passphrase",
        "SESSION_SECRET_FILE": "secrets/session-secret",
        "LISTEN": f"127.0.0.1:{port}",
    }
    with running(folder, "serve", **settings) as server:
        server.wait_for("serving https://sign.example.org")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/trust.json") as answer:
            assert answer.read() == (folder / "var" / "trust.json").read_bytes()
        assert server.stop() == 0
