"""Who has an approval passkey from one agreement is asked to sign another one, or its corrected version."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from signing_service.workflow.approval_keys import own_enrolments
from tests.cast import LIN, OFFICER
from tests.web.conftest import LiveServer
from tests.web.devices import enrol, make_officers_passkey, with_device
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.devices import asking_for_passkeys
from tests.workflow.world import World

Screens = Callable[..., Screen]
TEMPLATE = "asking"


@pytest.fixture
def world(live: LiveServer) -> World:
    """Lin and Somchai under an agreement that asks for passkeys."""
    return live.world


def to_her_passkey(window: Screen, world: World) -> Screen:
    window.page.goto(f"/agreements/{world.agreement}/passkey/{LIN.signer}/")
    return window


def test_a_device_that_has_an_approval_passkey_is_confirmed_with_it_for_a_second_agreement(
    screen: Screens, world: World
):
    lin = to_her_passkey(with_device(screen(width=390, height=800)).sign_in(LIN), world)
    code = enrol(lin)
    second = asking_for_passkeys(world)
    to_her_passkey(lin, second).page.get_by_role("button", name="Use the passkey that I have").click()
    expect(lin.page.locator("[data-code]")).to_have_text(code)
    check(lin.page)

    mei = make_officers_passkey(with_device(screen()).sign_in(OFFICER))
    mei.page.goto("/secretariat/passkeys/")
    expect(mei.page.locator("[data-code]").nth(1)).to_have_text(code)
    mei.page.get_by_label("By video").nth(1).check()
    mei.page.get_by_role("button", name="The codes are the same").nth(1).click()
    expect(mei.page.get_by_text("Confirmed; the person is told")).to_be_visible()
    (enrolled,) = own_enrolments(world.service, world.ids[LIN], second.agreement, LIN.signer)
    assert enrolled.state == "confirmed"


def test_another_browser_shows_no_code_of_the_passkey_that_it_has_not_seen_made(screen: Screens, world: World):
    enrol(to_her_passkey(with_device(screen()).sign_in(LIN), world))
    elsewhere = to_her_passkey(with_device(screen()).sign_in(LIN), asking_for_passkeys(world))
    elsewhere.page.get_by_role("button", name="Use the passkey that I have").click()
    expect(elsewhere.page.get_by_text("Your passkey was made in another browser")).to_be_visible()
    expect(elsewhere.page.locator("[data-code]")).to_be_hidden()
