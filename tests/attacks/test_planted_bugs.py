"""Planted bugs: with one rule taken out of the verifier, the attack that the rule stops goes through.

So the attacks' tests would notice, and no other rule hides that this one is gone.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing_service.errors import RecordError
from signing_service.evidence import read_bundle
from signing_service.record import tree
from signing_service.record.proof import verify_proof
from signing_service.verify import changes, cms, signed
from signing_service.verify.pades import profile
from signing_service.verify.pades.walk import Findings
from signing_service.verify.report import Report
from signing_service.verify.verdict import Step, Verdict
from tests.attacks import containers, saving
from tests.attacks.documents import world
from tests.attacks.test_attacks import judge


def refused(report: Report) -> bool:
    """Whether any signature is bad or the file is; a missing record does not count."""
    return any(check.verdict is Verdict.FAILED for check in report.checks if check.step is not Step.RECORD)


def test_without_the_coverage_rule_bytes_after_the_end_go_through(monkeypatch):
    attacked = saving.bytes_stand_after_the_end()
    assert refused(judge(attacked, "approval", "pades"))

    monkeypatch.setattr(profile._PadesVerifier, "_check_end", lambda self, document: None)

    assert judge(attacked, "approval", "pades").verdict is Verdict.PASSED


def test_without_the_padding_rule_a_byte_in_the_padding_goes_through(monkeypatch):
    attacked = containers.a_byte_stands_in_the_padding()
    assert refused(judge(attacked, "sealed", "agreement"))

    def careless(padded: bytes) -> bytes:
        return padded[: 4 + int.from_bytes(padded[2:4], "big")]

    monkeypatch.setattr(changes, "strip_padding", careless)

    assert not refused(judge(attacked, "sealed", "agreement"))


def test_without_the_allow_list_replaced_content_goes_through(monkeypatch):
    attacked = saving.content_is_replaced()
    assert refused(judge(attacked, "approval", "pades"))

    monkeypatch.setattr(profile, "compare", lambda *arguments: Findings())

    assert judge(attacked, "approval", "pades").verdict is Verdict.PASSED


def test_without_the_ess_check_another_signed_certificate_goes_through(monkeypatch):
    attacked = containers.the_signed_certificate_is_another()
    assert refused(judge(attacked, "sealed", "agreement"))

    monkeypatch.setattr(cms, "check_ess", lambda container, certificate: None)

    assert not refused(judge(attacked, "sealed", "agreement"))


def test_without_the_chain_rule_an_embedded_root_goes_through(monkeypatch):
    attacked = containers.the_root_is_embedded()
    assert refused(judge(attacked, "sealed", "agreement"))

    monkeypatch.setattr(signed, "check_embedded_chain", lambda container, certificate: ())

    assert not refused(judge(attacked, "sealed", "agreement"))


def test_without_the_records_size_check_an_entry_is_proven_at_a_place_that_does_not_exist(monkeypatch):
    bundle = read_bundle(world().bundle())
    event = bundle.events[2]
    proof = bundle.parsed_proof(event.index)
    beyond = replace(proof, index=proof.index + 2 ** len(proof.hashes))
    with pytest.raises(RecordError):
        verify_proof(beyond, event.entry, bundle.checkpoint)

    def careless(index: int, size: int, leaf: bytes, path: tuple[bytes, ...], root: bytes) -> None:
        """Folds the path by the bits of the index; the size is not looked at."""
        value = leaf
        for level, other in enumerate(path):
            left, right = (other, value) if index >> level & 1 else (value, other)
            value = tree.node_hash(left, right)
        if value != root:
            raise RecordError("root differs")

    monkeypatch.setattr("signing_service.record.proof.verify_inclusion", careless)

    verify_proof(beyond, event.entry, bundle.checkpoint)
