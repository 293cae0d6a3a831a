"""A person on a phone looks at the own signature over the whole screen, and comes back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check


def look_at_the_signature_large(person: Screen) -> None:
    """Enlarge it, make it larger by a key, turn the phone, and go back: the button has the focus again."""
    person.page.set_viewport_size({"width": 360, "height": 740})
    enlarge, large = person.stage("approve").get_by_role("button", name="Enlarge"), person.page.locator(".enlarged")
    enlarge.click()
    check(person.page, (360, "light"))
    expect(large.locator("img")).to_have_js_property("offsetWidth", 360)  # as wide as the phone: nothing is cut
    expect(large.get_by_role("button", name="Smaller")).to_be_disabled()
    person.page.keyboard.press("+")
    expect(large.locator("img")).to_have_js_property("offsetWidth", 540)
    person.page.set_viewport_size({"width": 740, "height": 360})
    expect(large.locator("img")).to_have_js_property("offsetWidth", 740)  # turned: it fits again
    person.page.set_viewport_size({"width": 360, "height": 740})
    person.page.go_back()
    expect(large).to_be_hidden()
    expect(enlarge).to_be_focused()
