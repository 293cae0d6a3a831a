"""Guests, replaced representatives and mandates out of date, as the people concerned meet them in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from signing_service.encoding import parse_canonical_json
from signing_service.store import openings
from signing_service.store.tables import Person
from signing_service.workflow import mandates
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.enrolment import invite, sign_in_link
from signing_service.workflow.mandates import Authority, give_mandate
from tests.cast import ALES, HOA, LIN, NANJING, OBSERVER, OFFICER, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.devices import approve, make_officers_passkey, with_device
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.devices import PASSKEY_RULES
from tests.workflow.world import World, source

Screens = Callable[..., Screen]


@pytest.fixture
def world(live: LiveServer) -> World:
    """Nanjing and a guest under an agreement that asks for passkeys."""
    world = live.world
    with world.service.database.begin() as session:  # has never been here
        session.execute(update(Person).where(Person.id == world.ids[HOA]).values(password_hash=None))
    agreement = create_draft(world.service, world.officer, source((NANJING, OBSERVER), PASSKEY_RULES))
    for person in (LIN, HOA):
        authority = Authority("Rector's office", world.service.clock().date())
        give_mandate(world.service, world.officer, agreement, person.signer, world.ids[person], authority)
    return replace(world, agreement=agreement).publish()


def test_a_guest_comes_by_invitation_is_confirmed_signs_and_is_reported_as_a_guest(screen: Screens, world: World):
    officer = make_officers_passkey(with_device(screen()).sign_in(OFFICER))
    guest = with_device(screen(width=390, height=800))
    guest.page.goto(invite(world.service, world.officer, world.ids[HOA]))
    expect(guest.page.get_by_text(OBSERVER.name).first).to_be_visible()
    guest.page.get_by_role("button", name="Make a passkey and continue").click()
    expect(guest.page.get_by_role("button", name="Sign out")).to_be_visible()
    guest.open_agreement(world.agreement)
    guest.page.get_by_role("link", name="Make your approval passkey").click()
    guest.page.get_by_role("button", name="Make the approval passkey").click()
    expect(guest.page.locator("[data-code]")).not_to_be_empty()

    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).to_have_text(guest.page.locator("[data-code]").inner_text())
    officer.page.get_by_label("By video").check()
    officer.page.get_by_role("button", name="The codes are the same").click()
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()

    guest.page.get_by_role("link", name="Read and sign the agreement").click()
    approve(guest.propose()).expect_signed()
    check(guest.page)
    expect(guest.page.get_by_text(OBSERVER.name).first).to_be_visible()

    officer.page.goto(f"/secretariat/agreements/{world.agreement}/")
    row = officer.page.get_by_role("row").filter(has_text=HOA.native_name)
    expect(row).to_contain_text("(guest)")
    expect(row).to_contain_text("Signed")
    officer.page.goto(f"/agreements/{world.agreement}/report.html")
    row = officer.page.get_by_role("row").filter(has_text=OBSERVER.name)
    expect(row).to_contain_text("guest: attests, and counts for no quorum")
    expect(row).to_contain_text("officer Mei Tan confirmed the passkey by video")


def test_an_officer_replaces_a_representative_with_a_reason_and_the_old_one_signs_no_more(
    screen: Screens, live: LiveServer
):
    world = live.world
    lin = screen(width=390, height=800).sign_in(LIN).open_agreement(world.agreement).propose()
    officer = screen().sign_in(OFFICER)
    officer.page.goto(f"/secretariat/agreements/{world.agreement}/representatives")
    form = officer.page.locator(f"[id='{LIN.signer}']")
    form.locator("summary").click()
    check(officer.page)
    form.get_by_label("Person").fill(ALES.email)
    form.get_by_label("Authorised by").fill("University Council")
    form.get_by_role("button", name="Save").click()
    expect(officer.page.get_by_role("main")).to_contain_text("reason")
    assert newest_mandate(world)["mandate"]["representative"]["name"] == LIN.name, "without a reason nobody is replaced"

    check(officer.page)
    expect(form.get_by_label("Why another mandate")).to_be_focused()
    expect(form.get_by_label("Person")).to_have_value(ALES.email)
    form.get_by_label("Why another mandate").fill("President Lin fell ill.")
    form.get_by_role("button", name="Save").click()
    expect(officer.page.get_by_text("The mandate is given.")).to_be_visible()
    event = newest_mandate(world)
    assert (event["mandate"]["representative"]["name"], event["reason"]) == (ALES.name, "President Lin fell ill.")
    officer.page.goto(f"/secretariat/agreements/{world.agreement}/history")
    expect(officer.page.get_by_text("President Lin fell ill.")).to_be_visible()

    lin.approve()
    expect(lin.stage("failed")).to_be_visible()
    lin.page.goto(f"/agreements/{world.agreement}/")
    expect(lin.section).to_have_count(0)
    ales = screen(width=390, height=800).sign_in(ALES).open_agreement(world.agreement)
    expect(ales.page.get_by_text(NANJING.name).first).to_be_visible()


def newest_mandate(world: World) -> dict[str, object]:
    with world.service.database.read() as session:
        found = openings.of_scope(session, world.agreement)
    events = [parse_canonical_json(one.event or b"") for one in found]
    return next(e for e in reversed(events) if e["type"] == "mandate" and e["mandate"]["party"] == NANJING.id)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [(-20, -1, "is valid from"), (1, None, "is valid from")],
    ids=["over", "not yet"],
)
def test_a_mandate_out_of_date_is_told_before_anything_is_drawn_and_signs_nothing(
    screen: Screens, live: LiveServer, monkeypatch: pytest.MonkeyPatch, first: int, last: int | None, told: str
):
    monkeypatch.setattr(mandates, "check_days", lambda *_: None)  # one that is over was given while it was not
    world = live.world
    lin = screen(width=390, height=800).sign_in(LIN).open_agreement(world.agreement).propose()  # still in date
    today = world.service.clock().date()
    until = today + timedelta(days=last) if last is not None else None
    authority = Authority("University Council", today + timedelta(days=first), until)
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority, "corrected days")
    lin.approve()
    expect(lin.stage("failed")).to_be_visible()
    lin.open_agreement(world.agreement)
    expect(lin.section).to_have_count(0)
    expect(lin.page.get_by_role("main")).to_contain_text(told)
    check(lin.page)
    somchai = screen().sign_in(SOMCHAI).open_agreement(world.agreement)
    expect(somchai.section).to_be_visible()


def test_who_is_signed_in_and_opens_a_used_link_is_led_to_the_agreements(screen: Screens, world: World):
    lin = screen(width=390, height=800).sign_in(LIN)
    lin.page.goto(f"/invitation#{'A' * 43}")
    expect(lin.page.get_by_role("heading", name="This link cannot be opened")).to_be_visible()
    expect(lin.page.get_by_role("button", name="Try again")).to_be_hidden()
    lin.page.get_by_role("link", name="To your agreements").click()
    expect(lin.page.get_by_role("heading", name="Your agreements")).to_be_visible()


def test_who_opens_somebody_elses_link_is_told_whose_it_is_before_going_on(screen: Screens, world: World):
    lin = screen(width=390, height=800).sign_in(LIN)
    lin.page.goto(sign_in_link(world.service, world.ids[SOMCHAI]))
    expect(lin.page.get_by_text(f"You are signed in as {LIN.name}, but this link is for somebody else")).to_be_visible()
    lin.page.goto("/agreements/")
    lin.page.goto(sign_in_link(world.service, world.ids[LIN]))
    expect(lin.page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(lin.page.get_by_text(f"You are signed in as {LIN.name}, but this link is for somebody else")).to_be_hidden()
