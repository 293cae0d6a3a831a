"""Tests of `signing-service record witness` as a university's IT office types it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signing_service.cli import main
from signing_service.record.cosignature import add_cosignatures, verify_cosignatures
from signing_service.record.note import parse_signatures, parse_verifier_key
from tests.record.cast import LOG, NANJING_WITNESS
from tests.record.witnessed import OTHER_LEAVES, body, signed
from tests.test_architecture import BLOCKED, RUN_BLOCKED

LOG_KEY = str(LOG.verifier_key)


@pytest.fixture
def vkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> str:
    """The verifier key of a fresh witness whose files lie in the current folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["record", "witness", "init", "witness.njupt.example"]) == 0
    return capsysbinary.readouterr().out.decode().strip()


def cosign(capsysbinary: pytest.CaptureFixture[bytes], data: bytes) -> tuple[int, bytes, str]:
    Path("request").write_bytes(data)
    code = main(["record", "witness", "cosign", "request", "--log", LOG_KEY])
    captured = capsysbinary.readouterr()
    return code, captured.out, captured.err.decode()


def test_a_file_is_cosigned_and_the_line_verifies(vkey: str, capsysbinary: pytest.CaptureFixture[bytes]):
    code, line, _ = cosign(capsysbinary, body(0, 7))
    assert code == 0
    note = add_cosignatures(signed(7), parse_signatures(line.decode()))
    assert len(verify_cosignatures(note, [parse_verifier_key(vkey)], 1)) == 1
    assert Path("witness.key").stat().st_mode & 0o777 == 0o600


def test_a_bare_checkpoint_is_cosigned_the_first_time_and_again(vkey: str, capsysbinary: pytest.CaptureFixture[bytes]):
    assert cosign(capsysbinary, signed(7))[0] == 0
    assert cosign(capsysbinary, signed(7))[0] == 0
    code, _, said = cosign(capsysbinary, signed(9))
    assert code == 3
    assert "hint: ask the log's operator for a request from size 7" in said
    assert cosign(capsysbinary, body(7, 9))[0] == 0


def test_a_fork_is_refused_with_what_to_do(vkey: str, capsysbinary: pytest.CaptureFixture[bytes]):
    cosign(capsysbinary, body(0, 7))
    code, out, said = cosign(capsysbinary, body(7, 7, OTHER_LEAVES))
    assert (code, out) == (1, b"")
    assert "the log signed two roots for size 7" in said
    assert "this proves that the log was forked" in said


def test_a_rewritten_history_is_refused(vkey: str, capsysbinary: pytest.CaptureFixture[bytes]):
    cosign(capsysbinary, body(0, 7))
    code, _, said = cosign(capsysbinary, body(7, 9, OTHER_LEAVES))
    assert code == 1
    assert "consistency proof does not lead" in said


def test_standard_input_will_do(vkey: str, tmp_path: Path):
    command = [sys.executable, "-m", "signing_service", "record", "witness", "cosign", "-", "--log", LOG_KEY]
    run = subprocess.run(command, input=body(0, 7), capture_output=True, env=_environment(), check=True)
    assert run.stdout.startswith("\N{EM DASH} witness.njupt.example ".encode())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cosign", "no-such-file", "--log", LOG_KEY], "cannot be read"),
        (["cosign", "witness.key", "--log", LOG_KEY], "neither a request nor a signed checkpoint"),
        (["cosign", "witness.key", "--log", str(NANJING_WITNESS.verifier_key)], "not a witness's"),
        (["cosign", "witness.key", "--log", LOG_KEY, "--key", "none"], "hint: make one with"),
        (["cosign", "witness.key", "--log", "a+b+c"], "error: --log: "),
        (["init", "witness.njupt.example"], "is there already"),
        (["serve", "--log", LOG_KEY, "--listen", "nowhere"], "is not HOST:PORT"),
        (["serve", "--log", LOG_KEY, "--listen", "127.0.0.1:99999"], "cannot listen on"),
    ],
)
def test_words_that_lead_nowhere_are_a_usage_error(
    vkey: str, capsysbinary: pytest.CaptureFixture[bytes], words: list[str], said: str
):
    assert main(["record", "witness", *words]) == 2
    assert said in capsysbinary.readouterr().err.decode()


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_served_witness_remembers_after_it_was_killed(vkey: str):
    command = [sys.executable, "-m", "signing_service", "record", "witness", "serve", "--log", LOG_KEY]
    for request, status in ((body(0, 7), 200), (body(0, 7), 409)):
        with subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=_environment()
        ) as process:
            assert process.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)/add-checkpoint", process.stderr.readline())
            assert found
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
            connection.request("POST", "/add-checkpoint", request)
            assert connection.getresponse().status == status
            process.send_signal(signal.SIGKILL)


def test_auditing_and_witnessing_need_none_of_the_services_libraries():
    program = (
        RUN_BLOCKED
        + """
for name in ("record", "record_audit", "record_monitor", "record_witness"):
    importlib.import_module(f"signing_service.commands.{name}")
"""
    )
    command = [sys.executable, "-c", program, ",".join(BLOCKED)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
