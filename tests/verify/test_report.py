"""The report as text, JSON and HTML: documented, versioned, safe against what files say of themselves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from signing_service.verify.html import report_to_html, report_to_section
from signing_service.verify.json_report import report_to_json
from signing_service.verify.report import Report, SignatureReport
from signing_service.verify.text import one_line, report_to_text
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Step, SubIndication, Verdict
from signing_service.verify.verifier import verify_bundle, verify_pdf
from tests.cast import LIN, ORIGIN, SOMCHAI
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.verify.world import LATER, World, the_ceremony


@pytest.fixture(scope="module")
def report() -> Report:
    world = the_ceremony()
    return verify_bundle(world.bundle(), world.trust(), LATER, "evidence.zip")


def documented(checkout) -> dict[str, set[str]]:
    """The members that docs/report.md lists, by table."""
    tables: dict[str, set[str]] = {}
    heading = ""
    for line in (checkout / "docs" / "report.md").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| Member of (?:the |an? )?`?(\w+)`? \|", line):
            heading = match[1]
        elif heading and (match := re.match(r"\| `(\w+)` \|", line)):
            tables.setdefault(heading, set()).add(match[1])
        elif not line.startswith("|"):
            heading = ""
    return tables


def test_the_json_has_exactly_the_documented_members(report, checkout):
    tables, value = documented(checkout), report_to_json(report)

    assert set(value) == tables["report"]
    assert set(value["agreement"]) == tables["agreement"]
    assert set(value["record"]) == tables["record"]
    assert {frozenset(item) for item in value["signatures"]} == {frozenset(tables["signature"])}
    assert {frozenset(item) for item in value["checks"]} == {frozenset(tables["check"])}
    assert json.loads(json.dumps(value)) == value


def test_the_page_says_which_of_a_signatures_two_times_counts(report):
    signature = replace(next(one for one in report.signatures if one.kind == "signature"))
    signature.claimed_time = signature.time - timedelta(minutes=3)
    page = report_to_html(replace(report, signatures=[signature]))
    assert "The time that counts is the one of the timestamp" in page
    assert f"{signature.time:%Y-%m-%d %H:%M:%S} UTC" in page
    assert f"states itself: {signature.claimed_time:%Y-%m-%d %H:%M:%S} UTC" in page


def test_the_first_line_of_the_text_is_the_verdict(report):
    lines = report_to_text(report).splitlines()

    assert lines[0] == "PASSED: evidence.zip"
    assert any("南京邮电大学" in line for line in lines)
    assert any(line.startswith("Provable    until 2035-") for line in lines)


def test_an_untrusted_but_intact_pdf_says_that_its_signatures_are_good():
    world = the_ceremony()
    text = report_to_text(verify_pdf(world.pdf, Trust(), LATER, name="agreement.pdf"))

    assert text.startswith("INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND): agreement.pdf\n")
    assert text.count("good signature") == 11
    assert "hint: add the evidence bundle" in text


@pytest.mark.parametrize("shown", [report_to_text, report_to_html, report_to_section])
def test_another_alliance_s_trust_file_is_named_as_the_reason_and_no_signature_is_called_bad(shown):
    stranger = World(Ceremony.published(keystore=keystore_in_memory("Another Alliance")))
    page = shown(verify_bundle(the_ceremony().bundle(), stranger.trust(), LATER))

    assert f"This file does not come from {ORIGIN}, whose trust file was given." in page
    assert "What does not fit the trust file that was given" in page
    assert re.search("erify it with the trust file of the alliance that it belongs to", page)
    assert "BAD" not in page


@pytest.mark.parametrize("shown", [report_to_text, report_to_html])
def test_each_hint_is_given_once(shown):
    page = shown(verify_pdf(the_ceremony().pdf, Trust(), LATER))

    assert [page.count(words) for words in ("ive the trust file", "dd the evidence bundle")] == [1, 1]


def test_what_is_in_another_language_is_marked_so_in_the_page():
    page = report_to_html(verify_pdf(the_ceremony().pdf, Trust(), LATER))

    for person in (LIN, SOMCHAI):
        assert person.university is not None
        university = person.university
        assert f'<span lang="{university.native_language}">{university.native_name}</span>' in page


def test_the_state_of_an_agreement_is_told_only_where_it_is_proven():
    world = the_ceremony()
    alone = [verify_pdf(world.pdf, trust, LATER) for trust in (Trust(), world.trust())]
    for unproven in [*alone, verify_bundle(world.bundle(), Trust(), LATER)]:
        assert unproven.agreement is not None
        assert unproven.agreement.entry_into_force is None
        for shown in (report_to_text(unproven), report_to_html(unproven)):
            assert not re.search(r"State\b", shown)

    proven = verify_bundle(world.bundle(), world.trust(), LATER)
    assert "State       in force since" in report_to_text(proven)


def test_colours_are_asked_for(report):
    assert "\x1b[" not in report_to_text(report)
    assert report_to_text(report, colour=True).startswith("\x1b[32mPASSED\x1b[0m")


def test_what_a_file_says_of_itself_cannot_move_the_terminal_or_script_the_page():
    evil = "\x1b[2J\u202eevil<script>alert(1)</script>"
    checks = Checks()
    checks.failed(Step.CMS, evil, SubIndication.FORMAT_FAILURE, evil, hint=evil)
    signature = SignatureReport(0, "signature", evil, signer=evil, reason=evil, changes=(evil,), approval=evil)
    report = replace(Report(evil, "pades", LATER), checks=tuple(checks), signatures=[signature])

    text, page = report_to_text(report) + one_line(report), report_to_html(report)

    assert "\x1b" not in text
    assert "\u202e" not in text + page
    assert "<script>" not in page


def test_the_page_is_one_well_formed_document_that_fetches_nothing(report):
    page = report_to_html(report)
    found = _Tags()
    found.feed(page)

    assert found.open == []
    assert not found.seen & {"script", "img", "link", "iframe"}
    assert "default-src 'none'" in page
    assert "南京邮电大学" in page


class _Tags(HTMLParser):
    """Follows which tags are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_report_without_checks_proves_nothing():
    assert Report("empty", "agreement", LATER).verdict is Verdict.INDETERMINATE


def test_lines_are_continued_within_the_width_and_nothing_is_lost(report):
    whole, narrow = report_to_text(report), report_to_text(report, width=60)

    assert max(len(line) for line in narrow.splitlines() if " " in line.strip()) <= 60
    assert narrow.split() == whole.split()
    assert "\n            " in narrow  # under the text of a labelled line


def test_the_page_tells_what_each_step_passed(report):
    page = report_to_html(report)

    assert "Everything was checked and is as it must be." in page
    for step in {check.step for check in report.checks}:
        made = sum(check.step == step for check in report.checks)
        assert re.search(rf"{int(step)} [a-z]+</th><td>{made} of {made}</td>", page)
    assert f"<td>{len(report.signatures)}: {len(report.signatures)} good</td>" in page


def test_what_cannot_be_checked_is_not_called_bad():
    checks = Checks()
    checks.unproven(Step.CMS, "field Old", SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "MD2 is not supported")
    unknown = SignatureReport(0, "signature", "Old", verdict=Verdict.INDETERMINATE)
    text = report_to_text(Report("old.pdf", "pades", LATER, checks=tuple(checks), signatures=[unknown]))

    assert "signature that cannot be checked" in text
    assert "BAD" not in text


def test_signatures_that_are_there_but_not_proven_are_not_called_missing():
    world = the_ceremony()
    report = verify_pdf(world.pdf, Trust(), LATER)

    text = report_to_text(report)
    assert report.exit_code == 3
    assert "signatures are there, but do not count as they stand: njupt:president" in text
    assert "signatures are missing" not in text
    for shown in (text, report_to_html(report)):
        assert "Not counted" in shown
        assert "Waiting for" not in shown
