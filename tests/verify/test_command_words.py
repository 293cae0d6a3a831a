"""What ``verify`` says to words that are off: the name of the thing, what is wrong with it, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing_service.cli import main

HELP = "signing-service verify --help explains the command"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evidence.zip").write_bytes(b"PK")
    (tmp_path / "nothing").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ([], "PATH is missing", HELP),
        (["--trsut", "trust.json"], "--trsut is not known to this command", f"did you mean --trust? {HELP}"),
        (["evidence.zip", "--trsut"], "--trsut is not known to this command", f"did you mean --trust? {HELP}"),
        (["evidence.zip", "--xyz=1"], "--xyz=1 is not known to this command", HELP),
        (["--profile", "x", "a"], "--profile cannot be 'x': choose one of 'agreement', 'pades'", HELP),
        (["--jobs", "two", "a"], "--jobs 'two' is no whole number from 0 on", HELP),
        (["a", "--trust"], "--trust needs a value behind it", HELP),
        (["evidnce.zip"], "evidnce.zip cannot be read: there is no such file", "did you mean evidence.zip?"),
        (
            ["gone/evidence.zip"],
            "gone/evidence.zip cannot be read: there is no such file",
            "look at the name and the folder that it is in",
        ),
        (["nothing"], "no PDF or bundle was found in nothing", "name a .pdf or .zip file, or its folder"),
    ],
)
def test_it_is_told_in_two_lines(words: list[str], error: str, hint: str, capsys: pytest.CaptureFixture[str]):
    assert main(["verify", *words]) == 2
    assert capsys.readouterr().err == f"error: {error}\nhint: {hint}\n"


def test_the_help_shows_what_is_usual(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--help"])
    assert ended.value.code == 0
    assert "signing-service verify --trust trust.json evidence.zip\n" in capsys.readouterr().out


def test_the_name_of_a_file_that_was_sent_moves_nothing_on_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "contract\x1b[2J\x1b[1;1H\u202epass.zip").write_bytes(b"PK")
    assert main(["verify", "contractpass.zip"]) == 2
    told = capsys.readouterr().err
    assert "did you mean contract" in told
    assert not {"\x1b", "\u202e"} & set(told)


def test_a_word_of_nothing_but_a_space_is_told_as_any_other(capsys: pytest.CaptureFixture[str]):
    assert main(["demo", " "]) == 2
    assert "is not known to this command" in capsys.readouterr().err
