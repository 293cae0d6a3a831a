"""Fields for files: a button in the page's language, and the browser's own field for keyboards and screen readers."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import FilePayload, FloatRect, Page, expect

from tests.web.conftest import LiveServer
from tests.web.screen import Screen

Screens = Callable[..., Screen]
A_FILE = FilePayload(name="附件 evidence.zip", mimeType="application/zip", buffer=b"x")


def test_the_button_speaks_the_pages_language_and_names_what_was_chosen(screen: Screens):
    page = screen(width=360).page
    page.goto("/language/zh")
    page.goto("/verify")
    field = page.locator("[data-file]").first
    expect(field.locator(".button")).to_have_text("选择文件")
    expect(field.locator(".chosen")).to_have_text("未选择文件")
    field.locator("input").set_input_files([A_FILE])
    expect(field.locator(".chosen")).to_have_text("附件 evidence.zip")


def with_choosers_caught(page: Page) -> Page:
    """Catch them from the beginning: one that opens while the catching begins is seen by nobody."""
    page.on("filechooser", lambda _chooser: None)
    page.goto("/verify")
    return page


def test_it_is_pressed_by_hand(screen: Screens):
    page = with_choosers_caught(screen().page)
    button = page.locator("[data-file] .button").first
    expect(button).to_be_visible()
    with page.expect_file_chooser():
        page.mouse.click(*middle(button.bounding_box()))


def test_it_is_pressed_by_keyboard_and_has_the_label_as_its_name(screen: Screens):
    page = with_choosers_caught(screen().page)
    field = page.get_by_label("PDF or evidence bundle")
    expect(field).to_have_accessible_name("PDF or evidence bundle")
    field.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(field).to_be_focused()
    outline = page.locator("[data-file] .button").first.evaluate("element => getComputedStyle(element).outlineStyle")
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    assert outline == "solid", "one sees where the focus is"


def middle(box: FloatRect | None) -> tuple[float, float]:
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_without_scripts_the_browsers_own_field_is_seen(screen: Screens):
    page = screen(java_script_enabled=False).page
    page.goto("/verify")
    expect(page.locator("[data-file] .button").first).to_be_hidden()
    assert page.locator("#document").evaluate("element => getComputedStyle(element).opacity") == "1"


def test_a_command_is_copied_whole_and_the_page_says_so(screen: Screens, live: LiveServer):
    window = screen(width=360, permissions=["clipboard-read", "clipboard-write"])
    window.page.goto("/record/")
    block = window.page.locator("[data-copying]").last
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("status")).to_have_text("Copied.")
    copied = window.page.evaluate("navigator.clipboard.readText()")
    assert copied == block.locator("code").text_content()
    assert copied.startswith(f"signing-service record audit {live.url}/record/ ")
