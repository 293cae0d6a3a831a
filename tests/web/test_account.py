"""Signing in and out, and invitations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from signing_service.store import people
from signing_service.workflow.enrolment import invite
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.withdrawal import withdraw
from tests.cast import LIN, NANJING, OFFICER, PASSWORD, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]


def test_a_representative_signs_in_and_sees_the_agreements(visit: Visit, world: World):
    page = visit(LIN).get("/", follow_redirects=True)
    assert page.request.path == "/agreements/"
    assert "Test Agreement" in page.text


def test_an_officer_signs_in_and_sees_the_dashboard(visit: Visit, world: World):
    assert visit(OFFICER).get("/", follow_redirects=True).request.path == "/secretariat/"


@pytest.mark.parametrize(("email", "password"), [(LIN.email, "not the password"), ("nobody@example.org", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_are_told_the_same(anybody: Visitor, email: str, password: str):
    anybody.get("/sign-in")
    answer = anybody.submit("/sign-in", email=email, password=password)
    assert answer.status_code == 403
    assert "The e-mail address, the password or the code is wrong." in answer.text


def test_a_form_that_is_not_filled_in_says_what_is_missing(anybody: Visitor):
    anybody.get("/sign-in")
    answer = anybody.submit("/sign-in", email="", password="")
    assert "Type your e-mail address." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_after_ten_wrong_passwords_an_account_is_closed_for_a_while_and_others_are_not(
    anybody: Visitor, visit: Visit, world: World
):
    anybody.get("/sign-in")
    for _ in range(10):
        assert anybody.submit("/sign-in", email=LIN.email, password="guess").status_code == 403
    assert anybody.submit("/sign-in", email=LIN.email.upper(), password=PASSWORD).status_code == 429
    visit(SOMCHAI)
    world.clock.forward(minutes=16)
    visit(LIN)


ELSEWHERE = ["//evil.example/", "https://evil.example/", "/\\evil.example", "\n//evil.example", "/\t\\evil.example/"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_to_no_other_site(anybody: Visitor, target: str):
    anybody.get("/sign-in", query_string={"next": target})
    answer = anybody.submit("/sign-in", email=LIN.email, password=PASSWORD, next=target)
    assert answer.headers["Location"] == "/"


def test_who_must_sign_in_first_comes_back_to_the_same_page(anybody: Visitor, world: World):
    path = f"/agreements/{world.agreement}/?text=en"
    answer = anybody.get(path, follow_redirects=True)
    assert answer.request.path == "/sign-in"
    answer = anybody.submit("/sign-in", email=LIN.email, password=PASSWORD, next=path)
    assert answer.headers["Location"] == path


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(visit: Visit, world: World):
    lin = visit(LIN)
    cookie = lin.client.get_cookie("__Host-session", domain="sign.example.org")
    assert cookie is not None
    lin.submit("/sign-out")
    lin.client.set_cookie("__Host-session", cookie.value, domain="sign.example.org", secure=True)
    assert lin.get("/agreements/").status_code == 302


def test_a_session_ends_after_an_idle_hour(visit: Visit, world: World):
    lin = visit(LIN)
    world.clock.forward(minutes=59)
    assert lin.get("/agreements/").status_code == 200
    world.clock.forward(minutes=61)
    assert lin.get("/agreements/").headers["Location"].startswith("/sign-in?next=")
    answer = lin.get("/api/session")
    assert answer.status_code == 401
    assert answer.json["error"] == "you are signed out"


def test_signing_in_begins_a_new_session_with_a_new_token(anybody: Visitor):
    anybody.get("/sign-in")
    before = anybody.csrf
    anybody.sign_in(LIN)
    assert anybody.csrf != before


def open_and_accept(visitor: Visitor, token: str, **extra: str):
    visitor.get("/invitation")
    opened = visitor.post("/api/invitations/open", {"token": token})
    return opened, visitor.post("/api/invitations/accept", {"token": token, **extra})


def test_signing_in_over_a_living_session_ends_that_one_for_every_copy_of_its_cookie(
    anybody: Visitor, visit: Visit, app: Flask, world: World
):
    anybody.sign_in(SOMCHAI)
    elsewhere, copy = visit(SOMCHAI), Visitor(app)
    cookie = anybody.client.get_cookie("__Host-session", domain="sign.example.org")
    assert cookie is not None
    copy.client.set_cookie("__Host-session", cookie.value, domain="sign.example.org", secure=True)
    assert copy.get("/agreements/").status_code == 200
    anybody.get("/prove")  # a page with a form
    assert anybody.submit("/sign-in", email=LIN.email, password=PASSWORD).status_code == 302
    assert copy.get("/agreements/").status_code == 302
    assert LIN.name in anybody.get("/agreements/").text
    assert elsewhere.get("/agreements/").status_code == 200, "his other browser stays signed in"


def test_an_invitation_says_whom_it_is_for_and_signs_them_in(anybody: Visitor, world: World):
    link = invite(world.service, world.officer, world.ids[LIN])
    opened, accepted = open_and_accept(anybody, link.partition("#")[2])
    assert opened.json["person"] == LIN.name
    assert opened.json["roles"][0]["party"] == NANJING.name
    assert opened.json["needs_password"] is False
    assert accepted.json == {"next": f"/agreements/{world.agreement}/"}
    assert anybody.get(accepted.json["next"]).status_code == 200


def test_an_invitation_names_the_agreement_by_number_and_one_that_is_over_not_at_all(app: Flask, world: World):
    links = [invite(world.service, world.officer, world.ids[person]) for person in (LIN, SOMCHAI)]
    tokens = [link.partition("#")[2] for link in links]
    opened, _ = open_and_accept(Visitor(app), tokens[0])
    assert opened.json["roles"][0]["number"] == "TEST/1 · version 1.0"
    assert opened.json["nothing_waits"] is False
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    somchai = Visitor(app)
    opened, accepted = open_and_accept(somchai, tokens[1])
    assert (opened.json["roles"], opened.json["nothing_waits"]) == ([], True)
    assert accepted.json == {"next": "/"}
    listed = somchai.get("/agreements/").text
    assert "you did not sign" in listed
    assert "your signature is awaited" not in listed


def test_an_invitation_works_once(app, world: World):
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    open_and_accept(Visitor(app), token)
    opened, accepted = open_and_accept(Visitor(app), token)
    assert (opened.status_code, accepted.status_code) == (403, 403)
    assert opened.json["error"]


def test_an_unknown_token_is_refused_with_a_hint(anybody: Visitor, world: World):
    opened, _ = open_and_accept(anybody, "x" * 43)
    assert opened.status_code == 403
    assert opened.json["hint"]


def test_the_token_is_in_no_address_that_a_server_would_log(world: World):
    path, _, token = invite(world.service, world.officer, world.ids[LIN]).partition("#")
    assert path == "https://sign.example.org/invitation"
    assert len(token) == 43


def test_who_opens_a_used_link_while_signed_in_is_told_so_and_led_on(app: Flask, world: World):
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    lin = Visitor(app)
    open_and_accept(lin, token)
    lin.get("/invitation")
    assert lin.post("/api/invitations/open", {"token": token}).json == {"signed_in": True}
    somchai = Visitor(app).sign_in(SOMCHAI)
    somchai.get("/invitation")
    assert somchai.post("/api/invitations/open", {"token": token}).status_code == 403, "it is not his"


def test_an_invitation_opens_in_the_language_of_its_person_unless_another_was_chosen_by_hand(app: Flask, world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "th"
    link = invite(world.service, world.officer, world.ids[LIN])
    path, _, token = link.removeprefix("https://sign.example.org").partition("#")
    assert path == "/invitation?language=th"
    browser = {"Accept-Language": "ru"}
    anybody = Visitor(app)
    assert '<html lang="th">' in anybody.get(path, headers=browser).text
    assert '<html lang="ru">' in anybody.get("/invitation", headers=browser).text
    anybody.get("/language/zh")
    assert '<html lang="zh">' in anybody.get(path, headers=browser).text
    assert '<html lang="en">' in Visitor(app).get("/invitation?language=km").text, "a draft is only chosen by hand"
    assert token


def test_a_link_s_language_stays_that_of_mails_after_it_was_opened(app: Flask, world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "th"
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    lin = Visitor(app)
    lin.get("/invitation?language=th")
    lin.post("/api/invitations/accept?language=th", {"token": token}, **{"Accept-Language": "ru"})
    assert '<html lang="th">' in lin.get("/account/", headers={"Accept-Language": "ru"}).text


def test_an_easy_password_is_refused_with_the_reason_and_the_link_still_works(app: Flask, world: World):
    person = add_person(world.service, world.officer, NewPerson("Achara Suwan", "achara@mekong.example"))
    token = invite(world.service, world.officer, person).partition("#")[2]
    for password in ("aaaaaaaaaaaa", "password1234", "achara@mekong.example"):
        _, accepted = open_and_accept(Visitor(app), token, password=password)
        assert accepted.status_code == 400
        assert accepted.json["error"].startswith("this password is easy to guess")
        assert accepted.json["hint"]
    _, accepted = open_and_accept(Visitor(app), token, password="violet harbour tram ladder")
    assert accepted.status_code == 200


def test_who_is_asked_for_a_proof_and_is_somebody_else_can_sign_the_other_out(
    visit: Callable[..., Visitor], world: World
):
    lin = visit(LIN)
    world.clock.forward(minutes=16)
    page = lin.get("/prove").text
    assert f"No, I am not {LIN.name}" in page
    assert f"Sign out {LIN.name}" in page
    assert 'action="/sign-out"' in page
