"""The secretariat and a witness that works by file, as both type it; what status and doctor say of witnesses."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from signing_service.settings import parse_settings
from signing_service.store import cosignatures
from signing_service.workflow.service import open_service, system_clock
from signing_service.workflow.witnesses import witness_id
from tests.commands.conftest import OFFICER, Run
from tests.record.cast import NANJING_WITNESS

NAME = "witness.example.edu"
Captured = pytest.CaptureFixture[str]
Say = Callable[..., str]


@pytest.fixture
def said(run: Run, capsys: Captured) -> Say:
    """Run a command that must end with an exit code, and give what it printed."""

    def say(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run(*words) == code, capsys.readouterr().err
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.out + captured.err

    return say


@pytest.fixture
def witnessed(run: Run, folder: Path, said: Say, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new service with one witness, which works by file; gives the record's key."""
    vkey = said("record", "witness", "init", NAME).strip()
    (folder / "witnesses").write_text(f"{vkey}\n")
    monkeypatch.setenv("SIGNING_SERVICE_WITNESSES_FILE", "witnesses")
    monkeypatch.setenv("SIGNING_SERVICE_WITNESS_QUORUM", "1")
    said("init", *OFFICER)
    trust = json.loads((folder / "var" / "trust.json").read_text())
    assert trust["witnesses"] == {"quorum": 1, "keys": [vkey]}
    return str(trust["record"]["key"])


def test_a_witness_cosigns_by_file_and_the_audit_is_content(witnessed: str, folder: Path, said: Say) -> None:
    said("record", "export", "log")
    audit = ("record", "audit", "log", "--trust", "var/trust.json")
    assert "cosigned by 0 of the 1 witnesses that are needed; missing: witness.example.edu" in said(*audit, code=3)
    (folder / "request").write_text(said("record", "request", NAME))
    (folder / "answer").write_text(said("record", "witness", "cosign", "request", "--log", witnessed))
    assert re.fullmatch(
        r"witness\.example\.edu cosigned the checkpoint of size \d+\n", said("record", "cosignature", "answer")
    )
    said("record", "export", "log")
    assert "cosigned by witness.example.edu at " in said(*audit)
    assert re.search(r"witness\.example\.edu +by file +cosigned up to \d", said("record", "witnesses"))
    status = json.loads(said("status", "--json"))
    assert status["witnessed"] == status["published"] == status["witnesses"][0]["cosigned"]
    assert "1 of 1 cosigned it" in said("status")
    assert "witnesses" not in said("doctor")


def test_what_cannot_be_taken_in_is_told(witnessed: str, folder: Path, said: Say) -> None:
    assert "missing cannot be read" in said("record", "cosignature", "missing", code=2)
    assert "hint: WITNESSES_FILE names: witness.example.edu" in said("record", "request", "nobody", code=1)
    assert "--from '-1' is no whole number from 0 on" in said("record", "request", NAME, "--from", "-1", code=2)
    (folder / "answer").write_text("hello\n")
    assert "is no signature line" in said("record", "cosignature", "answer", code=1)


def test_an_alarm_stands_in_status_doctor_and_listing(witnessed: str, folder: Path, said: Say) -> None:
    service = open_service(parse_settings(os.environ))
    now = system_clock()
    with service.database.begin() as session:
        witness = witness_id(NANJING_WITNESS.verifier_key)
        cosignatures.put_off(session, witness, "it was forked", next_attempt=now, now=now, alarm=True)
    service.database.dispose()
    assert "ALARM: it was forked" in said("status")
    assert "wrong    witnesses  ALARM: it was forked" in said("doctor", code=1)
    assert "ALARM: it was forked" in said("record", "witnesses", code=1)


def test_witnesses_that_are_asked_but_do_not_count_and_the_other_way_round_are_told(
    witnessed: str, folder: Path, said: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "witnesses").write_text(f"{NANJING_WITNESS.verifier_key} https://witness.njupt.example\n")
    printed = said("doctor")
    assert "warning  witnesses  witness.njupt.example is asked but not in the trust file" in printed
    assert "warning  witnesses  witness.example.edu is in the trust file but not asked" in printed
    (folder / "witnesses").write_text("nonsense\n")
    assert "SIGNING_SERVICE_WITNESSES_FILE: witnesses:1: " in said("status", code=2)


def test_a_new_service_without_witnesses_is_told_so(installed: str, said: Say) -> None:
    assert "warning  witnesses  none: nobody would notice a forked record but by receipts" in said("doctor")
    assert said("record", "witnesses") == "none: WITNESSES_FILE is not set\n"


def test_a_persons_data_is_printed_or_written_to_a_new_file(installed: str, folder: Path, said: Say) -> None:
    found = json.loads(said("people", "export", "mei.tan@secretariat.example"))
    assert found["rows"]["people"][0]["name"] == "Mei Tan"
    said("people", "export", "mei.tan@secretariat.example", "--output", "mei.json")
    assert json.loads((folder / "mei.json").read_text())["person"] == found["person"]
    assert (folder / "mei.json").stat().st_mode & 0o777 == 0o600
    assert "cannot be made" in said("people", "export", "mei.tan@secretariat.example", "--output", "mei.json", code=2)
    assert "no person with the address" in said("people", "export", "nobody@example.org", code=1)
