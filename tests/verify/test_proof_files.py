"""A tlog-proof with the event beside it is verified like everything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from signing_service.cli import main
from signing_service.evidence import format_trust_file
from signing_service.evidence.event_lines import BundledEvent, format_event_lines
from signing_service.record.proof import format_proof, parse_proof
from signing_service.verify.proof import verify_proof_file
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust, read_trust
from tests.cast import NOON, OFFICER
from tests.evidence.cast import EVENTS, proof_text, trust_file
from tests.record.cast import ANDAMAN_WITNESS, event, history, salt

WITHDRAWAL = event(2, "withdrawal", officer=OFFICER.id, reason="a better text", superseded_by=None)
ENTRIES = history([*EVENTS[:2], WITHDRAWAL])
ITEM = BundledEvent(2, ENTRIES[2], WITHDRAWAL, salt(2))
MANDATE = BundledEvent(1, ENTRIES[1], EVENTS[1], salt(1))
PROOF = proof_text(ENTRIES, 2)
TRUST = read_trust([format_trust_file(trust_file())])


def verified(proof: bytes = PROOF, *events: BundledEvent, trust: Trust = TRUST) -> Report:
    return verify_proof_file(proof, format_event_lines(events or [ITEM]), trust, NOON)


def said(report: Report) -> str:
    return " / ".join(check.message for check in report.checks)


def test_a_proof_with_its_event_passes():
    report = verified()
    assert report.exit_code == 0, said(report)
    assert "the event (withdrawal, sequence 2 of" in said(report)


def test_without_the_event_or_without_trust_it_is_indeterminate():
    alone = verify_proof_file(PROOF, None, TRUST, NOON)
    assert (alone.exit_code, alone.hints[0][:24]) == (3, "put it beside the proof,")
    assert verified(trust=read_trust([])).exit_code == 3
    unopened = replace(ITEM, event=None, salt=None)
    assert verified(PROOF, unopened).exit_code == 3


def test_with_fewer_witnesses_than_are_needed_it_is_indeterminate_and_names_them():
    report = verified(trust=read_trust([format_trust_file(replace(trust_file(), quorum=2))]))
    assert report.exit_code == 3
    assert f"cosigned by 1 of the 2 witnesses that are needed; missing: {ANDAMAN_WITNESS.name}" in said(report)


@pytest.mark.parametrize(
    "lie",
    [
        lambda: (PROOF, replace(ITEM, salt=bytes(32))),
        lambda: (PROOF, replace(ITEM, event=MANDATE.event)),
        lambda: (PROOF, MANDATE),
        lambda: (PROOF, replace(MANDATE, index=ITEM.index)),
        lambda: (PROOF, ITEM, ITEM),
        lambda: (format_proof(replace(parse_proof(PROOF), hashes=(bytes(32),) * 2)), ITEM),
        lambda: (PROOF.replace(b"sign.example.org\n3", b"sign.example.org\n4"), ITEM),
        lambda: (b"nonsense", ITEM),
    ],
)
def test_every_lie_fails(lie):
    proof, *events = lie()
    report = verified(proof, *events)
    assert report.exit_code == 1
    assert report.record is None or report.record.event == ""


def test_the_command_reads_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "trust.json").write_bytes(format_trust_file(trust_file()))
    (tmp_path / "2.tlog-proof").write_bytes(PROOF)
    words = ["verify", "--trust", str(tmp_path / "trust.json"), str(tmp_path / "2.tlog-proof")]
    assert main(words) == 3
    (tmp_path / "2.event.json").write_bytes(format_event_lines([ITEM]))
    assert main(words) == 0
    assert main([*words, "--json"]) == 0
    assert main(["verify", "--trust", str(tmp_path / "trust.json"), str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "PASSED" in said
    assert "Event       entry 2: withdrawal, sequence " in said


def test_an_event_with_a_member_that_it_cannot_have_fails_although_it_opens_its_entry():
    more = event(2, "withdrawal", officer=OFFICER.id, reason="a better text", superseded_by=None, note="hidden")
    entries = history([*EVENTS[:2], more])
    report = verified(proof_text(entries, 2), BundledEvent(2, entries[2], more, salt(2)))
    assert report.exit_code == 1
    assert "does not have exactly the members of its type" in said(report)
