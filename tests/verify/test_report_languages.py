"""The report's page in its reader's language: nothing stays English but verdicts and what is marked as English."""

from __future__ import annotations

import json
from html import unescape

import pytest

from signing_service import resources
from signing_service.errors import Phrase
from signing_service.verify.html import report_to_html, report_to_section
from signing_service.verify.json_report import report_to_json
from signing_service.verify.report import Report
from signing_service.verify.speech import Words
from signing_service.verify.text import report_to_text
from signing_service.verify.verdict import Checks, Step, SubIndication
from signing_service.verify.verifier import verify_bundle, verify_file, verify_pdf
from tests.cast import ALLIANCE, LIN, OFFICER, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.verify.world import LATER, World, the_passkey_ceremony
from tests.web.test_english_left import english_of

NAMES = [ALLIANCE, OFFICER.name, "University Council", "Timestamp authority", "Issuing CA for one-time certificates"]


def words(language: str) -> Words:
    return Words(language, (resources.translations() / language / "LC_MESSAGES" / "messages.mo").read_bytes())


def genuine() -> Report:
    world = the_passkey_ceremony()
    return verify_bundle(world.bundle(), world.trust(), LATER, "evidence.zip")


def alone() -> Report:
    world = the_passkey_ceremony()
    return verify_pdf(world.pdf, world.trust(), LATER, name="agreement.pdf")


def half_signed() -> Report:
    half = World(Ceremony.published(people=(LIN, SOMCHAI)))
    half.ceremony.sign(LIN)
    return verify_bundle(half.bundle(), half.trust(), LATER, "evidence.zip")


def a_picture() -> Report:
    return verify_file(b"\x89PNG\r\n\x1a\n\0\0", the_passkey_ceremony().trust(), LATER, name="scan.png")


def changed() -> Report:
    world = the_passkey_ceremony()
    spoilt = bytearray(world.pdf)
    spoilt[len(spoilt) // 2] ^= 1
    return verify_pdf(bytes(spoilt), world.trust(), LATER, name="agreement.pdf")


@pytest.mark.parametrize("made", [genuine, alone, half_signed, a_picture, changed])
def test_the_page_in_chinese_keeps_no_english(made):
    report = made()
    names = [*NAMES, *(report.agreement.names.values() if report.agreement else ())]
    names += [report.trust_fingerprint, *(one.party for one in report.signatures if one.party)]
    for page in (report_to_html(report, words("zh")), report_to_section(report, words("zh"))):
        told = page if page.startswith("<!DOCTYPE") else f'<div lang="zh">{page}</div>'
        assert list(english_of(told, names)) == []
        assert report.verdict.value in page


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "真实且完整"), ("ru", "Подлинно и полно"), ("th", "แท้จริงและครบถ้วน")],
)
def test_the_saved_page_names_its_language_and_says_the_verdict_in_it_and_in_the_words_of_the_command(language, said):
    page = report_to_html(genuine(), words(language))

    assert f'<html lang="{language}">' in page
    assert f'<h1 class="PASSED">{said}</h1>' in page
    assert '<strong class="PASSED">PASSED</strong>' in page


def test_what_no_catalogue_holds_stands_in_english_behind_a_sentence_of_its_step():
    checks = Checks()
    checks.failed(Step.CHANGES, "file", SubIndication.FORMAT_FAILURE, "object 12 is <not> what it was")
    page = report_to_html(Report("a.pdf", "agreement", LATER, checks=tuple(checks)), words("zh"))

    assert (
        "签署后其中有内容被更改" in page or words("zh").say("Something was changed in it after it was signed.") in page
    )
    assert '<span lang="en">object 12 is &lt;not&gt; what it was</span>' in page


def test_values_in_a_translated_text_are_escaped_and_their_signs_do_no_harm():
    told = words("zh").told(Phrase("signatures are missing: %(signers)s", signers="100 %(x)s"))
    assert told == "缺少签名：100 %(x)s"
    checks = Checks()
    checks.unproven(Step.RULES, "agreement", SubIndication.GENERIC, Phrase("it is %(kind)s", kind="<b>"))
    assert "<b>" not in report_to_html(Report("a", "agreement", LATER, checks=tuple(checks)), words("zh"))


def test_what_programs_and_terminals_get_is_english_whatever_is_translated():
    report = half_signed()
    assert json.loads(json.dumps(report_to_json(report)))["checks"][-1]["message"].startswith("signatures are missing")
    assert "signatures are missing: andaman:president" in report_to_text(report)
    assert "Not fully proven" in unescape(report_to_html(alone()))
