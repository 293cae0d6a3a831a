"""``keys rotate`` beside a guard that cannot be written: nothing is rotated, or it is said that something was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signing_service.errors import GuardError
from signing_service.store.guard import Guard
from tests.commands.conftest import Run
from tests.commands.test_keys import in_use, rotations, service

Printed = pytest.CaptureFixture[str]


@pytest.mark.parametrize("role", ["seal", "record"])
def test_nothing_is_rotated_where_it_could_not_be_published(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Printed, role: str
) -> None:
    before, real = in_use(folder), os.access
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: Path(path) != Path("var") and real(path, mode))
        assert run("keys", "rotate", role) == 1
    assert "guard var/guard: var cannot be written to" in capsys.readouterr().err
    assert in_use(folder) == before
    assert rotations() == []


@pytest.mark.parametrize("role", ["seal", "record"])
def test_a_rotation_that_is_done_and_not_published_says_both(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Printed, role: str
) -> None:
    """The disk filled up in between: who rotated again would do it twice."""
    before = in_use(folder)

    def refuse(guard: Guard, _note: bytes) -> None:
        if in_use(folder) != before:
            raise GuardError(f"guard {guard.path}: No space left on device")
        write(guard, _note)

    write = Guard.write
    with monkeypatch.context() as patched:
        patched.setattr(Guard, "write", refuse)
        assert run("keys", "rotate", role) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"the {role} key is rotated, but its event could not be published: guard var/guard: No space left" in said
    assert "do not rotate it again" in said
    assert rotations() == [role]
    service().publish()
    assert run("doctor") == 0
