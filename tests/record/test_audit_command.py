"""Tests of `signing-service record audit` as it is typed: words in, verdict, exit code and names out."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.cli import main
from signing_service.evidence import fingerprint, format_receipt, format_trust_file
from signing_service.evidence.record_keys import RetiredKey
from signing_service.evidence.trust import fingerprint_text
from signing_service.record.cosignature import add_cosignatures
from signing_service.record.export import write_files
from signing_service.record.note import Signer
from tests.cast import NOON, ORIGIN
from tests.evidence.cast import EVENTS, receipt, signed_checkpoint, trust_file
from tests.record import reference
from tests.record.cast import ANDAMAN_WITNESS, IMPOSTOR, LOG, NANJING_WITNESS, event, history
from tests.record.logs import log as foreign_log
from tests.record.logs import own_log, signed

KEY = str(LOG.verifier_key)
GROWN = history([*EVENTS, *(event(number) for number in range(3, 300))])


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two logs, the trust file, Lin's receipt and an earlier checkpoint."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "log", own_log(GROWN).items())
    write_files(tmp_path / "foreign", foreign_log().items())
    (tmp_path / "trust.json").write_bytes(format_trust_file(trust_file()))
    (tmp_path / "receipt.json").write_bytes(format_receipt(receipt()))
    (tmp_path / "earlier").write_bytes(signed_checkpoint(GROWN[:3]))
    (tmp_path / "vkey").write_text(KEY + "\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["record", "audit", *words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_an_intact_log_passes(at: Path, capsys: pytest.CaptureFixture[str]):
    code, text = run(capsys, "log", "--key", KEY, "--since", "earlier")
    assert code == 0
    assert text.splitlines()[0] == "PASSED  log"
    assert "checkpoint of sign.example.org, size 300, root " in text
    assert "300 entries of this service; the chain of each agreement was followed" in text
    assert "compared with 1 earlier checkpoint\n" in text


def test_another_programs_log_passes_with_the_key_from_a_file(at: Path, capsys: pytest.CaptureFixture[str]):
    code, text = run(capsys, "foreign", "--key", "vkey")
    assert code == 0
    assert "the entries are not of this service" in text


def test_an_altered_log_fails_and_names_the_tile(at: Path, capsys: pytest.CaptureFixture[str]):
    tile = at / "log/tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    code, text = run(capsys, "log", "--key", KEY)
    assert code == 1
    assert "! tile/0/000 is altered: 1 of 256 hashes are not those of the entries" in text


def test_a_wrong_key_fails(at: Path, capsys: pytest.CaptureFixture[str]):
    code, text = run(capsys, "log", "--key", str(IMPOSTOR.verifier_key))
    assert code == 1
    assert "carries no signature of sign.example.org" in text


def test_a_rolled_back_log_fails(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "later").write_bytes(signed(1300))
    code, text = run(capsys, "log", "--key", KEY, "--since", "later")
    assert code == 1
    assert "! checkpoint rolled back: it has size 300, but an earlier one has size 1300" in text


def test_a_log_that_does_not_answer_is_indeterminate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("signing_service.record.sources.PAUSE", 0.0)
    code, text = run(capsys, "http://127.0.0.1:1/record", "--key", KEY)
    assert code == 3
    assert "INDETERMINATE" in text


def test_too_few_witnesses_are_indeterminate_and_named(at: Path, capsys: pytest.CaptureFixture[str]):
    code, text = run(capsys, "log", "--trust", "trust.json")
    assert code == 3
    assert "cosigned by 0 of the 1 witnesses that are needed; missing: witness.njupt.example" in text


def test_a_quorum_of_witnesses_is_named_with_its_times(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "log/checkpoint").write_bytes(signed_checkpoint(GROWN))
    code, text = run(capsys, "log", "--trust", "trust.json")
    assert code == 0
    assert "cosigned by witness.njupt.example at 2025-04-11T04:00:00Z" in text
    words = fingerprint_text(fingerprint((at / "trust.json").read_bytes()))
    assert f"by the trust file {words}: compare it with the one on paper" in text


def test_a_retired_key_extends_no_log_before_a_receipt_and_proves_no_fork(
    at: Path, capsys: pytest.CaptureFixture[str]
):
    new = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))).verifier_key
    changed = replace(trust_file(), quorum=None, record_key=new)
    for cap, expected in ((len(GROWN), 0), (len(GROWN) - 1, 1)):
        retired = (RetiredKey(LOG.verifier_key, cap),)
        (at / "trust.json").write_bytes(format_trust_file(replace(changed, retired_record_keys=retired)))
        code, text = run(capsys, "log", "--receipt", "receipt.json", "--trust", "trust.json")
        assert code == expected, text
    assert f"is signed by a key that was retired at {len(GROWN) - 1}" in text
    (at / "beyond").write_bytes((at / "log/checkpoint").read_bytes())
    assert run(capsys, "log", "--trust", "trust.json", "--since", "beyond")[0] == 2


def test_without_a_quorum_a_log_is_said_not_to_be_witnessed(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "trust.json").write_bytes(format_trust_file(replace(trust_file(), quorum=None)))
    code, text = run(capsys, "log", "--trust", "trust.json")
    assert code == 0
    assert "not witnessed" in text


def test_a_receipt_passes_alone_and_against_the_log_of_now(at: Path, capsys: pytest.CaptureFixture[str]):
    code, text = run(capsys, "--receipt", "receipt.json", "--trust", "trust.json")
    assert code == 0
    assert "entry 2: njupt:president in agreement nanjingtwelveuniversities2" in text
    code, text = run(capsys, "log", "--receipt", "receipt.json", "--key", KEY)
    assert code == 0
    assert "still in the log, which grew from 3 to 300 entries" in text


def test_a_receipt_given_under_an_older_trust_file_is_remarked_on(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "trust.json").write_bytes(format_trust_file(replace(trust_file(), name="Renamed")))
    code, text = run(capsys, "--receipt", "receipt.json", "--trust", "trust.json")
    assert code == 0
    assert "under another version of the trust file" in text


def test_a_changed_receipt_fails(at: Path, capsys: pytest.CaptureFixture[str]):
    data = format_receipt(receipt()).replace(b'"salt":"AA', b'"salt":"AB')
    (at / "receipt.json").write_bytes(data)
    code, text = run(capsys, "--receipt", "receipt.json", "--key", KEY)
    assert code == 1
    assert "is not what its entry commits to" in text


def test_a_receipt_fails_against_a_log_that_was_rewritten_rolled_back_or_lacks_a_tile(
    at: Path, capsys: pytest.CaptureFixture[str]
):
    rewritten = history([event(number, "refusal") for number in range(300)])
    write_files(at / "log", own_log(rewritten).items())
    code, text = run(capsys, "log", "--receipt", "receipt.json", "--key", KEY)
    assert (code, "consistency proof does not lead to the old root" in text) == (1, True)
    (at / "log/checkpoint").write_bytes(signed_checkpoint(GROWN[:2]))
    code, text = run(capsys, "log", "--receipt", "receipt.json", "--key", KEY)
    assert (code, "rolled back: it has size 2" in text) == (1, True)
    write_files(at / "log", own_log(GROWN).items())
    (at / "log/tile/0/000").unlink()
    code, text = run(capsys, "log", "--receipt", "receipt.json", "--key", KEY)
    assert (code, "tile/0/000 is not there" in text) == (1, True)


def test_a_receipt_given_before_the_witnesses_were_asked_passes_with_the_log_that_they_cosigned_later(
    at: Path, capsys: pytest.CaptureFixture[str]
):
    trust = replace(trust_file(), quorum=2)
    (at / "trust.json").write_bytes(format_trust_file(trust))
    words = ("log", "--receipt", "receipt.json", "--trust", "trust.json")
    code, text = run(capsys, *words)
    assert code == 3
    assert "cosigned by 0 of the 2 witnesses that are needed" in text
    note = (at / "log" / "checkpoint").read_bytes()
    lines = [cosigner.cosign(note, NOON) for cosigner in (NANJING_WITNESS, ANDAMAN_WITNESS)]
    (at / "log" / "checkpoint").write_bytes(add_cosignatures(note, lines))
    code, text = run(capsys, *words)
    assert code == 0
    assert "the log now: cosigned by witness.njupt.example at " in text


def test_a_receipt_without_its_quorum_is_indeterminate(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "trust.json").write_bytes(format_trust_file(replace(trust_file(), quorum=2)))
    code, text = run(capsys, "--receipt", "receipt.json", "--trust", "trust.json")
    assert code == 3
    assert "missing: witness.andaman.example" in text


def test_the_worst_verdict_is_the_exit_code(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "broken.json").write_bytes(b"{}")
    code, text = run(capsys, "--receipt", "receipt.json", "--receipt", "broken.json", "--key", KEY)
    assert code == 1
    assert [line.split()[0] for line in text.splitlines() if not line.startswith(" ")] == ["PASSED", "FAILED"]


def test_json_says_the_same(at: Path, capsys: pytest.CaptureFixture[str]):
    (at / "log/tile/0/000").unlink()
    code, text = run(capsys, "log", "--key", KEY, "--json")
    (outcome,) = json.loads(text)
    assert (code, outcome["verdict"], outcome["checkpoint"]["size"]) == (1, "FAILED", 300)
    assert outcome["findings"] == [{"path": "tile/0/000", "problem": "is missing", "open_question": False}]
    _, text = run(capsys, "log", "--key", str(IMPOSTOR.verifier_key), "--json")
    assert json.loads(text)[0]["checkpoint"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere", "--key", KEY),
        ("log", "--key", "no-such-file"),
        ("log", "--key", "a+b+c"),
        ("log", "--trust", "vkey"),
        ("log", "--trust", "no-such-file"),
        ("--key", KEY),
        ("log", "--key", KEY, "--since", "no-such-file"),
        ("--receipt", "no-such-file", "--key", KEY),
    ],
)
def test_words_that_lead_nowhere_are_a_usage_error(
    at: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
):
    code, text = run(capsys, *words)
    assert code == 2
    assert text.startswith("error: ")


def test_a_bar_is_drawn_on_a_terminal_and_cleared(at: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["record", "audit", "log", "--key", KEY]) == 0
    assert "of 300 entries" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["record", "--help"], "audit       recompute a whole log"),
        (["record", "audit", "--help"], "usage: signing-service record audit"),
        (["record", "witness", "serve", "--help"], "usage: signing-service record witness serve"),
    ],
)
def test_help_is_given_at_every_step(capsys: pytest.CaptureFixture[str], words: list[str], said: str):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert said in capsys.readouterr().out


def test_a_command_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    assert main(["record", "nothing"]) == 2
    assert "there is no command 'record nothing'" in capsys.readouterr().err


def test_the_reference_and_the_export_agree_on_a_log_that_grew(at: Path):
    assert reference.write_tiles(GROWN)["tile/1/000.p/1"] == (at / "log/tile/1/000.p/1").read_bytes()
