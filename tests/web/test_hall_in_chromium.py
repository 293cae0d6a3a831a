"""The hall's page in a real browser: it tells what happens by itself, as large as the projector holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from signing_service.web.presentation import hall_layout
from tests.cast import ALES, HOA, LIN, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check

Screens = Callable[..., Screen]
FITS = "document.documentElement.scrollHeight <= innerHeight"
FILL = """([total, layout]) => {
  const list = document.querySelector(".hall-parties");
  list.className = `hall-parties ${layout}`;
  while (list.children.length < total) {
    list.append(list.children[list.children.length % Math.min(4, list.children.length)].cloneNode(true));
  }
  while (list.children.length > total) list.lastElementChild.remove();
  const native = list.lastElementChild.querySelector(".native"); // signs above and below, which need tall lines
  native.lang = "my";
  native.textContent = "ဧရာဝတီနမူနာတက္ကသိုလ်";
  const style = getComputedStyle(native);
  return parseFloat(style.lineHeight) / parseFloat(style.fontSize);
}"""
SMALLEST = """() => {
  dispatchEvent(new Event("resize"));
  const all = (part) => [...document.querySelectorAll(`.hall-parties ${part}`)];
  const outside = all(":is(.native, .name)").filter((one) => one.scrollWidth > one.clientWidth);
  return [Math.min(...all(".clock").map((one) => parseFloat(getComputedStyle(one).fontSize))), outside.length];
}"""


def test_the_hall_shows_a_signature_without_being_touched(screen: Screens, live: LiveServer):
    window = screen(width=1920, height=1080)
    window.page.goto(f"/ceremony/{live.world.agreement}")
    party = window.page.locator(f"[data-signer='{SOMCHAI.signer}']")
    expect(party).to_have_attribute("data-status", "waiting")
    live.world.sign(SOMCHAI)
    expect(party).to_have_attribute("data-status", "signed")
    expect(party).to_contain_text("UTC")
    expect(party).to_contain_text("Bangkok")
    expect(window.page.locator(".signature-ring .full")).to_have_count(1)
    expect(window.page.get_by_text("1 of 4 have signed")).to_be_visible()
    check(window.page)


def test_the_halls_text_keeps_its_size_while_one_after_the_other_signs(screen: Screens, live: LiveServer):
    window = screen(width=1920, height=1080)
    window.page.goto(f"/ceremony/{live.world.agreement}")
    window.page.evaluate("document.fonts.ready.then(() => null)")
    tile = window.page.locator(f"[data-signer='{SOMCHAI.signer}']")
    size = "element => getComputedStyle(element.querySelector('.native')).fontSize"
    before = tile.evaluate(size)
    expect(tile).to_have_attribute("data-status", "waiting")
    live.world.sign(SOMCHAI)
    expect(tile).to_have_attribute("data-status", "signed")
    assert tile.evaluate(size) == before


def test_the_hall_tells_the_moment_of_completion(screen: Screens, live: LiveServer):
    for person in (SOMCHAI, ALES, HOA):
        live.world.sign(person)
    window = screen(width=1920, height=1080)
    window.page.goto(f"/ceremony/{live.world.agreement}")
    live.world.sign(LIN)
    expect(window.page.get_by_text("All required signatures are given.")).to_be_visible()
    live.world.countersign()
    expect(window.page.locator("[data-force]")).to_contain_text("in force from")
    assert window.page.evaluate(FITS), "a projector does not scroll"
    window.page.route("**/state.json", lambda route: route.abort())  # it knows of four
    for total in (2, 3, 5, 12, 13, 24, 40):
        assert window.page.evaluate(FILL, [total, hall_layout(total)]) > 1.7, "Burmese touches the next line"
        for height in (720, 1080):
            window.page.set_viewport_size({"width": height * 16 // 9, "height": height})
            window.page.evaluate(SMALLEST)
            assert window.page.evaluate(FITS), f"nor with {total} parties at {height} lines"


@pytest.mark.parametrize(("total", "lines"), [(2, 60), (3, 50), (5, 38), (12, 26), (24, 22)])
def test_when_each_party_signed_is_read_from_the_last_row_of_the_hall(
    screen: Screens, live: LiveServer, total: int, lines: int
):
    for person in (LIN, SOMCHAI, ALES, HOA):
        live.world.sign(person)
    window = screen(width=1920, height=1080)
    window.page.goto(f"/ceremony/{live.world.agreement}")
    window.page.route("**/state.json", lambda route: route.abort())  # it knows of four
    window.page.evaluate(FILL, [total, hall_layout(total)])
    window.page.evaluate("document.fonts.ready.then(() => null)")
    size, outside = window.page.evaluate(SMALLEST)
    assert size >= lines, "of the 1080 of the picture"
    assert outside == 0, "no name leaves its tile"
    assert window.page.evaluate(FITS)


def test_the_hall_survives_a_lost_connection(screen: Screens, live: LiveServer):
    window = screen(width=1920, height=1080)
    window.page.clock.install()
    window.page.goto(f"/ceremony/{live.world.agreement}")
    window.context.set_offline(True)
    for _ in range(3):
        with window.page.expect_event("requestfailed"):
            window.page.clock.fast_forward("00:20")
    expect(window.page.get_by_text("Connection lost")).to_be_visible()
    live.world.sign(SOMCHAI)
    window.context.set_offline(False)
    party = window.page.locator(f"[data-signer='{SOMCHAI.signer}']")
    expect(party).to_have_attribute("data-status", "signed")
    expect(window.page.get_by_text("Connection lost")).to_be_hidden()
