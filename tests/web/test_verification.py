"""Verifying on our page, and the report beside an agreement's PDF."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from limits import parse
from werkzeug.test import TestResponse

from signing_service.web import limits, verification
from signing_service.workflow import download
from tests.cast import ALES, HOA, LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]


@pytest.fixture
def finished(world: World) -> World:
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    world.countersign()
    world.archive()
    return world


def send(visitor: Visitor, data: bytes, name: str = "evidence.zip", **fields: Any) -> TestResponse:
    visitor.get("/verify")
    answer: TestResponse = visitor.submit("/verify", document=(BytesIO(data), name), **fields)
    return answer


def bundle(world: World) -> bytes:
    return download.evidence(world.service, world.officer, world.agreement)[1]


def test_an_intact_bundle_is_genuine_by_this_service_s_trust_file_and_says_so(anybody: Visitor, finished: World):
    page = send(anybody, bundle(finished)).text
    assert "Genuine and complete" in page
    assert "PASSED" in page
    assert LIN.name in page
    assert "Checked against this service's own trust file" in unescape(page)


def test_an_agreement_that_is_merely_open_is_called_so_before_any_verdict(anybody: Visitor, world: World):
    world.sign(LIN)
    page = unescape(send(anybody, bundle(world)).text)
    assert "<h1>Good so far, and not finished</h1>" in page
    assert page.index("The agreement is still open") < page.index("<strong>INDETERMINATE</strong>")
    assert "Nothing wrong was found, but" not in page
    assert "What is still to come" in page
    for person in (SOMCHAI, ALES, HOA):
        world.sign(person)
    assert "the countersignature of the secretariat is still to come" in send(anybody, bundle(world)).text


def test_the_sentence_on_top_is_in_the_language_of_the_page(anybody: Visitor, world: World):
    anybody.get("/language/zh")
    assert "协定仍开放签署" in send(anybody, bundle(world)).text


def test_a_changed_byte_is_not_valid(anybody: Visitor, finished: World):
    pdf = bytearray(download.pdf(finished.service, finished.officer, finished.agreement))
    pdf[len(pdf) // 2] ^= 1
    page = send(anybody, bytes(pdf), "agreement.pdf").text
    assert "Not valid" in page
    assert "FAILED" in page
    top, _, details = page.partition("<details>")
    assert re.search(r'<p class="title">.* (Bytes of this file|Something was changed|A signature does not fit)', top)
    assert "_FAILURE" not in top, "codes are for those who open the details"
    assert "_FAILURE" in details


NO_AGREEMENTS = (b"\x00\x01 nonsense", b"PK\x03\x04 a letter.docx", b"", b"Dear colleagues", b"{}", b"[")


@pytest.mark.parametrize("data", NO_AGREEMENTS)
def test_what_is_neither_a_pdf_nor_a_bundle_is_called_no_agreement(anybody: Visitor, world: World, data: bytes):
    page = send(anybody, data, "holiday.bin").text
    assert "<h1>This is not an agreement</h1>" in page
    assert "not as it was signed" not in page
    assert "FAILED" not in page, "what is none cannot be a bad one; the command gives the verdict"


@pytest.mark.parametrize("spaced", [False, True])
def test_a_receipt_is_called_so_and_what_to_do_with_it_is_told(anybody: Visitor, world: World, spaced: bool):
    receipt = world.sign(LIN)
    data = json.dumps(json.loads(receipt), indent=2).encode() if spaced else receipt
    page = unescape(send(anybody, data, "receipt.json").text)
    assert "<h1>A receipt, not an agreement</h1>" in page
    assert "give its evidence bundle (ZIP)" in page
    assert "signing-service record audit --trust trust.json --receipt receipt.json" in page
    assert "FAILED" not in page
    assert "neither a PDF nor" not in page


def test_a_damaged_bundle_is_still_called_not_valid(anybody: Visitor, finished: World):
    page = send(anybody, bundle(finished)[:-2000]).text
    assert "<h1>Not valid</h1>" in page
    assert "it is not the file that was signed" in page


def test_the_page_tells_to_install_what_the_members_hand_out(anybody: Visitor, world: World):
    page = unescape(anybody.get("/verify").text)
    assert "pip install ./signing-service" in page
    assert "pip install signing-service" not in page
    assert "A package of that name from elsewhere is not ours." in page


def test_the_status_says_of_what_its_digest_is(anybody: Visitor, world: World):
    page = anybody.get(f"/status/{world.agreement}").text
    assert "SHA-256 of the text as published, before any signature:<br>" in page
    assert "The signed PDF begins with this text, but has a digest of its own" in page


def test_the_pdf_alone_is_not_fully_proven_and_what_is_missing_is_told(anybody: Visitor, finished: World):
    pdf = download.pdf(finished.service, finished.officer, finished.agreement)
    page = send(anybody, pdf, "agreement.pdf").text
    assert "Not fully proven" in page
    assert "verify its evidence bundle (ZIP) instead" in page


def test_a_trust_file_of_one_s_own_is_used_and_a_foreign_one_never_passes(
    anybody: Visitor, finished: World, tmp_path: Any
):
    own = (BytesIO(download.trust_file(finished.service)), "trust.json")
    assert "the trust file that you gave" in send(anybody, bundle(finished), trust=own).text
    bad = (BytesIO(b"{}"), "trust.json")
    answer = send(anybody, bundle(finished), trust=bad)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_the_report_can_be_saved_from_the_page_as_nothing_is_kept(anybody: Visitor, finished: World):
    page = send(anybody, bundle(finished)).text
    saved = re.search(r'href="data:text/html;base64,([^"]+)" download', page)
    assert saved
    assert b"PASSED" in base64.b64decode(saved[1])
    assert anybody.get("/verify").text.count("PASSED") == 1, "the words about the verifier alone"


def test_a_name_with_markup_is_only_text(anybody: Visitor, world: World):
    page = send(anybody, b"%PDF-", "<img src=x onerror=alert(1)>.pdf").text
    assert "<img src=x" not in page


def test_without_a_file_or_with_another_profile_one_is_told(anybody: Visitor, world: World):
    anybody.get("/verify")
    answer = anybody.submit("/verify")
    assert answer.status_code == 400
    assert "No file was chosen." in answer.text
    assert send(anybody, b"%PDF-", profile="court").status_code == 400


def test_a_foreign_signed_pdf_is_judged_by_the_general_profile(anybody: Visitor, finished: World):
    pdf = download.pdf(finished.service, finished.officer, finished.agreement)
    page = send(anybody, pdf, "agreement.pdf", profile="pades").text
    assert "Genuine and complete" in page or "Not fully proven" in page


def test_a_file_above_the_limit_is_refused_and_other_pages_keep_theirs(
    anybody: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
):
    assert send(anybody, b"%PDF-" + bytes(3 * 1024 * 1024)).status_code == 200
    monkeypatch.setattr(verification, "MAX_UPLOAD", 1000)
    assert send(anybody, bytes(2000)).status_code == 413


def test_who_sends_too_many_files_is_asked_to_wait(anybody: Visitor, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "UPLOADS", parse("1 per 15 minutes"))
    assert send(anybody, b"%PDF-").status_code == 200
    assert send(anybody, b"%PDF-").status_code == 429


def test_when_too_many_verify_at_once_one_is_told_to_come_back(
    anybody: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verification, "PATIENCE", 0.01)
    places = anybody.client.application.extensions["verifying_room"]
    for _ in range(verification.AT_ONCE):
        assert places.acquire(blocking=False)
    answer = send(anybody, b"%PDF-")
    assert answer.status_code == 503
    assert "Many are verifying just now." in answer.text


def test_the_report_stands_beside_the_agreement_s_pdf(visit: Visit, finished: World):
    lin = visit(LIN)
    path = f"/agreements/{finished.agreement}/report.html"
    assert path in lin.get(f"/agreements/{finished.agreement}/").text
    assert path in visit(OFFICER).get(f"/secretariat/agreements/{finished.agreement}/").text
    answer = lin.get(path)
    assert ">PASSED<" in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_nobody_else_gets_the_report(anybody: Visitor, world: World):
    assert anybody.get(f"/agreements/{world.agreement}/report.html").status_code == 302


def test_ten_files_in_a_quarter_of_an_hour_may_be_sent_from_one_address(anybody: Visitor, world: World):
    assert parse("10 per 15 minutes") == limits.UPLOADS
    anybody.get("/verify")
    for _ in range(10):
        with anybody.client.application.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
            limits.use("verification")
    assert send(anybody, b"%PDF-").status_code == 429
    world.clock.forward(minutes=16)
    assert send(anybody, b"%PDF-").status_code == 200


def test_reports_are_limited_for_each_account_and_not_for_the_others(
    visit: Visit, finished: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "REPORTS", parse("1 per 15 minutes"))
    path = f"/agreements/{finished.agreement}/report.html"
    lin, somchai = visit(LIN), visit(SOMCHAI)
    assert lin.get(path).status_code == 200
    assert lin.get(path).status_code == 429
    assert somchai.get(path).status_code == 200
