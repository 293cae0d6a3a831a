"""Bounded work: hostile and merely huge files end in a verdict, by counting, not by the clock."""

from __future__ import annotations

import pytest

from signing_service.verify import limits
from signing_service.verify.certificate import Certificate
from signing_service.verify.pades import document as document_module
from signing_service.verify.path import PathBuilder, Purpose
from signing_service.verify.verdict import CheckError, Step, SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.documents import approval, office
from tests.attacks.editing import append, trailer_number
from tests.verify.edits import with_empty_field
from tests.verify.foreign import SIGNED_AT, issue


def judged(pdf: bytes):
    return verify_pdf(pdf, office().trust(), SIGNED_AT, profile="pades")


def test_hundreds_of_harmless_updates_are_judged_one_by_one():
    pdf = approval()
    for number in range(300):
        pdf = append(pdf, {trailer_number(pdf, b"Size"): b"<< /Note %d >>" % number})

    assert judged(pdf).verdict is Verdict.PASSED


def test_a_document_that_asks_for_too_much_work_is_indeterminate(monkeypatch):
    monkeypatch.setattr(document_module, "MAX_STEPS", 20)

    report = judged(with_empty_field(approval()))

    assert report.verdict is Verdict.INDETERMINATE
    assert report.indication is SubIndication.GENERIC


def test_a_file_above_the_limit_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(limits, "MAX_PDF_BYTES", 1000)

    report = judged(approval())

    assert report.verdict is Verdict.FAILED
    assert report.checks[0].step is Step.LIMITS


def test_authorities_of_one_name_and_key_do_not_multiply_the_paths():
    from dataclasses import replace

    from tests.verify.test_path import _crossed

    first = issue("Twin", None, "ecdsa")
    twins = [replace(first, certificate=_crossed(first, first)) for _ in range(30)]
    leaf = Certificate.of(issue("Leaf", first, "ecdsa").certificate)
    builder = PathBuilder([], [Certificate.of(item.certificate) for item in twins])

    with pytest.raises(CheckError, match="no trusted certificate"):
        builder.validate(leaf, Purpose.SIGNING, SIGNED_AT)
