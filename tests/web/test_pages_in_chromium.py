"""Every page in a real browser: axe finds nothing, nothing is wider than a phone, nothing is asked of anybody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pyotp
import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from signing_service.store.tables import LoginSession
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.enrolment import invite
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.questions import ask
from tests.cast import ALES, HOA, LIN, OFFICER, SOMCHAI, Person
from tests.web.conftest import LiveServer
from tests.web.pages import BY_PERSON, ELSEWHERE, NO_PAGES
from tests.web.screen import Screen
from tests.workflow.world import source

Screens = Callable[..., Screen]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Theme = Literal["light", "dark"]
VIEWS: tuple[tuple[int, Theme], ...] = ((360, "light"), (1280, "dark"))
AXE = AXE_FILE_PATH.read_text()


def check(page: Page, *views: tuple[int, Theme]) -> None:
    """Fail on what axe finds, and on a page that scrolls sideways, in each view: on a phone, on a dark desktop."""
    page.wait_for_load_state("load")  # before the style sheets are there, everything has another size
    page.evaluate("document.fonts.ready.then(() => null)")
    page.evaluate(AXE)
    for width, theme in views or VIEWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        found = page.evaluate("options => axe.run(options)", {"runOnly": TAGS, "resultTypes": ["violations"]})
        problems = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]
        assert problems == [], f"{page.url} at {width} pixels, {theme}"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} scrolls sideways by {wide} of {width} pixels"


@pytest.mark.parametrize("person", BY_PERSON, ids=["public", "representative", "officer"])
def test_every_page_is_accessible_and_fits(screen: Screens, live: LiveServer, person: Person | None):
    draft = create_draft(live.world.service, live.world.officer, source())
    ask(live.world.service, live.world.ids[SOMCHAI], live.world.agreement, "May our vice-president sign?")
    window = screen()
    if person is not None:
        window.sign_in(person)
    with live.world.service.database.begin() as session:
        session.execute(update(LoginSession).values(step_up=None))  # else /prove is passed over
    for path in BY_PERSON[person]:
        window.page.goto(path.format(agreement=live.world.agreement, draft=draft, person=live.world.ids[HOA]))
        window.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        check(window.page)


def test_on_a_phone_the_officers_navigation_is_a_menu_of_one_row(screen: Screens, live: LiveServer):
    page = screen(width=360).sign_in_on_the_page(OFFICER).page
    page.goto(f"/secretariat/agreements/{live.world.agreement}/")
    page.wait_for_load_state("load")
    name, menu = page.locator(".masthead .name").bounding_box(), page.locator(".masthead .menu").bounding_box()
    assert name is not None
    assert menu is not None
    assert name["y"] < menu["y"] + menu["height"] / 2 < name["y"] + name["height"], "beside the name"
    whole = """rule => { const before = rule.offsetHeight; rule.append(document.createElement("time"), " .");
                         return rule.offsetHeight === before; }"""
    assert page.locator(".rules li").first.evaluate(whole), "a time in a rule does not tear its sentence apart"
    expect(page.get_by_role("link", name="People")).to_be_hidden()
    page.get_by_role("button", name="Menu").press("Enter")
    page.get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()


def test_no_page_is_forgotten(app: Flask):
    """Every address that answers with a page is among those that axe looks at, or is said to be looked at elsewhere."""
    adapter = app.url_map.bind("sign.example.org", url_scheme="https")
    looked_at = [path for paths in BY_PERSON.values() for path in paths if path != "/nowhere"]
    seen = {adapter.match(path.format(agreement="a" * 26, draft="b" * 26, person="c" * 26))[0] for path in looked_at}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - seen - set(NO_PAGES) - set(ELSEWHERE) == set(), "add it to tests/web/pages.py"
    assert (set(NO_PAGES) | set(ELSEWHERE)) - pages == set(), "gone"
    assert set(NO_PAGES) & seen == set()


def test_pages_after_the_countersignature_are_accessible_and_fit(screen: Screens, live: LiveServer):
    world = live.world
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    world.countersign()
    world.archive()
    window = screen().sign_in(OFFICER)
    for path in ("/secretariat/agreements/{}/", "/agreements/{}/", "/status/{}", "/ceremony/{}"):
        window.page.goto(path.format(world.agreement))
        check(window.page, (360, "light"), (1920, "dark"))
    expect(window.page.get_by_text("Countersigned by the secretariat")).to_be_visible()


def test_every_stage_of_signing_is_accessible_and_fits(screen: Screens, live: LiveServer):
    window = screen().sign_in_on_the_page(SOMCHAI).open_agreement(live.world.agreement)
    window.stage("mark").get_by_label("Draw it").check()
    check(window.page)
    window.stage("mark").get_by_label("Type my name").check()
    window.propose()
    check(window.page)
    window.approve("wrong password")
    expect(window.stage("approve").get_by_role("alert")).to_be_visible()
    check(window.page)
    window.page.route(
        "**/signature", lambda route: route.fulfill(status=503, json={"error": "no timestamp", "hint": ""})
    )
    window.approve().expect_failure("No timestamp.")
    check(window.page)
    window.page.unroute("**/signature")
    window.stage("failed").get_by_role("button", name="Try again").click()
    window.expect_signed()
    check(window.page)


def test_setting_one_time_codes_up_is_accessible_at_each_step(screen: Screens, live: LiveServer):
    window = screen().sign_in(LIN)
    window.page.goto("/account/codes/")
    window.page.get_by_role("button", name="Show the QR code").click()
    expect(window.page.get_by_role("img", name="QR code that holds the secret below")).to_be_visible()
    check(window.page)
    window.page.get_by_label("One-time code").fill("000000")
    window.page.get_by_role("button", name="Confirm").click()
    expect(window.page.get_by_role("alert")).to_contain_text("wrong or was used already")
    check(window.page)
    secret = window.page.locator(".secret-text").inner_text().replace(" ", "")
    code = pyotp.TOTP(secret).at(live.world.service.clock())
    window.page.get_by_label("One-time code").fill(code)
    window.page.get_by_role("button", name="Confirm").click()
    expect(window.page.get_by_role("heading", name="To approve signatures with them")).to_be_visible()
    check(window.page)


def test_an_invitation_leads_from_the_link_to_the_agreement(screen: Screens, live: LiveServer):
    link = invite(live.world.service, live.world.officer, live.world.ids[LIN])
    window = screen(width=360)
    window.page.goto(link)
    expect(window.page.get_by_role("heading", name=f"Welcome, {LIN.native_name}")).to_be_visible()
    check(window.page)
    window.page.get_by_role("button", name="Continue", exact=True).click()
    expect(window.section).to_be_visible()
    assert live.world.agreement in window.page.url


def test_a_link_that_its_own_person_opens_again_says_that_they_are_signed_in_and_leads_on(
    screen: Screens, live: LiveServer
):
    link = invite(live.world.service, live.world.officer, live.world.ids[LIN])
    window = screen(width=360)
    window.page.goto(link)
    window.page.get_by_role("button", name="Continue", exact=True).click()
    expect(window.section).to_be_visible()
    window.page.goto("/account/")
    window.page.goto(link)
    expect(window.page.get_by_role("heading", name="You are signed in already")).to_be_visible()
    expect(window.page.get_by_role("alert")).to_be_hidden()
    check(window.page)
    window.page.get_by_role("link", name="Go on").click()
    expect(window.page.get_by_role("heading", name="Your agreements")).to_be_visible()


def test_an_easy_password_is_refused_on_the_page_with_the_reason_and_stays_to_be_mended(
    screen: Screens, live: LiveServer
):
    service, officer = live.world.service, live.world.officer
    person = add_person(service, officer, NewPerson("Achara Suwan", "achara@mekong.example"))
    window = screen(width=360)
    window.page.goto(invite(service, officer, person))
    window.page.get_by_role("button", name="Choose a password instead").click()
    expect(window.page.get_by_text("To approve your signature it makes a second one")).to_be_hidden()
    window.page.get_by_label("Choose a password").fill("password1234")
    window.page.get_by_role("button", name="Continue", exact=True).click()
    expect(window.page.get_by_role("alert")).to_contain_text("This password is easy to guess: many people use it")
    expect(window.page.get_by_label("Choose a password")).to_have_value("password1234")
    check(window.page)


def test_a_used_invitation_says_what_to_do(screen: Screens, live: LiveServer):
    window = screen(width=360)
    window.page.goto(f"/invitation#{'x' * 43}")
    expect(window.page.get_by_role("heading", name="This link cannot be opened")).to_be_visible()
    check(window.page)


def test_an_officer_brings_in_a_draft_names_its_people_and_publishes_it(
    screen: Screens, live: LiveServer, tmp_path: Path
):
    paths = [tmp_path / name for name in source()]
    for path in paths:
        path.write_bytes(source()[path.name])
    page = screen().sign_in(OFFICER).page
    page.goto("/")
    page.get_by_role("link", name="New agreement").click()
    page.get_by_role("link", name="From files instead").click()
    page.get_by_label("agreement.toml and one Markdown file a language").set_input_files(paths)
    page.get_by_role("button", name="Bring in").click()
    expect(page.get_by_role("button", name="Seal and publish")).to_be_disabled()
    check(page)
    for person in (LIN, SOMCHAI, ALES, HOA):
        place = page.locator(f"[id='{person.signer}']")
        place.get_by_label("Person").fill(f"{person.name} · {person.email}")
        place.get_by_label("Authorised by").fill("Rector's office")
        place.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The mandate is given.")).to_be_visible()
    for words in ("I have checked the text", "It is meant to have the same number and version"):
        page.get_by_label(words).check()
    page.get_by_role("button", name="Seal and publish").click()
    expect(page.get_by_text("The agreement is sealed and published")).to_be_visible()
    check(page)


def test_a_mistake_under_one_field_leaves_the_one_beside_it_in_its_line(screen: Screens, live: LiveServer):
    page = screen().sign_in(OFFICER).page
    page.goto("/secretariat/agreements/new")
    page.get_by_label("Version").fill("1.0")
    page.get_by_role("button", name="Save the draft").last.click()
    expect(page.locator("#reference-error")).to_be_visible()
    page.wait_for_load_state("load")
    number, version = page.get_by_label("Number").bounding_box(), page.get_by_label("Version").bounding_box()
    assert number is not None
    assert version is not None
    assert version["x"] > number["x"], "beside one another"
    assert version["y"] == number["y"]


def test_the_back_button_in_the_middle_of_signing_begins_it_anew(screen: Screens, live: LiveServer):
    window = screen().sign_in(LIN)
    window.page.goto("/agreements/")
    window.open_agreement(live.world.agreement)
    window.propose()
    window.page.go_back()
    window.page.go_forward()
    expect(window.stage("mark")).to_be_visible()
    window.sign()
