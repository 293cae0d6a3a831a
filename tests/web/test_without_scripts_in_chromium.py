"""Without scripts all but opening invitations, passkeys and signing works."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from signing_service.workflow.questions import ask
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen

Screens = Callable[..., Screen]


def test_without_scripts_everything_but_signing_works(screen: Screens, live: LiveServer):
    agreement = live.world.agreement
    window = screen(java_script_enabled=False).sign_in_on_the_page(LIN).open_agreement(agreement)
    page = window.page
    expect(page.get_by_text("The Parties establish an alliance.")).to_be_visible()
    assert "Signing needs JavaScript" in page.content()
    expect(window.stage("mark")).to_be_hidden()
    page.get_by_role("link", name="Ask the secretariat").click()
    page.get_by_label("Your question").fill("Until when?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("Your question is sent.")).to_be_visible()
    page.get_by_role("link", name="Back to the agreement").click()
    page.get_by_role("link", name="Decline to sign").click()
    page.get_by_label("Your reason").fill("our council has not decided")
    page.get_by_label("Your password").fill("a password that only the tests use")
    page.get_by_role("button", name="Decline to sign").click()
    expect(page.get_by_text("You have declined to sign for")).to_be_visible()


def test_without_scripts_the_secretariat_works(screen: Screens, live: LiveServer):
    agreement = live.world.agreement
    ask(live.world.service, live.world.ids[SOMCHAI], agreement, "Until when?")
    window = screen(java_script_enabled=False).sign_in_on_the_page(OFFICER)
    page = window.page
    page.get_by_role("link", name="Follow").click()
    page.get_by_role("link", name="Read and answer").click()
    page.get_by_label("Your answer").fill("Until Friday.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("The answer is sent.")).to_be_visible()
    page.get_by_role("link", name="Back to the agreement").click()
    page.get_by_label("Remind by itself").select_option(label="every 7 days")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Stored.")).to_be_visible()
    page.get_by_role("link", name="Public status").click()
    expect(page.get_by_role("cell", name="Thailand")).to_be_visible()
    page.goto(f"/ceremony/{agreement}")
    expect(page.get_by_text("0 of 4 have signed")).to_be_visible()
    page.goto("/secretariat/agreements/new/files")
    page.get_by_role("button", name="Make a draft of the specimen").click()
    page.get_by_role("link", name="Change the rules").click()
    page.get_by_label("Signing closes").fill("2030-01-01T12:00")
    page.get_by_role("button", name="Store the rules").click()
    page.get_by_role("link", name="The rules", exact=True).click()  # opens the folded section
    expect(page.get_by_role("region", name="The rules").get_by_text("1 Jan 2030, 04:00 UTC")).to_be_visible()
