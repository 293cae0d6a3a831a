"""An officer attests a signature on paper in a real browser; everywhere it is shown as what it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Route, expect

from signing_service.store import acts
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.devices import with_device
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.test_paper import SCAN, speaking_of_paper
from tests.workflow.world import World

Screens = Callable[..., Screen]
FILE: FilePayload = {"name": "page.png", "mimeType": "image/png", "buffer": SCAN}


@pytest.fixture
def world(live: LiveServer) -> World:
    return speaking_of_paper(live.world, "counts")


@pytest.fixture
def mei(screen: Screens, world: World) -> Screen:
    """The officer, on the page of signatures on paper."""
    mei = with_device(screen()).sign_in(OFFICER)
    mei.page.goto("/passkeys/")
    mei.page.get_by_role("button", name="Make an officer's passkey").click()
    expect(mei.page.get_by_text("in the trust file", exact=True)).to_be_visible()
    mei.page.goto(f"/secretariat/agreements/{world.agreement}/paper/")
    return mei


def attest(mei: Screen, world: World) -> None:
    card = mei.page.locator(f'[data-signer="{LIN.signer}"]')
    card.locator("input[type=file]").set_input_files(files=[FILE])
    card.get_by_label("Signed on").fill(world.service.clock().date().isoformat())
    card.get_by_role("checkbox").check()
    card.get_by_role("button", name="Attest with my passkey").click()


def test_an_officer_attests_a_page_and_all_see_that_it_is_paper(screen: Screens, mei: Screen, world: World):
    check(mei.page)
    attest(mei, world)
    expect(mei.page.get_by_text("Attested; the person is told")).to_be_visible()
    with world.service.database.read() as session:
        assert acts.paper(session, world.agreement, LIN.signer) is not None
    mei.page.reload()
    check(mei.page)
    with mei.page.expect_download() as download:
        mei.page.get_by_role("link", name="Save the scan").click()
    assert download.value.path().read_bytes() == SCAN

    somchai = screen().sign_in(SOMCHAI).open_agreement(world.agreement)
    expect(somchai.page.locator("#parties")).to_contain_text("Signed on paper")
    somchai.page.goto(f"/ceremony/{world.agreement}")
    expect(somchai.page.locator(f'[data-signer="{LIN.signer}"] .when')).to_have_text("on paper")
    expect(somchai.page.locator("[data-count]")).to_have_text("1")
    lin = screen(width=360).sign_in(LIN).open_agreement(world.agreement)
    expect(lin.page.get_by_text("It is not a digital signature.")).to_be_visible()
    expect(lin.section).to_have_count(0)


@pytest.mark.parametrize(("member", "value"), [("document", "0" * 64), ("signer", SOMCHAI.signer), ("v", 2)])
def test_a_service_that_lets_something_else_be_attested_is_caught_by_the_officers_browser(
    mei: Screen, world: World, member: str, value: object
):
    def swap(route: Route) -> None:
        answer = route.fetch()
        begun = answer.json()
        begun["statement"][member] = value
        route.fulfill(response=answer, json=begun)

    mei.page.route("**/options", swap)
    attest(mei, world)
    expect(mei.page.get_by_role("alert")).to_contain_text("something else than this page shows")
    with world.service.database.read() as session:
        assert acts.paper(session, world.agreement, LIN.signer) is None
