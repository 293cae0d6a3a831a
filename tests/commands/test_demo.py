"""``demo`` is what ``make run`` starts: everything from nothing, the same again in seconds, nobody else's database."""

from __future__ import annotations

import re
import sqlite3
import urllib.request
from pathlib import Path

from tests.commands.conftest import OFFICER, Run
from tests.commands.serving import free_port, running

READY = "Each link works once"


def links_of(printed: str) -> list[str]:
    return re.findall(r"^ +(http://localhost:\d+/invitation#[A-Za-z0-9_-]{43})$", printed, re.MULTILINE)


def agreement_ids(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "var" / "service.sqlite3") as database:
        return [row[0] for row in database.execute("SELECT id FROM agreements")]


def contents(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "var" / "service.sqlite3") as database:
        return list(database.iterdump())


def test_the_demo_makes_everything_serves_it_and_keeps_it(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, "demo", "--port", str(port)) as first:
        printed = first.wait_for(READY)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        assert first.stop() == 0
    links = links_of(printed)
    assert len(links) == 13
    assert len(set(links)) == 13
    assert "Secretariat" in printed
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    made = agreement_ids(tmp_path)
    assert len(made) == 1

    with running(tmp_path, "demo", "--port", str(port)) as second:
        again = second.wait_for(READY)
        assert second.stop() == 0
    assert "making" not in again
    assert agreement_ids(tmp_path) == made
    assert not set(links_of(again)) & set(links)


def test_the_demo_listens_on_this_machine_only(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, "demo", "--port", str(port)) as demo:
        demo.wait_for(READY)
        local = f"0100007F:{port:04X}"
        listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        assert local in listening
        assert f"00000000:{port:04X}" not in listening


def test_a_database_that_is_not_the_demo_s_is_refused(installed: str, folder: Path, run: Run) -> None:
    before = contents(folder)
    settings = {
        "PUBLIC_URL": "https://sign.example.org",
        "KEY_PASSPHRASE_FILE": "secrets/key-passphrase",
        "SESSION_SECRET_FILE": "secrets/session-secret",
    }
    with running(folder, "demo", **settings) as demo:
        printed = demo.wait_for("error: ")
        assert demo.process.wait(60) == 1
    assert "this database is not the demo's" in printed
    assert contents(folder) == before


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, "demo", "--port", str(port)) as demo:
        demo.wait_for(READY)
        with running(tmp_path, "demo", "--port", str(port)) as late:
            printed = late.wait_for("hint: ")
            assert late.process.wait(60) != 0
        assert f"127.0.0.1:{port} is in use" in printed


def test_serve_refuses_an_empty_database_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    settings = {
        "PUBLIC_URL": "https://sign.example.org",
        "KEY_PASSPHRASE": "correct horse battery staple",
        "SESSION_SECRET": "0123456789abcdef0123456789abcdef",
    }
    with running(tmp_path, "serve", **settings) as server:
        printed = server.wait_for("hint: ")
        assert server.process.wait(60) == 2
    assert "error: the database is empty" in printed
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
