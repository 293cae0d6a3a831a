"""Passkeys in a real browser with a virtual authenticator: made, compared, confirmed, and used to sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import select, update

from signing_service.evidence.trust import parse_trust_file
from signing_service.store import acts
from signing_service.store.tables import LoginSession, Person
from signing_service.workflow.approval_keys import own_enrolments
from signing_service.workflow.download import trust_file
from signing_service.workflow.enrolment import invite
from signing_service.workflow.officers import add_officer
from signing_service.workflow.passkeys import own_kinds
from signing_service.workflow.people import NewPerson
from tests.cast import LIN, OFFICER, PASSWORD, SECOND_OFFICER
from tests.web.conftest import LiveServer
from tests.web.devices import actions, approve, counting_actions, enrol, make_officers_passkey, with_device
from tests.web.enlarging import look_at_the_signature_large
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.world import World

Screens = Callable[..., Screen]
TEMPLATE = "asking"
TOLD = 20_000  # milliseconds: the page asks every few seconds, and is loaded anew once it is told
CODE = r"^(?:[A-Z2-7]{4} ){3}[A-Z2-7]{4}$"


@pytest.fixture
def world(live: LiveServer) -> World:
    """Lin and Somchai under an agreement that asks for passkeys."""
    return live.world


@pytest.fixture
def officer(screen: Screens, world: World) -> Screen:
    """Mei Tan, whose passkey is in the trust file."""
    mei = with_device(screen()).sign_in(OFFICER)
    return make_officers_passkey(mei)


@pytest.fixture
def lin(screen: Screens, world: World) -> Screen:
    """Lin on her phone, on the page where she makes her passkey."""
    window = with_device(screen(width=390, height=800)).sign_in(LIN).open_agreement(world.agreement)
    expect(window.page.get_by_text("Before you sign you need an approval passkey")).to_be_visible()
    expect(window.section).to_have_count(0)
    window.page.get_by_role("link", name="Make your approval passkey").click()
    return window


def confirm(officer: Screen) -> None:
    officer.page.get_by_label("By video").check()
    officer.page.get_by_role("button", name="The codes are the same").click()


def test_a_representative_enrols_is_confirmed_and_signs_by_passkey(lin: Screen, officer: Screen, world: World):
    code = enrol(lin)
    check(lin.page)
    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).to_have_text(code)
    check(officer.page)
    confirm(officer)
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()

    expect(lin.page.get_by_role("heading", name="Confirmed: you can sign now")).to_be_visible(timeout=TOLD)
    check(lin.page)
    lin.page.get_by_role("link", name="Read and sign the agreement").click()
    lin.propose()
    look_at_the_signature_large(lin)
    approve(lin).expect_signed()

    with world.service.database.read() as session:
        signature = acts.signature(session, world.agreement, LIN.signer)
    assert signature is not None
    assert signature.assurance == "passkey"


def test_nobody_confirms_before_the_script_that_shows_the_code_has_come(lin: Screen, officer: Screen):
    code, held = enrol(lin), list[Route]()
    officer.page.route("**/page/confirmations.js", lambda route: held.append(route))
    officer.page.goto("/secretariat/passkeys/", wait_until="commit")
    button = officer.page.get_by_role("button", name="The codes are the same")
    expect(button).to_be_disabled()
    held[0].continue_()
    expect(officer.page.locator("[data-code]")).to_have_text(code)
    expect(button).to_be_enabled()


def test_a_browser_that_can_suggests_the_passkey_where_the_address_is_typed(lin: Screen):
    enrol(lin)
    lin.page.get_by_role("button", name="Sign out").click()
    lin.page.goto("/sign-in")
    expect(lin.page.get_by_role("button", name="Sign out")).to_be_visible()  # the device says yes by itself


def test_from_the_confirmed_invitation_to_the_receipt_five_actions_suffice(lin: Screen, officer: Screen, world: World):
    enrol(lin)
    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).not_to_be_empty()
    confirm(officer)
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()
    lin.page.get_by_role("button", name="Sign out").click()
    link = invite(world.service, world.officer, world.ids[LIN])

    began = monotonic()
    counting_actions(lin).page.goto(link)
    lin.page.get_by_role("button", name="Continue", exact=True).click()
    lin.page.get_by_role("link", name="Read and sign").first.click()  # she has two; of one alone it opens by itself
    expect(lin.section).to_be_visible()
    approve(lin.propose()).expect_signed()
    print(f"from the link to the receipt: {(pressed := actions(lin))} actions, {monotonic() - began:.1f} s")
    assert pressed == 5, "continue, read and sign, continue, agree, sign; the receipt comes by itself"


def test_who_comes_without_password_makes_a_passkey_on_the_invitations_own_page(
    screen: Screens, live: LiveServer, world: World
):
    with world.service.database.begin() as session:
        session.execute(update(Person).where(Person.id == world.ids[LIN]).values(password_hash=None))
    window = screen(width=360)
    window.page.goto(invite(world.service, world.officer, world.ids[LIN]))
    refuse = "() => Promise.reject(new DOMException('', 'NotAllowedError'))"
    window.page.evaluate(f"() => {{ navigator.credentials.create = {refuse} }}")
    window.page.get_by_role("button", name="Make a passkey and continue").click()
    expect(window.page.get_by_role("alert")).to_contain_text("Your device made no passkey.")
    with_device(window).page.evaluate("delete navigator.credentials.create")
    window.page.get_by_role("button", name="Make a passkey and continue").click()
    expect(window.page.get_by_role("heading", name="Your agreements")).to_be_visible()
    assert own_kinds(world.service, world.ids[LIN]) == {"login"}


def test_who_has_a_passkey_signs_in_with_it(lin: Screen):
    enrol(lin)
    lin.page.get_by_role("button", name="Sign out").click()
    lin.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false;")
    lin.page.goto("/sign-in")
    lin.page.get_by_role("button", name="Use my passkey").click()
    expect(lin.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_officers_passkey_stands_in_the_trust_file(officer: Screen, world: World):
    named = parse_trust_file(trust_file(world.service)).officer(world.officer)
    assert named is not None
    assert len(named.keys) == 1


def test_a_service_that_swaps_the_key_is_caught_by_the_persons_browser(lin: Screen, world: World):
    def swap(route: Route) -> None:
        answer = route.fetch()
        enrolled = answer.json()
        key = enrolled["key"]
        route.fulfill(response=answer, json={**enrolled, "key": key[:-4] + ("AAAA" if key[-4:] != "AAAA" else "BBBB")})

    lin.page.route("**/enrolments", swap)
    lin.page.get_by_role("button", name="Make the sign-in passkey").click()
    lin.page.get_by_role("button", name="Make the approval passkey").click()
    expect(lin.page.get_by_role("alert")).to_contain_text("another key than the one of your device")
    expect(lin.page.locator("[data-code]")).to_be_hidden()


def test_a_service_that_swaps_the_statement_is_caught_by_the_officers_browser(
    lin: Screen, officer: Screen, world: World
):
    enrol(lin)

    def swap(route: Route) -> None:
        answer = route.fetch()
        begun = answer.json()
        begun["statement"]["credential"] = "0" * 64
        route.fulfill(response=answer, json=begun)

    officer.page.goto("/secretariat/passkeys/")
    officer.page.route("**/confirmation/options", swap)
    confirm(officer)
    expect(officer.page.get_by_role("alert")).to_contain_text("something else than this page shows")
    [enrolled] = own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)
    assert enrolled.state == "waiting"


def test_an_officer_who_sees_another_code_refuses_and_the_person_is_told_what_to_do(
    lin: Screen, officer: Screen, world: World
):
    first = enrol(lin)
    officer.page.goto("/secretariat/passkeys/")
    officer.page.get_by_text("The codes differ", exact=True).click()
    officer.page.get_by_role("button", name="The codes differ: refuse").click()
    assert own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)[0].state == "waiting"
    officer.page.get_by_label("We have compared the codes, and they differ.").check()
    officer.page.get_by_role("button", name="The codes differ: refuse").click()
    expect(officer.page.get_by_text("Refused and revoked")).to_be_visible()
    expect(officer.page.locator("[data-done]")).not_to_have_class(re.compile("good"))
    expect(officer.page.get_by_role("button", name="The codes are the same")).to_be_hidden()
    expect(lin.page.get_by_text("The codes differed, so your passkey was not confirmed")).to_be_visible()
    check(lin.page, (360, "light"))
    lin.page.get_by_role("button", name="Make the approval passkey").click()
    expect(lin.page.locator("[data-code]")).to_have_text(re.compile(CODE))
    assert lin.page.locator("[data-code]").inner_text() != first
    officer.page.goto(f"/secretariat/agreements/{world.agreement}/history")
    expect(officer.page.get_by_text(f"{OFFICER.name} revoked a passkey for approvals of")).to_contain_text(
        "the codes differed"
    )


def test_what_needs_a_fresh_proof_goes_on_by_itself_after_it(lin: Screen, officer: Screen, world: World):
    enrol(lin)
    with world.service.database.begin() as session:
        session.execute(update(LoginSession).values(step_up=None))
    officer.page.goto("/secretariat/passkeys/")
    confirm(officer)
    dialog = officer.page.get_by_role("dialog", name="Is it you?")
    expect(dialog).to_be_visible()
    check(officer.page)
    dialog.get_by_label("Your password").fill("not the password")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The password is wrong.")
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    expect(officer.page.get_by_text("Confirmed; the person is told")).to_be_visible()


def test_a_lost_device_is_revoked_and_another_code_is_compared(lin: Screen, world: World):
    first = enrol(lin)
    lin.page.reload()
    lin.page.get_by_text("Device lost or replaced?").click()
    lin.page.get_by_role("button", name="Revoke my passkey").click()
    lin.page.get_by_role("button", name="Make the approval passkey").click()
    code = lin.page.locator("[data-code]")
    expect(code).to_be_visible()
    expect(code).to_have_text(re.compile(CODE))
    assert code.inner_text() != first


def test_who_has_a_passkey_and_opens_another_link_is_not_asked_to_make_a_second_one(screen: Screens, world: World):
    with world.service.database.begin() as session:
        session.execute(update(Person).where(Person.id == world.ids[LIN]).values(password_hash=None))
    lin = with_device(screen(width=390, height=800))
    for press in ("Make a passkey and continue", "Continue"):
        lin.page.goto("about:blank")
        lin.page.goto(invite(world.service, world.officer, world.ids[LIN]))
        lin.page.get_by_role("button", name=press, exact=True).click()
        expect(lin.page.get_by_role("button", name="Sign out")).to_be_visible()
        lin.page.get_by_role("button", name="Sign out").click()
    lin.page.goto(invite(world.service, world.officer, world.ids[LIN]))
    lin.page.get_by_role("button", name="My passkey is lost: choose a password").click()
    lin.page.get_by_label("Choose a password").fill("another sentence that is long enough")
    check(lin.page)
    lin.page.get_by_role("button", name="Continue", exact=True).click()
    expect(lin.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_browser_that_did_not_see_the_key_made_shows_no_code(lin: Screen, world: World):
    """The service could show any key there: the person would read out the code of somebody else's."""
    enrol(lin)
    lin.page.evaluate("localStorage.clear()")  # as in every other browser
    lin.page.reload()
    expect(lin.page.get_by_text("Your passkey was made in another browser")).to_be_visible()
    check(lin.page, (360, "light"))
    expect(lin.page.locator("[data-code]")).to_be_hidden()
    expect(lin.page.locator("[data-code]")).to_be_empty()


def test_an_officers_code_is_shown_only_where_the_passkey_was_made(screen: Screens, officer: Screen, world: World):
    named = NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email)
    add_officer(world.service, world.officer, named)
    with world.service.database.begin() as session:
        known = session.scalar(select(Person.password_hash).where(Person.id == world.officer))
        session.execute(update(Person).where(Person.email == SECOND_OFFICER.email).values(password_hash=known))
    ruslan = with_device(screen()).sign_in(SECOND_OFFICER)
    ruslan.page.goto("/passkeys/")
    ruslan.page.get_by_role("button", name="Make an officer's passkey").click()
    code = ruslan.page.locator("[data-code]")
    expect(code).to_have_text(re.compile(CODE))
    officer.page.goto("/secretariat/passkeys/")
    expect(officer.page.locator("[data-code]")).to_have_text(code.inner_text())
    ruslan.page.evaluate("localStorage.clear()")
    ruslan.page.reload()
    expect(ruslan.page.get_by_text("only that one can show its code")).to_be_visible()
    expect(code).to_be_empty()


def test_a_representative_declines_by_passkey(lin: Screen, officer: Screen, world: World):
    enrol(lin)
    officer.page.goto("/secretariat/passkeys/")
    confirm(officer)
    expect(lin.page.get_by_role("heading", name="Confirmed: you can sign now")).to_be_visible(timeout=TOLD)
    lin.page.goto(f"/agreements/{world.agreement}/decline/{LIN.signer}")
    lin.page.get_by_label("Your reason").fill("The senate\nvoted  no.")
    lin.page.get_by_role("button", name="Decline with my passkey").click()
    expect(lin.page.get_by_text("You have declined to sign")).to_be_visible()
    with world.service.database.read() as session:
        [refusal] = acts.summary(session, world.agreement)
    assert refusal.reason == "The senate voted no."
