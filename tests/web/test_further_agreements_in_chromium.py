"""A passkey that a device has from one agreement, in a real browser, where another agreement asks for one too."""

from __future__ import annotations

from playwright.sync_api import expect

from signing_service.store import agreements
from tests.cast import LIN
from tests.web.devices import enrol
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.web.test_passkeys_in_chromium import TEMPLATE, TOLD, confirm, lin, officer, world
from tests.workflow.world import World

__all__ = ["TEMPLATE", "lin", "officer", "world"]  # what pytest finds here


def make_it_for_the_other_agreement(lin: Screen, world: World) -> None:
    with world.service.database.read() as session:
        (other,) = [one.id for one in agreements.newest_first(session) if one.id != world.agreement]
    lin.page.goto(f"/agreements/{other}/passkey/{LIN.signer}/")
    lin.page.get_by_role("button", name="Make the approval passkey").click()


def test_a_device_that_has_the_passkey_of_one_agreement_brings_it_to_another(
    lin: Screen, officer: Screen, world: World
):
    code = enrol(lin)
    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).to_have_text(code)
    confirm(officer)
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()

    make_it_for_the_other_agreement(lin, world)
    expect(lin.page.locator("[data-code]")).to_have_text(code)
    check(lin.page, (360, "light"))
    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).to_have_text(code)
    confirm(officer)
    expect(lin.page.get_by_role("heading", name="Confirmed: you can sign now")).to_be_visible(timeout=TOLD)


def test_a_browser_that_did_not_see_that_passkey_made_shows_no_code_of_it_and_can_revoke_it(lin: Screen, world: World):
    enrol(lin)
    lin.page.evaluate("localStorage.clear()")
    make_it_for_the_other_agreement(lin, world)
    expect(lin.page.get_by_text("Your passkey was made in another browser")).to_be_visible()
    expect(lin.page.locator("[data-code]")).to_be_empty()
    expect(lin.page.get_by_text("Device lost or replaced?")).to_be_visible()
