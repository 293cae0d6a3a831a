"""Officers come and go through the pages, each change signed by a passkey in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from signing_service.evidence.succession import verify_succession
from signing_service.evidence.trust import parse_trust_file
from signing_service.store.tables import Person
from signing_service.workflow.download import trust_file
from tests.cast import OFFICER, SECOND_OFFICER
from tests.web.conftest import LiveServer
from tests.web.devices import with_device
from tests.web.screen import Screen
from tests.workflow.world import World

Screens = Callable[..., Screen]


@pytest.fixture
def world(live: LiveServer) -> World:
    return live.world


@pytest.fixture
def mei(screen: Screens, world: World) -> Screen:
    """The lead officer, whose passkey is in the trust file."""
    mei = with_device(screen()).sign_in(OFFICER)
    mei.page.goto("/passkeys/")
    mei.page.get_by_role("button", name="Make an officer's passkey").click()
    expect(mei.page.get_by_text("in the trust file", exact=True)).to_be_visible()
    return mei


def give_password(world: World, email: str) -> None:
    with world.service.database.begin() as session:
        known = session.scalar(select(Person.password_hash).where(Person.id == world.officer))
        session.execute(update(Person).where(Person.email == email).values(password_hash=known))


def add_on_page(page: Page) -> None:
    page.goto("/secretariat/officers/")
    page.get_by_label("Name in Latin letters").fill(SECOND_OFFICER.name)
    page.get_by_label("E-mail address").fill(SECOND_OFFICER.email)
    page.get_by_role("button", name="Add and invite").click()
    expect(page.get_by_text("is added, and invited")).to_be_visible()


def ruslan(world: World) -> str:
    with world.service.database.read() as session:
        return str(session.scalar(select(Person.id).where(Person.email == SECOND_OFFICER.email)))


def test_an_officer_is_added_signed_in_and_leaves_through_the_pages(screen: Screens, mei: Screen, world: World):
    add_on_page(mei.page)
    give_password(world, SECOND_OFFICER.email)
    window = with_device(screen()).sign_in(SECOND_OFFICER)
    window.page.goto("/passkeys/")
    window.page.get_by_role("button", name="Make an officer's passkey").click()
    code = window.page.locator("[data-code]")
    expect(code).to_have_text(re.compile("^[A-Z2-7 ]{19}$"))

    before = trust_file(world.service)
    mei.page.goto("/secretariat/passkeys/")
    expect(mei.page.locator("[data-code]")).to_have_text(code.inner_text())
    mei.page.get_by_role("button", name="The codes are the same: sign in").click()
    expect(mei.page.get_by_text("Fingerprint of the new trust file")).to_be_visible()
    between = trust_file(world.service)
    verify_succession(before, between)

    mei.page.goto("/secretariat/officers/")
    row = mei.page.locator(f'[data-officer="{ruslan(world)}"]')
    expect(row).to_contain_text("in the trust file")
    row.get_by_text("Change").click()
    row.get_by_role("button", name="Let them leave").click()
    expect(mei.page.get_by_text("The officer has left.")).to_be_visible()
    after = trust_file(world.service)
    verify_succession(between, after)
    left = parse_trust_file(after).officer(ruslan(world))
    assert left is not None
    assert left.until is not None


def test_the_page_signs_no_trust_file_but_the_present_one_with_that_officers_end(mei: Screen, world: World):
    present = trust_file(world.service)
    mei.page.goto("/secretariat/officers/")
    page = mei.page
    page.evaluate(
        """async (leaving) => {
          const { endsExactly } = await import("/static/passkeys/succession.js");
          const present = new Uint8Array(await (await fetch("/trust.json")).arrayBuffer());
          const file = JSON.parse(new TextDecoder().decode(present));
          const digest = await crypto.subtle.digest("SHA-256", present);
          const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
          const until = new Date().toISOString().replace(/\\.\\d+/, "");
          file.officers = file.officers.map((one) => (one.id === leaving ? { ...one, until } : one));
          file.predecessor = { sha256: hex, signature: "" };
          window.verdicts = [await endsExactly(file, present, leaving, new Date())];
          for (const change of [{ web_origin: "https://sign.example.com" }, { officers: [] }]) {
            window.verdicts.push(await endsExactly({ ...file, ...change }, present, leaving, new Date()));
          }
          window.verdicts.push(await endsExactly(file, present, "somebody-else", new Date()));
        }""",
        world.officer,
    )
    assert page.evaluate("window.verdicts") == [True, False, False, False]
    assert trust_file(world.service) == present
