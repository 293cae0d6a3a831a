"""A person in front of a real browser: signs in, reads, signs; complains of every error and foreign request."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests.cast import PASSWORD, Person

MOMENT = 20_000  # milliseconds that anything may take


class Screen:
    """One window with cookies of its own."""

    def __init__(
        self, chromium: Browser, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, **options: Any
    ) -> None:
        self.url = url
        self.context = chromium.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(MOMENT)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._on_console)
        self.page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        expected = "Failed to load resource" in message.text  # a refusal that the test asks for
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.complaints.append(f"a request to {request.url}")

    def close(self) -> None:
        """Close the window; fails the test if anything went wrong in it."""
        self.context.close()
        assert self.complaints == [], self.complaints

    def sign_in(self, person: Person) -> Screen:
        """By the form, without drawing its page: hundreds of times that would take minutes. Nothing is shown yet."""
        form = self.context.request.get("/sign-in").text()
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', form)
        assert token is not None
        sent = {"csrf_token": token[1], "email": person.email, "password": PASSWORD}
        answer = self.context.request.post("/sign-in", form=sent, max_redirects=0)
        assert answer.status == 302, answer.text()
        return self

    def sign_in_on_the_page(self, person: Person) -> Screen:
        """As the person does it."""
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail address").fill(person.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator("[data-sign-out]")).to_be_attached()  # on a phone the officer's stands in the menu
        return self

    def open_agreement(self, agreement: str) -> Screen:
        self.page.goto(f"/agreements/{agreement}/")
        return self

    @property
    def section(self) -> Locator:
        """Where the person signs."""
        return self.page.locator("[data-signing]")

    def stage(self, name: str) -> Locator:
        return self.section.locator(f"[data-stage={name}]")

    def propose(self) -> Screen:
        """Take the typed name, go on to the approval."""
        self.stage("mark").get_by_role("button", name="Continue").click()
        expect(self.stage("approve")).to_be_visible()
        return self

    def approve(self, password: str = PASSWORD) -> Screen:
        """Agree, type the password, press the button."""
        stage = self.stage("approve")
        stage.get_by_role("checkbox").check()
        stage.get_by_label("Your password").fill(password)
        stage.locator("button.primary").click()
        return self

    def expect_signed(self) -> Screen:
        """The receipt comes by itself, a page of its own."""
        return self._expect_page("You have signed")

    def expect_countersigned(self) -> Screen:
        return self._expect_page("The agreement is countersigned")

    def _expect_page(self, title: str) -> Screen:
        """Level 1, since the page left behind says it too for a moment: who looks then is cut off by the next page."""
        expect(self.page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=MOMENT)
        return self

    def expect_failure(self, text: str) -> Screen:
        expect(self.stage("failed")).to_be_visible()
        expect(self.stage("failed")).to_contain_text(text)
        return self

    def sign(self) -> Screen:
        return self.propose().approve().expect_signed()

    def countersign(self) -> Screen:
        return self.propose().approve().expect_countersigned()
