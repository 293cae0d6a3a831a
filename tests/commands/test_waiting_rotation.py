"""A rotation whose commit would wait for a standby is not begun; one that somebody ends says how it is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing_service.pki import rotation
from signing_service.store import standbys
from signing_service.store.standbys import Standbys
from tests.commands.conftest import Run
from tests.commands.test_keys import PowerCut, interrupt, rotations


def test_while_a_standby_is_missing_no_rotation_begins(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commit would wait for ever, with half of the keys changed."""
    monkeypatch.setattr(standbys, "look_at_standbys", lambda _: Standbys(1, 0))
    for role in ("seal", "record"):
        assert run("keys", "rotate", role) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert "error: 0 of 1 synchronous standbys follow the database" in said
        assert "hint: nothing was begun: bring it back, or go on without it" in said
    assert rotations() == []
    assert not (folder / "keys" / "next").exists()


def test_while_a_standby_is_missing_an_interrupted_rotation_stays_as_it_is(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        interrupt(patched, "commit")
        with pytest.raises(PowerCut):
            run("keys", "rotate", "seal")
    with monkeypatch.context() as patched:
        patched.setattr(standbys, "look_at_standbys", lambda _: Standbys(1, 0))
        assert run("keys", "resume") == 1
    assert "0 of 1 synchronous standbys" in capsys.readouterr().err
    assert run("keys", "resume") == 0
    assert rotations() == ["seal"]


def test_who_interrupts_a_rotation_is_told_how_it_is_finished(
    installed: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_control_c(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rotation, "prepare", press_control_c)
        assert run("keys", "rotate", "seal") == 130
    assert capsys.readouterr().err == "", "nothing was begun"
    with monkeypatch.context() as patched:
        patched.setattr(rotation, "commit", press_control_c)
        assert run("keys", "rotate", "seal") == 130
    assert "signing-service keys resume finishes the rotation" in capsys.readouterr().err
