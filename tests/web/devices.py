"""Windows with an authenticator: a virtual one that says yes, as a person's own phone would after a touch."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import CDPSession, expect

from signing_service.ceremony.authenticator import Authenticator
from tests.web.screen import Screen

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

_COUNT = """
addEventListener('click', (event) => {
  if (event.isTrusted && event.target.matches('a, button, input')) {
    sessionStorage.setItem('actions', Number(sessionStorage.getItem('actions') ?? 0) + 1);
  }
}, true);
"""  # a click on a label is told again for its input, so labels do not count


def with_device(screen: Screen) -> Screen:
    """Give the window an authenticator that always says yes."""
    devtools = screen.context.new_cdp_session(screen.page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return screen


class Socket:
    """Where security keys are plugged into a shared device, one at a time."""

    def __init__(self, screen: Screen) -> None:
        self._devtools: CDPSession = screen.context.new_cdp_session(screen.page)
        self._devtools.send("WebAuthn.enable")
        self._plugged = ""

    def plug_in(self, key: Authenticator) -> None:
        """Put this key in place of the one before: Chromium's authenticator with the very same credentials."""
        self.pull_out()
        options = {**DEVICE, "transport": "usb", "hasResidentKey": False}
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._plugged = added["authenticatorId"]
        for passkey in key.passkeys:
            private = passkey.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            credential = {
                "credentialId": base64.b64encode(passkey.id).decode(),
                "isResidentCredential": False,
                "rpId": passkey.relying_party_id,
                "privateKey": base64.b64encode(private).decode(),
                "signCount": passkey.count,
            }
            given = {"authenticatorId": self._plugged, "credential": credential}
            self._devtools.send("WebAuthn.addCredential", given)

    def pull_out(self) -> None:
        if self._plugged:
            self._devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._plugged})
            self._plugged = ""


def counting_actions(screen: Screen) -> Screen:
    """Count what the person presses in this window from now on."""
    screen.context.add_init_script(_COUNT)
    return screen


def actions(screen: Screen) -> int:
    """How often the person pressed something in this tab."""
    return int(screen.page.evaluate("Number(sessionStorage.getItem('actions') ?? 0)"))


def make_officers_passkey(officer: Screen) -> Screen:
    officer.page.goto("/passkeys/")
    officer.page.get_by_role("button", name="Make an officer's passkey").click()
    expect(officer.page.get_by_text("in the trust file", exact=True)).to_be_visible()
    return officer


def enrol(person: Screen) -> str:
    """Make both passkeys on the page for it; give the code on the screen."""
    person.page.get_by_role("button", name="Make the sign-in passkey").click()
    person.page.get_by_role("button", name="Make the approval passkey").click()
    code = person.page.locator("[data-code]")
    expect(code).to_be_visible()
    expect(person.page.locator("[data-elsewhere]")).to_be_hidden()
    return code.inner_text()


def approve(person: Screen) -> Screen:
    """Agree, and let the passkey approve."""
    stage = person.stage("approve")
    stage.get_by_role("checkbox").check()
    expect(stage.get_by_label("Your password")).to_be_hidden()
    stage.locator("button.primary").click()
    return person
