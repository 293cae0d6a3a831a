"""The end of a session: said some minutes before, put off by a button, and nothing that was typed or drawn is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from signing_service.store.tables import LoginSession
from signing_service.workflow.service import system_clock
from tests.cast import LIN, OFFICER, PASSWORD, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check

Screens = Callable[..., Screen]


@pytest.fixture
def later(live: LiveServer) -> Callable[..., None]:
    """Moves the service's clock on; browsers are moved by the test."""
    moved = timedelta()

    def now() -> datetime:
        return system_clock() + moved

    def forward(**parts: float) -> None:
        nonlocal moved
        moved += timedelta(**parts)

    object.__setattr__(live.world.service, "clock", now)
    return forward


def end_sessions(live: LiveServer) -> None:
    with live.world.service.database.begin() as session:
        session.execute(update(LoginSession).values(ended=system_clock()))


def notice(window: Screen):
    return window.page.locator("[data-session]")


def with_stopped_clock(window: Screen) -> Screen:
    window.page.clock.install()
    return window


@pytest.mark.parametrize("view", [{"width": 360}, {"width": 1280, "dark": True}], ids=["phone", "dark desktop"])
def test_before_an_idle_session_ends_the_page_says_so_and_one_stays_by_a_button(
    screen: Screens, live: LiveServer, later: Callable[..., None], view: dict[str, int]
):
    window = with_stopped_clock(screen(**view)).sign_in(LIN).open_agreement(live.world.agreement)
    expect(notice(window)).to_be_hidden()
    later(minutes=55, seconds=30)
    window.page.clock.fast_forward("55:30")
    expect(notice(window)).to_be_visible()
    expect(notice(window).get_by_role("alert")).to_contain_text("will be signed out in 5 min")
    check(window.page)
    notice(window).get_by_role("button", name="Stay signed in").click()
    expect(notice(window)).to_be_hidden()
    later(minutes=50)
    window.page.clock.fast_forward("50:00")
    expect(notice(window)).to_be_hidden()


def test_who_reads_and_scrolls_is_not_idle(screen: Screens, live: LiveServer, later: Callable[..., None]):
    window = with_stopped_clock(screen()).sign_in(LIN).open_agreement(live.world.agreement)
    later(minutes=55, seconds=30)
    window.page.clock.fast_forward("54:00")
    window.page.evaluate("() => { turned = new Promise((done) => addEventListener('wheel', done, { once: true })); }")
    with window.page.expect_response("**/account/stay"):
        window.page.mouse.wheel(0, 200)
        window.page.evaluate("() => turned.then(() => true)")  # else the clock may be moved before the page has noticed
        window.page.clock.fast_forward("01:30")
    expect(notice(window)).to_be_hidden()


def test_before_the_last_hour_is_over_one_signs_in_again_and_is_back_where_one_was(
    screen: Screens, live: LiveServer, later: Callable[..., None]
):
    window = with_stopped_clock(screen()).sign_in(LIN).open_agreement(live.world.agreement)
    with live.world.service.database.begin() as session:
        session.execute(update(LoginSession).values(created=system_clock() - timedelta(hours=11, minutes=56)))
    later(minutes=55, seconds=30)
    with live.world.service.database.begin() as session:
        early = system_clock() + timedelta(minutes=55, seconds=30) - timedelta(hours=11, minutes=56)
        session.execute(update(LoginSession).values(created=early, last_seen=early + timedelta(hours=11, minutes=55)))
    window.page.clock.fast_forward("55:30")
    expect(notice(window).get_by_role("alert")).to_contain_text("Your session ends in 4 min")
    expect(notice(window).get_by_role("button", name="Stay signed in")).to_be_hidden()
    expect(notice(window).get_by_role("link", name="Sign in again")).to_be_visible()


def test_at_the_table_it_is_said_a_minute_before_and_who_left_does_not_stay(
    screen: Screens, live: LiveServer, later: Callable[..., None]
):
    window = with_stopped_clock(screen()).sign_in(OFFICER)
    window.page.goto("/secretariat/table/")
    window.page.get_by_role("link", name=f"Hand over… to {LIN.name}").click()
    window.page.get_by_role("button", name=f"Yes: hand over to {LIN.name}").click()
    expect(window.page.get_by_text("this device is yours")).to_be_visible()
    window.page.wait_for_load_state()  # its scripts run: from now on they mind the clock that is moved
    window.page.mouse.click(5, 5)  # the last thing that the person does
    later(minutes=4, seconds=10)
    window.page.clock.fast_forward("04:10")
    expect(notice(window).get_by_role("alert")).to_contain_text("will be signed out in 1 min")
    later(minutes=1)
    window.page.clock.fast_forward("01:00")
    expect(notice(window).get_by_role("alert")).to_contain_text("You are signed out")


def sign_in_here(window: Screen, email: str) -> None:
    window.page.get_by_label("E-mail address").fill(email)
    window.page.get_by_label("Password").fill(PASSWORD)
    window.page.get_by_role("button", name="Sign in").click()


def test_a_session_that_ends_in_the_middle_of_signing_loses_no_stroke(screen: Screens, live: LiveServer):
    window = screen().sign_in(SOMCHAI).open_agreement(live.world.agreement)
    window.stage("mark").get_by_label("Draw it").check()
    pad = window.section.locator(".pad svg")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    window.page.mouse.move(box["x"] + 50, box["y"] + 50)
    window.page.mouse.down()
    window.page.mouse.move(box["x"] + 150, box["y"] + 90, steps=5)
    window.page.mouse.up()
    drawn = pad.locator("path").get_attribute("d")
    end_sessions(live)
    window.stage("mark").get_by_role("button", name="Continue").click()
    window.expect_failure("You have been signed out")
    window.page.reload()
    sign_in_here(window, SOMCHAI.email)
    expect(window.page.get_by_text("drawn before you were signed out is back")).to_be_visible()
    assert live.world.agreement in window.page.url
    expect(window.stage("mark").get_by_label("Draw it")).to_be_checked()
    assert pad.locator("path").get_attribute("d") == drawn
    window.sign()


def test_a_form_that_was_sent_too_late_is_filled_in_again(screen: Screens, live: LiveServer):
    window = screen().sign_in(OFFICER)
    window.page.goto("/secretariat/people")
    window.page.get_by_label("Name in Latin letters").fill("Sophea Chann")
    window.page.get_by_label("E-mail address").fill("sophea@tonle.example")
    end_sessions(live)
    window.page.get_by_role("button", name="Add", exact=True).click()
    expect(window.page.get_by_text("Your session was over")).to_be_visible()
    sign_in_here(window, OFFICER.email)
    expect(window.page.get_by_label("Name in Latin letters")).to_have_value("Sophea Chann")
    window.page.get_by_role("button", name="Add", exact=True).click()
    expect(window.page.get_by_text("Sophea Chann is added.")).to_be_visible()


def test_what_one_typed_is_not_shown_to_the_next_person_and_passwords_are_never_kept(
    screen: Screens, live: LiveServer
):
    path = f"/agreements/{live.world.agreement}/decline/{SOMCHAI.signer}"
    window = screen().sign_in(SOMCHAI)
    window.page.goto(path)
    window.page.get_by_label("Your reason").fill("a reason of mine")
    window.page.get_by_label("Your password").fill("typed here")
    kept = window.page.evaluate("JSON.stringify(sessionStorage)")
    assert "a reason of mine" in kept
    assert "typed here" not in kept
    end_sessions(live)
    window.page.reload()
    sign_in_here(window, LIN.email)
    window.page.wait_for_load_state()
    assert "a reason of mine" not in window.page.evaluate("JSON.stringify(sessionStorage) + document.body.innerHTML")


def test_signing_out_forgets_what_was_kept(screen: Screens, live: LiveServer):
    window = screen().sign_in(SOMCHAI)
    window.page.goto(f"/agreements/{live.world.agreement}/decline/{SOMCHAI.signer}")
    window.page.get_by_label("Your reason").fill("a reason of mine")
    window.page.get_by_role("button", name="Sign out").click()
    expect(window.page.get_by_text("You are signed out.")).to_be_visible()
    assert window.page.evaluate("sessionStorage.length") == 0
