"""Times as people read them: UTC, and beside it the clock of who looks; by a place's own clock where it is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.cast import OFFICER, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen

Screens = Callable[..., Screen]
BESIDE = """([language, utc, time]) => {
  document.documentElement.lang = language;
  return import("/static/page/times.js?again").then((times) => times.beside(utc, time));
}"""


PAGES = ("/secretariat/agreements/{}/", "/secretariat/agreements/{}/history", "/agreements/{}/")


@pytest.mark.parametrize("page", PAGES)
def test_beside_utc_stands_the_clock_of_who_looks(screen: Screens, live: LiveServer, page: str):
    live.world.sign(SOMCHAI)
    window = screen(timezone_id="Asia/Kathmandu").sign_in(OFFICER)
    window.page.goto(page.format(live.world.agreement))
    times = window.page.locator("time[data-beside]")
    assert times.count() > 0
    for one in times.all():
        expect(one).to_contain_text("your time)")


def test_where_the_clock_shows_utc_it_is_told_once(screen: Screens, live: LiveServer):
    window = screen(timezone_id="UTC")
    window.page.goto("/record/")
    expect(window.page.locator("time")).to_have_count(1)
    expect(window.page.locator("time")).not_to_contain_text("(")


def test_without_scripts_utc_stands_alone(screen: Screens, live: LiveServer):
    window = screen(timezone_id="Asia/Shanghai", java_script_enabled=False)
    window.page.goto("/record/")
    assert window.page.locator("time").inner_text().endswith(" UTC")


def test_a_university_signs_by_its_own_clock_whoever_looks(screen: Screens, live: LiveServer):
    live.world.sign(SOMCHAI)
    window = screen(timezone_id="America/Lima")
    window.page.goto(f"/status/{live.world.agreement}")
    expect(window.page.get_by_role("row", name=SOMCHAI.university.name if SOMCHAI.university else "")).to_contain_text(
        "(Bangkok; "
    )
    expect(window.page.locator("table time")).not_to_contain_text("your time")


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Asia/Shanghai", "x UTC (12 Apr, 04:00 your time)"),
        ("Europe/Minsk", "x UTC (23:00 your time)"),
        ("Africa/Accra", "x UTC"),
    ],
)
def test_the_day_is_told_only_where_it_is_another_one(screen: Screens, zone: str, told: str):
    window = screen(timezone_id=zone)
    window.page.goto("/record/")
    assert window.page.evaluate(BESIDE, ["en", "x UTC", "2025-04-11T20:00:00Z"]) == told
