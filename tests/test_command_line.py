"""The command line's door: what it lists exists, what goes wrong is said once, with a hint and an exit code."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from signing_service import __version__, cli
from signing_service.errors import ConfigurationError, KeyStoreError, UnavailableError, UsageError
from signing_service.verify.wrapping import counted

CHECKOUT = Path(__file__).parent.parent


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_listed_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(cli.COMMANDS[command][0])
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    assert f"signing-service {command}" in capsys.readouterr().out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {command} " in printed for command in cli.COMMANDS)


def test_no_command_is_a_usage_error_that_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sign"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no command 'sign'\nhint: signing-service --help lists the commands\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("too many paths", hint="name one"), 2),
        (ConfigurationError("PUBLIC_URL is not set", hint="set it"), 2),
        (KeyStoreError("keys/seal.key is missing", hint="restore it"), 2),
        (UnavailableError("the database does not answer", hint="try again"), 1),
    ],
)
def test_what_a_command_raises_is_printed_once_with_its_hint(
    error: UsageError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_words: list[str]) -> int:
        raise error

    monkeypatch.setattr("signing_service.commands.fonts.main", fail)
    assert cli.main(["fonts"]) == code
    assert capsys.readouterr().err == f"error: {error.message}\nhint: {error.hint}\n"


def test_a_missing_library_is_answered_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.COMMANDS, "serve", ("flask_that_is_not_there", "serves"))
    assert cli.main(["serve"]) == 2
    assert "serve needs flask_that_is_not_there, which is not installed" in capsys.readouterr().err


def test_a_key_pressed_to_interrupt_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("signing_service.commands.fonts.main", interrupt)
    assert cli.main(["fonts"]) == 130


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "signing_service", "--version"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"signing-service {__version__}\n"


def test_a_reader_that_stops_early_gets_no_traceback() -> None:
    command = f"{sys.executable} -m signing_service --help | head -c 1 > /dev/null"
    done = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_a_report_that_cannot_be_written_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    page = tmp_path / "nowhere" / "a.html"
    command = [sys.executable, "-m", "signing_service", "verify", str(tmp_path / "a.pdf")]
    for more, named in ((["--html", str(page)], str(page)), (["--json"], "No space left on device")):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*command, *more], cwd=CHECKOUT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert named in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["demo", "--port", "99999"], "--port '99999' is no whole number from 1 to 65535"),
        (["demo", "--port", "http"], "--port 'http' is no whole number from 1 to 65535"),
        (["status", "--limit", "-1"], "--limit '-1' is no whole number from 0 on"),
        (["init"], "--officer-name, --officer-email are missing"),
        (["init", "--officer-name", "Mei Tan"], "--officer-email is missing"),
    ],
)
def test_words_that_are_off_are_told_in_one_line(
    words: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {error}"


def test_one_thing_is_not_told_as_several() -> None:
    told = [counted(number, "entry", "entries") for number in (0, 1, 2)]
    assert told == ["0 entries", "1 entry", "2 entries"]
    assert [counted(number, "file") for number in (1, 3)] == ["1 file", "3 files"]
