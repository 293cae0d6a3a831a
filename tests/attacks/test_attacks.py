"""Every attack is refused for its own reason, and what it was made from is good."""

from __future__ import annotations

import re

import pytest

from signing_service.verify.report import Report
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks import (
    appearances,
    certification,
    containers,
    forgery,
    material,
    parsing,
    saving,
    shadow,
    tagging,
    wrapping,
)
from tests.attacks.catalogue import ATTACKS, Attack
from tests.attacks.documents import CONTROLS, OURS, office, world
from tests.verify.foreign import SIGNED_AT
from tests.verify.world import LATER

CLASSES = (appearances, certification, containers, forgery, material, parsing, saving, shadow, tagging, wrapping)


def judge(pdf: bytes, control: str, profile: str) -> Report:
    if control in OURS:
        return verify_pdf(pdf, world().trust(), LATER, profile=profile)
    return verify_pdf(pdf, office().trust(), SIGNED_AT, profile=profile)


@pytest.mark.parametrize("control", CONTROLS)
def test_the_document_that_is_attacked_is_good(control):
    report = judge(CONTROLS[control](), control, "pades")

    assert report.verdict is Verdict.PASSED, [check.message for check in report.problems]


@pytest.mark.parametrize("control", OURS)
def test_our_documents_signatures_are_good_before_they_are_attacked(control):
    report = judge(CONTROLS[control](), control, "agreement")

    assert {item.verdict for item in report.signatures} == {Verdict.PASSED}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_it_is_refused_for_its_reason(attack: Attack):
    report = judge(attack.build(), attack.control, attack.profile)
    messages = " | ".join(check.message for check in report.problems)

    assert report.verdict is not Verdict.PASSED
    if attack.profile == "agreement":
        assert report.verdict is Verdict.FAILED
    assert re.search(attack.reason, messages), messages


@pytest.mark.parametrize("name", appearances.SEEN)
def test_a_value_is_seen_in_every_usual_look(name):
    report = judge(appearances.seen(name), "filled", "pades")

    assert report.verdict is Verdict.PASSED, [check.message for check in report.problems]


def test_every_published_class_has_its_variants():
    kinds = {attack.kind for attack in ATTACKS}

    assert kinds == {module.__name__.rpartition(".")[2] for module in CLASSES}
    assert len(ATTACKS) > 100
