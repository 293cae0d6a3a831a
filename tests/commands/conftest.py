"""A folder of its own for each test of a command, with settings like those of a new installation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signing_service import cli

SETTINGS = {
    "PUBLIC_URL": "https://sign.example.org",
    "NAME": "12 Countries, 12 Universities International Alliance",
    "KEY_PASSPHRASE_FILE": "secrets/key-passphrase",
    "SESSION_SECRET_FILE": "secrets/session-secret",
}
OFFICER = ["--officer-name", "Mei Tan", "--officer-email", "mei.tan@secretariat.example"]

Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, empty."""
    monkeypatch.chdir(tmp_path)
    for name, text in SETTINGS.items():
        monkeypatch.setenv(f"SIGNING_SERVICE_{name}", text)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run one command as the command line would, in ``folder``."""
    return lambda *words: cli.main(list(words))


@pytest.fixture
def installed(run: Run, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``init`` printed; the service is there."""
    assert run("init", *OFFICER) == 0
    return capsys.readouterr().out
