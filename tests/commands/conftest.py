"""A folder of its own for each test of a command, with settings like those of a new installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signing_service import cli
from tests.databases import PostgresServer

SETTINGS = {
    "PUBLIC_URL": "https://sign.example.org",
    "NAME": "12 Countries, 12 Universities International Alliance",
    "KEY_PASSPHRASE_FILE": "secrets/key-passphrase",
    "SESSION_SECRET_FILE": "secrets/session-secret",
}
OFFICER = ["--officer-name", "Mei Tan", "--officer-email", "mei.tan@secretariat.example"]

Run = Callable[..., int]


@pytest.fixture
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> Iterator[Path]:
    """The working directory, empty; the database is a file in it, or one without tables on a server."""
    monkeypatch.chdir(tmp_path)
    for name, text in SETTINGS.items():
        monkeypatch.setenv(f"SIGNING_SERVICE_{name}", text)
    if database_kind == "sqlite":
        yield tmp_path
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create()
    monkeypatch.setenv("SIGNING_SERVICE_DATABASE_URL", url)
    yield tmp_path
    server.drop(url)


@pytest.fixture
def run(folder: Path) -> Run:
    """Run one command as the command line would, in ``folder``."""
    return lambda *words: cli.main(list(words))


@pytest.fixture
def installed(run: Run, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``init`` printed; the service is there."""
    assert run("init", *OFFICER) == 0
    return capsys.readouterr().out
