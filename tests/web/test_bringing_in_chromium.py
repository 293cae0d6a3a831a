"""What the secretariat brings in, looked at in a real browser: accessible, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import FilePayload, expect

from signing_service.workflow.drafts import create_draft
from tests.cast import HOA, LIN, OFFICER, SOPHEA, THIDA
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.test_roster import row, table
from tests.workflow.world import source


def csv_file(data: bytes) -> FilePayload:
    return {"name": "parties.csv", "mimeType": "text/csv", "buffer": data}


def test_parties_are_looked_at_mended_and_taken_over(screen: Callable[..., Screen], live: LiveServer):
    agreement = create_draft(live.world.service, live.world.officer, source())
    page = screen().sign_in(OFFICER).page
    page.goto(f"/secretariat/agreements/{agreement}/")
    page.get_by_role("link", name="Bring in parties and people from a file").click()
    page.get_by_label("CSV file").set_input_files(csv_file(table(row(LIN, country="Nowhere"), row(SOPHEA, email="x"))))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("2 cells are not right.")
    check(page)
    page.get_by_label("CSV file").set_input_files(csv_file(table(row(LIN), row(SOPHEA), row(THIDA), row(HOA))))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="4 parties")).to_be_visible()
    check(page)
    page.get_by_label("Authorised by").fill("Rectors' conference")
    page.get_by_role("button", name="Take all of it over").click()
    expect(page.get_by_text("4 parties are taken over.")).to_be_visible()
    expect(page.get_by_role("button", name="Seal and publish")).to_be_enabled()


def test_a_line_that_is_wrong_is_shown(screen: Callable[..., Screen], live: LiveServer):
    page = screen(width=360).sign_in(OFFICER).page
    page.goto("/secretariat/agreements/new/files")
    bad: dict[str, bytes] = {**source(), "en.md": b"## No anchor\n"}
    files: list[FilePayload] = [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in bad.items()]
    page.get_by_label("agreement.toml and one Markdown file a language").set_input_files(files)
    page.get_by_role("button", name="Bring in").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 1 of en.md: ## No anchor")
    check(page)
