"""A real server asks real witnesses by itself; its record is cosigned soon after it started."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest

from signing_service.evidence.trust import parse_trust_file
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.note import parse_note
from tests.commands.conftest import OFFICER, SETTINGS, Run
from tests.commands.serving import PATIENCE, free_port, running
from tests.record.cast import ANDAMAN_WITNESS, NANJING_WITNESS
from tests.workflow.witnesses import running as running_witnesses


@pytest.mark.databases("sqlite")  # the process has the folder's
def test_a_served_record_is_cosigned_by_itself(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with running_witnesses(folder, NANJING_WITNESS, ANDAMAN_WITNESS) as witnesses:
        (folder / "witnesses").write_text("".join(witness.line for witness in witnesses))
        asked = {"WITNESSES_FILE": "witnesses", "WITNESS_QUORUM": "2", "LISTEN": f"127.0.0.1:{port}"}
        for name, text in asked.items():
            monkeypatch.setenv(f"SIGNING_SERVICE_{name}", text)
        assert run("init", *OFFICER) == 0
        trust = parse_trust_file((folder / "var" / "trust.json").read_bytes())
        for witness in witnesses:
            witness.watch(trust.record_key)
        with running(folder, "serve", **SETTINGS, **asked) as server:
            server.wait_for("serving ")
            note = cosigned_checkpoint(port, 2)
            assert len(verify_cosignatures(note, trust.witnesses, 2)) == 2
            assert server.stop() == 0
    size = parse_checkpoint(parse_note(note).text).size
    assert json.loads((folder / "var" / "trust.json").read_text())["witnesses"]["quorum"] == 2
    assert all(witness.said for witness in witnesses)
    assert size >= 3


def cosigned_checkpoint(port: int, count: int) -> bytes:
    """The served checkpoint as soon as it carries that many cosignatures beside the log's own."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/record/checkpoint") as answer:
            note = bytes(answer.read())
        if len(parse_note(note).signatures) == count + 1:
            return note
        time.sleep(0.1)
    raise AssertionError(note.decode())
