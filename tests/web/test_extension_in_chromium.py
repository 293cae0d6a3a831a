"""A lead officer extends signing in a real browser, which holds what the passkey signs against what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from signing_service.agreement.rules_file import in_zone
from signing_service.encoding import format_time
from signing_service.store import acts
from tests.cast import LIN, OFFICER
from tests.web.conftest import LiveServer
from tests.web.devices import with_device
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.test_extension import REASON, RULES, published_under
from tests.workflow.world import World

Screens = Callable[..., Screen]


@pytest.fixture
def world(live: LiveServer) -> World:
    """Signing closes in three days by the service's clock."""
    closes = live.world.service.clock().replace(microsecond=0, second=0) + timedelta(days=3)
    return published_under(live.world, RULES + f'closes = "{format_time(closes)}"\nextension = "allowed"\n')


@pytest.fixture
def mei(screen: Screens, world: World) -> Screen:
    """The officer, on the page on which signing is extended."""
    mei = with_device(screen(width=360)).sign_in(OFFICER)
    mei.page.goto("/passkeys/")
    mei.page.get_by_role("button", name="Make an officer's passkey").click()
    expect(mei.page.get_by_text("in the trust file", exact=True)).to_be_visible()
    mei.page.goto(f"/secretariat/agreements/{world.agreement}/")
    mei.page.get_by_role("link", name="Extend the time to sign").click()
    return mei


def extend(mei: Screen, local: str) -> None:
    mei.page.get_by_label("New end of signing").fill(local)
    mei.page.get_by_label("Time zone of this time").select_option("Asia/Bangkok")
    mei.page.get_by_label("Reason, for all to read").fill(f"  {REASON}\n")
    mei.page.get_by_role("button", name="Extend with my passkey").click()


def a_week_later(world: World) -> str:
    return f"{world.service.clock() + timedelta(days=7):%Y-%m-%dT18:00}"


def test_a_lead_officer_extends_signing_and_all_see_the_new_end(screen: Screens, mei: Screen, world: World):
    check(mei.page)
    local = a_week_later(world)
    extend(mei, local)
    expect(mei.page.get_by_text("Extended; everybody in the agreement is told")).to_be_visible()
    expect(mei.page).to_have_url(re.compile(f"/secretariat/agreements/{world.agreement}/$"))
    expect(mei.page.get_by_role("status").get_by_text("Signing is open until").locator("time")).to_be_visible()
    with world.service.database.read() as session:
        [kept] = acts.summary(session, world.agreement)
    assert kept.time == in_zone(kept.time.fromisoformat(local), "Asia/Bangkok")
    assert kept.reason == REASON
    lin = screen().sign_in(LIN).open_agreement(world.agreement)
    expect(lin.page.get_by_text("(extended; sealed:")).to_be_visible()


@pytest.mark.parametrize("member", ["until", "closes"])
def test_a_service_that_lets_another_end_be_signed_is_caught_by_the_officers_browser(
    mei: Screen, world: World, member: str
):
    def swap(route: Route) -> None:
        answer = route.fetch()
        begun = answer.json()
        begun["statement"][member] = "2035-01-01T00:00:00Z"
        route.fulfill(response=answer, json=begun)

    mei.page.route("**/options", swap)
    extend(mei, a_week_later(world))
    expect(mei.page.get_by_text("Stop: the service asks for something else")).to_be_visible()
    with world.service.database.read() as session:
        assert acts.summary(session, world.agreement) == []
