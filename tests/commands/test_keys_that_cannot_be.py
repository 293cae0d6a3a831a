"""Keys that the disk refuses, that are elsewhere already, or that a later rotation has replaced."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from tests.commands.conftest import SETTINGS, Run
from tests.commands.serving import free_port, running


def test_a_full_disk_is_named_by_the_file_and_changes_no_key(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "keys" / "seal.key").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert run("keys", "rotate", "timestamp") != 0
    said = capsys.readouterr().err
    assert "error: keys/making/timestamp.key cannot be written: No space left on device" in said
    assert not (folder / "keys" / "making").exists()
    assert (folder / "keys" / "seal.key").read_bytes() == before
    assert run("keys", "rotate", "timestamp") == 0


def test_a_medium_that_is_full_is_named_and_keeps_no_half_of_the_root(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "medium").mkdir()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert run("keys", "offline", "medium") == 2
    assert "medium/root.key cannot be written: No space left on device" in capsys.readouterr().err
    assert run("keys", "offline", "medium") == 0


def test_a_root_that_is_offline_already_is_not_said_to_be_lost(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "medium").mkdir()
    assert run("keys", "offline", "medium") == 0
    assert run("keys", "offline", "medium") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: the root's key is offline already\nhint: ")
    assert "backup" not in said


@pytest.mark.databases("sqlite")  # a file, which the processes find by themselves
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_that_begins_with_the_keys_of_an_old_backup_names_them(
    installed: str, folder: Path, run: Run, command: str
) -> None:
    shutil.copytree(folder / "keys", folder / "backup")
    run("keys", "rotate", "seal")
    begun = {"serve": f"serving {SETTINGS['PUBLIC_URL']}", "worker": f"working for {SETTINGS['PUBLIC_URL']}"}[command]
    complaint = "ERROR keys: keys is older than the last rotation: the record names a later seal"
    settings = {**SETTINGS, "LISTEN": f"127.0.0.1:{free_port()}"}
    with running(folder, command, **settings) as process:
        assert complaint not in process.wait_for(begun)
    shutil.rmtree(folder / "keys")
    (folder / "backup").rename(folder / "keys")
    with running(folder, command, **settings) as process:
        assert complaint in process.wait_for(begun)
        assert process.stop() == 0
