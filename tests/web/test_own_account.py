"""The pages of one's own account, and an officer's page on how a person signs in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pyotp
import pytest
from flask import Flask
from sqlalchemy import update

from signing_service.settings import Settings
from signing_service.store import outbox
from signing_service.store.tables import Person
from signing_service.web.app import create_app
from signing_service.workflow.approval_keys import confirmed_signers
from signing_service.workflow.codes import codes_of
from signing_service.workflow.oidc import RelyingParty
from signing_service.workflow.providers import Provider
from tests.cast import LIN, OFFICER, PASSWORD, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World

Visit = Callable[..., Visitor]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def strict(world: World) -> Flask:
    """The application of a service where a password needs a code."""
    settings: Settings = replace(world.service.settings, password_needs_code=True)
    app = create_app(replace(world.service, settings=settings))
    app.testing = True
    return app


def secret_on(page: str) -> str:
    """The seed as the page shows it for typing."""
    shown = re.search(r'secret-text">([A-Z2-7 ]+)<', page)
    assert shown is not None
    return shown[1].replace(" ", "")


def set_up(visitor: Visitor, world: World) -> pyotp.TOTP:
    """Follow the page: show the code, type what the app says."""
    visitor.get("/account/codes/")
    assert visitor.submit("/account/codes/begin").status_code == 303
    page = visitor.get("/account/codes/")
    assert "<svg" in page.text
    app = pyotp.TOTP(secret_on(page.text))
    answer = visitor.submit("/account/codes/confirm", code=app.at(world.clock.now))
    assert answer.status_code == 303, answer.text
    world.clock.forward(minutes=1)
    return app


def test_a_password_alone_leads_to_setting_up_a_second_factor_and_nowhere_else(strict: Flask, world: World):
    lin = Visitor(strict).sign_in(LIN)
    for path in ("/agreements/", f"/agreements/{world.agreement}/", "/account/"):
        answer = lin.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/account/codes/"), path
    refused = lin.post(f"/api/agreements/{world.agreement}/attempts", {})
    assert refused.status_code == 403
    assert "password alone" in refused.json["error"]
    assert "a password alone is not enough here" in lin.get("/account/codes/").text


def test_after_setting_codes_up_everything_is_open_and_the_next_sign_in_asks_for_one(strict: Flask, world: World):
    lin = Visitor(strict).sign_in(LIN)
    app = set_up(lin, world)
    assert lin.get("/agreements/").status_code == 200
    again = Visitor(strict)
    again.get("/sign-in")
    without = again.submit("/sign-in", email=LIN.email, password=PASSWORD)
    assert without.status_code == 403
    assert "The e-mail address, the password or the code is wrong." in without.text
    code = app.at(world.clock.now)
    spaced = f"{code[:3]} {code[3:]}"
    assert again.submit("/sign-in", email=LIN.email, password=PASSWORD, code=spaced).status_code == 302


def test_the_secret_is_shown_in_text_and_gone_after_the_first_code(strict: Flask, world: World):
    lin = Visitor(strict).sign_in(LIN)
    lin.submit("/account/codes/begin")
    secret = secret_on(lin.get("/account/codes/").text)
    assert lin.submit("/account/codes/confirm", code="000000").status_code == 403
    lin.submit("/account/codes/confirm", code=pyotp.TOTP(secret).at(world.clock.now))
    assert secret not in lin.get("/account/codes/").text.replace(" ", "")
    assert lin.get("/account/codes/").headers["Cache-Control"] == "no-store"


def test_who_knows_the_password_sees_no_secret_that_another_browser_shows_and_lays_none_ready(
    strict: Flask, world: World
):
    lin, thief = Visitor(strict).sign_in(LIN), Visitor(strict).sign_in(LIN)
    lin.submit("/account/codes/begin")
    secret = secret_on(lin.get("/account/codes/").text)
    assert "secret-text" not in thief.get("/account/codes/").text, "the seed that an officer would admit"
    code = pyotp.TOTP(secret).at(world.clock.now)
    assert thief.submit("/account/codes/confirm", code=code).status_code == 404
    thief.submit("/account/codes/begin")
    laid = secret_on(thief.get("/account/codes/").text)
    assert "secret-text" not in lin.get("/account/codes/").text, "a seed that the thief has kept"
    assert lin.submit("/account/codes/confirm", code=pyotp.TOTP(laid).at(world.clock.now)).status_code == 404
    assert set_up(lin, world).secret not in (secret, laid)


def test_an_officer_admits_resets_and_ends_by_the_persons_page(visit: Visit, world: World):
    lin, officer = visit(LIN), visit(OFFICER)
    set_up(lin, world)
    path = f"/secretariat/people/{world.ids[LIN]}/access/"
    page = officer.get(path).text
    check = codes_of(world.service, world.ids[LIN]).check
    assert check in page
    assert check in lin.get("/account/codes/").text
    assert officer.submit(f"{path}codes/admit", check="AAAA BBBB").status_code == 403
    assert officer.submit(f"{path}codes/admit", check=check).status_code == 303
    assert codes_of(world.service, world.ids[LIN]).state == "admitted"
    assert officer.submit(f"{path}codes/reset").status_code == 303
    assert codes_of(world.service, world.ids[LIN]).state == "none"
    assert lin.get("/agreements/").status_code == 302, "signed out everywhere"


def test_an_officer_revokes_a_lost_passkey_with_a_reason_and_the_person_is_told(visit: Visit, world: World):
    devices = Devices.in_(world)
    enrolled = devices.enrol(LIN)
    devices.confirm(enrolled)
    officer, path = visit(OFFICER), f"/secretariat/people/{world.ids[LIN]}/access/"
    assert "confirmed by the secretariat" in officer.get(path).text
    address = f"{path}passkeys/{enrolled.id}/revoke"
    assert officer.submit(address, reason="because").status_code == 400
    assert confirmed_signers(world.service, world.ids[LIN], world.agreement) == {LIN.signer}
    assert officer.submit(address, reason="lost").status_code == 303
    assert confirmed_signers(world.service, world.ids[LIN], world.agreement) == frozenset()
    assert enrolled.id not in officer.get(path).text
    with world.service.database.read() as session:
        told = [mail.subject for mail in outbox.of_agreement(session, world.agreement) if mail.recipient == LIN.email]
    assert any("Your passkey was revoked" in subject for subject in told)


def test_nobody_but_officers_sees_how_others_sign_in(visit: Visit, world: World):
    somchai = visit(SOMCHAI)
    path = f"/secretariat/people/{world.ids[LIN]}/access/"
    for answer in (somchai.get(path), somchai.submit(f"{path}codes/reset"), somchai.submit(f"{path}sessions/end")):
        assert answer.status_code == 404
    assert visit(OFFICER).get("/secretariat/people/nobody/access/").status_code == 404


def test_a_person_signs_out_a_forgotten_browser(visit: Visit, world: World):
    forgotten, here = visit(LIN), visit(LIN)
    page = here.get("/account/").text
    [other] = re.findall(r"/account/sessions/(\w{32})/end", page)
    assert here.submit(f"/account/sessions/{other}/end").status_code == 303
    assert forgotten.get("/agreements/").status_code == 302
    assert here.get("/agreements/").status_code == 200
    assert here.submit(f"/account/sessions/{other}/end").status_code == 404


def test_the_account_advises_only_what_there_is_to_do(visit: Visit, world: World):
    lin = visit(LIN)
    advice, codes = "Sign out everywhere else", "No one-time codes beside the password"
    page = lin.get("/account/").text
    assert (advice in page, codes in page) == (False, True), "signed in once, with a password"
    visit(LIN)
    with world.service.database.begin() as session:
        session.execute(update(Person).where(Person.id == world.ids[LIN]).values(password_hash=None))
    page = lin.get("/account/").text
    assert (page.count(advice), codes in page) == (2, False), "signed in twice, and no password: button and advice"


def test_a_person_signs_out_everywhere_else(visit: Visit, world: World):
    others, somchai, here = [visit(LIN), visit(LIN)], visit(SOMCHAI), visit(LIN)
    here.get("/account/")
    assert here.submit("/account/sessions/end-others").status_code == 303
    assert [one.get("/agreements/").status_code for one in (*others, here, somchai)] == [302, 302, 200, 200]


def test_another_persons_session_is_as_if_it_were_not_there(visit: Visit, world: World):
    lins, somchai = visit(LIN), visit(SOMCHAI)
    visit(LIN)
    [session_id] = re.findall(r"/account/sessions/(\w{32})/end", lins.get("/account/").text)
    somchai.get("/account/")
    assert somchai.submit(f"/account/sessions/{session_id}/end").status_code == 404


def test_the_clock_is_asked_without_moving_it(visit: Visit, world: World):
    lin = visit(LIN)
    assert lin.get("/account/clock").json["left"] == 3600
    world.clock.forward(minutes=50)
    assert lin.get("/account/clock").json["left"] == 600
    assert lin.post("/account/stay", {}).status_code == 200
    assert lin.get("/account/clock").json["left"] == 3600
    assert lin.get("/account/clock").json["longest"] == 12 * 3600 - 3000


def test_a_page_that_waits_by_itself_keeps_no_session_alive(visit: Visit, world: World):
    lin = visit(LIN)
    for _ in range(7):
        world.clock.forward(minutes=10)
        answer = lin.get(f"/api/agreements/{world.agreement}/enrolments/{LIN.signer}")
    assert answer.status_code == 401


def with_university(world: World) -> Flask:
    provider = Provider("njupt", "Nanjing", "https://login.njupt.example", "signing-service", None, None)
    app = create_app(replace(world.service, sign_on={"njupt": RelyingParty(provider, "https://sign.example.org/x")}))
    app.testing = True
    return app


def test_an_officer_connects_an_account_and_disconnects_it(world: World):
    app = with_university(world)
    officer = Visitor(app).sign_in(OFFICER)
    path = f"/secretariat/people/{world.ids[LIN]}/access/"
    officer.get(path)
    assert officer.submit(f"{path}university", provider="njupt", subject="lin-7f3a").status_code == 303
    page = officer.get(path).text
    assert "lin-7f3a" in page
    [login_id] = re.findall(r"/university/(\w+)/end", page)
    assert "Nanjing" in Visitor(app).sign_in(LIN).get("/account/").text
    assert officer.submit(f"{path}university/{login_id}/end").status_code == 303
    assert "lin-7f3a" not in officer.get(path).text


def test_the_sign_in_page_offers_the_universities_and_refuses_a_stolen_answer(world: World):
    visitor = Visitor(with_university(world))
    assert 'href="/sign-in/university/njupt?next=' in visitor.get("/sign-in").text
    assert visitor.get("/sign-in/university/nowhere").status_code == 404
    answer = visitor.get("/sign-in/university/njupt/return?code=stolen&state=guessed")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "The university&#39;s answer cannot be accepted." in visitor.get("/sign-in").text


def test_an_officer_gives_a_person_another_language_for_mails_and_pages(visit: Visit, world: World):
    officer, path = visit(OFFICER), f"/secretariat/people/{world.ids[LIN]}/access/"
    assert '<option selected value="en">' in officer.get(path).text
    assert officer.submit(f"{path}language", locale="zh").status_code in (302, 303)
    assert '<option selected value="zh">' in officer.get(path).text
    assert officer.submit(f"{path}language", locale="km").status_code == 400, "a draft is only chosen by hand"
    assert '<option selected value="zh">' in officer.get(path).text
