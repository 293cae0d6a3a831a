"""``renew`` on the command line, with the service switched off; the renewal itself is tested in tests/workflow."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Run

Printed = pytest.CaptureFixture[str]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_with_nothing_archived_there_is_nothing_to_renew(installed: str, run: Run, capsys: Printed) -> None:
    assert run("renew", "--all") == 0
    assert "nothing ends within twelve months" in capsys.readouterr().out
    assert run("renew") == 0
    assert "no agreement is archived yet" in capsys.readouterr().out


def test_an_unknown_agreement_is_named(installed: str, run: Run, capsys: Printed) -> None:
    assert run("renew", "abcdefghijklmnopqrstuvwxyz") == 1
    assert "error: " in capsys.readouterr().err


def test_one_or_all_but_not_both(installed: str, run: Run, capsys: Printed) -> None:
    assert run("renew", "abcdefghijklmnopqrstuvwxyz", "--all") == 2
    assert "give one of them" in capsys.readouterr().err
