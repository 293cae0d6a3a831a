"""The report as people read it: names instead of ids, and no advice that does not help."""

from __future__ import annotations

from signing_service.verify.html import report_to_html
from signing_service.verify.json_report import report_to_json
from signing_service.verify.verdict import ADD_BUNDLE
from signing_service.verify.verifier import verify_pdf
from tests.cast import ANDAMAN, LIN, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.verify.world import LATER, World, the_ceremony


def test_who_is_waited_for_is_called_by_name():
    half = World(Ceremony.published(people=(LIN, SOMCHAI)))
    half.ceremony.sign(LIN)
    report = verify_pdf(half.pdf, half.trust(), LATER)

    page = report_to_html(report)
    assert f"<td>{ANDAMAN.name} (President)</td>" in page
    assert f"signatures are missing: {ANDAMAN.name} (President)" in page
    assert SOMCHAI.signer not in page
    assert report_to_json(report)["agreement"]["waiting_for"] == [SOMCHAI.signer], "programs read ids"


def test_where_something_failed_no_bundle_is_asked_for():
    world = the_ceremony()
    changed = bytearray(world.pdf)
    changed[len(changed) // 2] ^= 1
    report = verify_pdf(bytes(changed), world.trust(), LATER)

    assert report.exit_code == 1
    assert ADD_BUNDLE in {check.hint for check in report.problems}
    assert ADD_BUNDLE not in report.hints
    assert ADD_BUNDLE in verify_pdf(world.pdf, world.trust(), LATER).hints
