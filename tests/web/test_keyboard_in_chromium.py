"""A representative without a pointer: every control is reached by Tab, and pressed by Enter or the space bar."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from signing_service.store import acts
from tests.cast import LIN, OFFICER
from tests.web.conftest import LiveServer
from tests.web.devices import make_officers_passkey, with_device
from tests.web.screen import Screen

Screens = Callable[..., Screen]
TEMPLATE = "asking"  # its rules ask for passkeys
FAR = 80  # steps of Tab, more than any page has controls


def walk_to(screen: Screen, target: Locator) -> Locator:
    """Press Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(FAR):
        if target.evaluate("element => element === document.activeElement"):
            return target
        screen.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def press(screen: Screen, name: str, role: str = "button", key: str = "Enter") -> None:
    walk_to(screen, screen.page.get_by_role(role, name=name))  # type: ignore[arg-type]
    screen.page.keyboard.press(key)


def test_the_keyboard_alone_makes_a_passkey_confirms_it_and_signs_with_it(screen: Screens, live: LiveServer):
    agreement = live.world.agreement
    officer = make_officers_passkey(with_device(screen()).sign_in(OFFICER))
    lin = with_device(screen()).sign_in(LIN).open_agreement(agreement)

    press(lin, "Make your approval passkey", role="link")
    press(lin, "Make the sign-in passkey")
    press(lin, "Make the approval passkey")
    expect(lin.page.locator("[data-code]")).to_be_visible()

    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).not_to_be_empty()
    walk_to(officer, officer.page.get_by_role("radio").first)  # of one name: the arrows lead to the others
    officer.page.keyboard.press("ArrowDown")
    expect(officer.page.get_by_role("radio").nth(1)).to_be_checked()
    press(officer, "The codes are the same")
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()

    press(lin, "Read and sign the agreement", role="link")
    walk_to(lin, lin.stage("mark").get_by_role("button", name="Continue"))
    lin.page.keyboard.press("Enter")
    walk_to(lin, lin.stage("approve").get_by_role("checkbox"))
    lin.page.keyboard.press("Space")
    walk_to(lin, lin.stage("approve").locator("button.primary"))
    lin.page.keyboard.press("Enter")
    lin.expect_signed()

    with live.world.service.database.read() as session:
        signature = acts.signature(session, agreement, LIN.signer)
    assert signature is not None
    assert signature.assurance == "passkey"
