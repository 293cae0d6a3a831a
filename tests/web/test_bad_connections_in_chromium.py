"""Signing over a bad connection: lost on the way there, on the way back, with the tab; and a timestamp that is slow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Route, expect

from signing_service.store import acts
from tests.cast import ANDAMAN, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import MOMENT, Screen
from tests.web.test_pages_in_chromium import check

Screens = Callable[..., Screen]


@pytest.fixture
def somchai(screen: Screens, live: LiveServer) -> Screen:
    """Somchai on his phone, with the agreement open."""
    return screen(width=360, height=740, has_touch=True).sign_in(SOMCHAI).open_agreement(live.world.agreement)


def has_signed(live: LiveServer, signer: str) -> bool:
    with live.world.service.database.read() as session:
        return acts.signature(session, live.world.agreement, signer) is not None


@pytest.mark.parametrize("step", ["api/**/attempts", "revisions/0.pdf", "api/**/approval", "api/**/signature"])
def test_a_connection_lost_on_the_way_there_is_waited_out(somchai: Screen, live: LiveServer, step: str):
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.request.url)
        return route.abort()

    somchai.page.route(f"**/{step}", lose_once)
    somchai.sign()
    assert len(lost) == 1


@pytest.mark.parametrize("step", ["attempts", "approval", "signature"])
def test_an_answer_lost_on_the_way_back_is_asked_for_again(somchai: Screen, live: LiveServer, step: str):
    lost: list[str] = []

    def deliver_but_lose_the_answer(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().url)
        return route.abort()

    somchai.page.route(f"**/api/**/{step}", deliver_but_lose_the_answer)
    somchai.sign()
    assert has_signed(live, SOMCHAI.signer)


def test_who_loads_the_page_again_while_it_signs_gets_the_receipt_by_itself(somchai: Screen, live: LiveServer):
    sent: list[Request] = []
    somchai.page.route("**/signature", lambda route: sent.append(route.request))  # on its way while the page is left
    somchai.propose().approve()
    expect(somchai.section.locator("[data-moment=timestamp]")).to_have_class("now")
    somchai.page.on("dialog", lambda dialog: dialog.accept())  # whether one really wants to leave
    somchai.page.reload()
    expect(somchai.stage("arriving")).to_be_visible()
    expect(somchai.stage("arriving")).to_be_in_viewport()
    expect(somchai.stage("mark")).to_be_hidden()  # it says that nothing is signed yet
    somchai.context.request.post(sent[0].url, data=sent[0].post_data, headers=sent[0].all_headers())
    somchai.expect_signed()
    assert has_signed(live, SOMCHAI.signer)


def test_whose_tab_closed_before_the_signature_was_sent_is_told_that_nothing_is_signed(
    somchai: Screen, live: LiveServer
):
    somchai.page.route("**/signature", lambda route: route.abort())
    somchai.propose().approve()
    expect(somchai.section.locator("[data-live]")).to_contain_text("The connection was lost")
    somchai.page.on("dialog", lambda dialog: dialog.accept())  # whether one really wants to leave
    somchai.page.goto("/agreements/")
    somchai.page.unroute_all()
    somchai.open_agreement(live.world.agreement)
    expect(somchai.page.get_by_text(f"You have not signed for {ANDAMAN.name} yet.")).to_be_visible()
    expect(somchai.stage("mark")).to_contain_text("has not arrived. Please sign again", timeout=MOMENT)
    assert not has_signed(live, SOMCHAI.signer)
    somchai.propose().approve()
    somchai.expect_signed()  # after the turn of what was left ends by itself


def test_whose_tab_closed_after_the_signature_arrived_is_told_that_it_is_given(somchai: Screen, live: LiveServer):
    def deliver_but_lose_the_answer(route: Route) -> None:
        if not has_signed(live, SOMCHAI.signer):
            route.fetch()
        route.abort()

    somchai.page.route("**/signature", deliver_but_lose_the_answer)
    somchai.propose().approve()
    expect(somchai.section.locator("[data-live]")).to_contain_text("The connection was lost")
    somchai.page.close(run_before_unload=False)
    somchai.page = somchai.context.new_page()
    somchai.open_agreement(live.world.agreement)
    expect(somchai.page.get_by_text(f"You have signed for {ANDAMAN.name}.")).to_be_visible()
    expect(somchai.section).to_have_count(0)


def test_who_waits_for_a_slow_timestamp_is_told_that_all_is_well(somchai: Screen, live: LiveServer):
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    somchai.page.clock.install()
    somchai.open_agreement(live.world.agreement)
    somchai.page.route("**/signature", hold)
    somchai.propose().approve()
    expect(somchai.section.locator("[data-moment=timestamp]")).to_have_class("now")
    somchai.page.clock.fast_forward(10_000)
    expect(somchai.section.locator("[data-live]")).to_contain_text("takes longer than usual")
    somchai.page.clock.resume()  # axe waits with timers
    check(somchai.page, (360, "light"))
    waiting[0].continue_()
    somchai.expect_signed()
