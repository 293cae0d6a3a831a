"""Dropping a file on the verification page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from signing_service.workflow import download
from tests.cast import SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check

DROP = """(names) => {
  const dropped = new DataTransfer();
  for (const name of names) dropped.items.add(new File(["%PDF-1.7"], name));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}));
  const form = document.querySelector("[data-verify]");
  return [form.elements.document, form.elements.trust].map((input) => input.files[0]?.name);
}"""


def test_a_dropped_document_and_trust_file_find_their_fields(screen: Callable[..., Screen], live: LiveServer):
    page = screen().page
    page.goto("/verify")
    assert page.evaluate(DROP, ["trust.json", "agreement.pdf"]) == ["agreement.pdf", "trust.json"]
    expect(page.get_by_label("Trust file (optional)")).to_be_visible()
    expect(page.get_by_role("button", name="Verify")).to_be_focused()


def test_the_verdict_is_accessible_and_fits_a_phone(screen: Callable[..., Screen], live: LiveServer):
    live.world.sign(SOMCHAI)
    service, officer = live.world.service, live.world.officer
    for width, dark in ((360, False), (1280, True)):
        page = screen(width=width, dark=dark).page
        for name, data in (
            download.evidence(service, officer, live.world.agreement),
            ("agreement.pdf", download.pdf(service, officer, live.world.agreement) + b" "),
        ):
            page.goto("/verify")
            page.get_by_label("PDF or evidence bundle").set_input_files(
                {"name": name, "mimeType": "application/octet-stream", "buffer": data}
            )
            page.get_by_role("button", name="Verify").click()
            expect(page.get_by_role("link", name="Save the report")).to_be_visible()
            check(page)
            expect(page.locator("table.steps")).to_have_css("display", "table")  # not in a row, as a page's steps are
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the report").click()
    assert saved.value.suggested_filename == "report.html"
