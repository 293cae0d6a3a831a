"""A real provider (npm oidc-provider) signs people in: officers decide whose account opens what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest

from signing_service.encoding import canonical_json, to_base64url
from signing_service.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.store import people
from signing_service.web.app import create_app
from signing_service.workflow import sign_on
from signing_service.workflow.login import session_person
from signing_service.workflow.oidc import ForeignAnswerError, RelyingParty
from signing_service.workflow.providers import Provider
from signing_service.workflow.service import system_clock
from tests.cast import LIN, PUBLIC_URL, SOMCHAI
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, UniversityProvider
from tests.web.visitor import Visitor
from tests.workflow.world import OneTimeKey, World

RETURN = f"{PUBLIC_URL}/sign-in/university/njupt/return"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "lin-7f3a": {"email": LIN.email, "email_verified": True, "name": "Shuyi Lin"},
    "impostor": {"email": LIN.email, "email_verified": True, "name": "Somebody else"},
    "unverified": {"email": LIN.email, "email_verified": False, "name": "Shuyi Lin"},
    "student": {"email": "student@njupt.example", "email_verified": True, "name": "A student"},
}
BROWSER = "this browser's own secret"
CLIENT = {"address": "192.0.2.7", "agent": "Firefox"}


@pytest.fixture(scope="module")
def university() -> Iterator[UniversityProvider]:
    with UniversityProvider.start(RETURN, ACCOUNTS) as provider:
        yield provider


@dataclass
class Campus:
    """The world with that provider, and another one that nobody has to answer for."""

    world: World
    university: UniversityProvider
    landed: Any = None
    """The service's answer to the last return by its pages."""

    def ask(self, browser: str = BROWSER) -> str:
        return sign_on.begin(self.world.service, "njupt", "/agreements/", browser)

    def answer(self, login: str) -> dict[str, str]:
        return self.university.sign_in(self.ask(), login)

    def finish(self, given: dict[str, str], provider: str = "njupt", browser: str = BROWSER) -> sign_on.Arrived:
        return sign_on.finish(self.world.service, provider, given, browser, **CLIENT)

    def come(self, login: str) -> sign_on.Arrived:
        return self.finish(self.answer(login))

    def expect(self, **how: str) -> None:
        sign_on.expect_login(self.world.service, self.world.officer, self.world.ids[LIN], "njupt", **how)

    def logins(self) -> list[sign_on.Login]:
        return sign_on.logins_of(self.world.service, self.world.ids[LIN])

    def confirm(self) -> None:
        [waiting] = [one for one in self.logins() if one.state == "waiting"]
        sign_on.confirm_login(self.world.service, self.world.officer, waiting.id, waiting.subject or "")


@pytest.fixture
def campus(world: World, university: UniversityProvider) -> Campus:
    """By the system's clock, which the provider goes by too."""
    world.clock.now = system_clock()
    own = Provider("njupt", "Nanjing", university.issuer, CLIENT_ID, CLIENT_SECRET, "njupt")
    other = replace(own, id="andaman", issuer=f"{university.issuer}/another", party="andaman")
    parties = {one.id: RelyingParty(one, RETURN) for one in (own, other)}
    service = replace(world.service, sign_on=parties)
    return Campus(replace(world, service=service), university)


def refused(campus: Campus, given: dict[str, str], **how: str) -> NotAllowedError:
    with pytest.raises(NotAllowedError) as error:
        campus.finish(given, **how)
    return error.value


def test_an_account_that_an_officer_named_by_its_subject_signs_in_and_proves_nothing(campus: Campus):
    campus.expect(subject="lin-7f3a")
    arrived = campus.come("lin-7f3a")
    person = session_person(campus.world.service, arrived.token)
    assert person is not None
    assert (person.name, person.fresh, person.unprotected) == (LIN.name, False, False)
    assert arrived.next_page == "/agreements/"


def test_an_expected_address_waits_until_an_officer_has_asked_the_person(campus: Campus):
    campus.expect(email=LIN.email)
    assert "waits for the secretariat" in refused(campus, campus.answer("lin-7f3a")).message
    [waiting] = campus.logins()
    assert (waiting.subject, waiting.claimed_name, waiting.state) == ("lin-7f3a", "Shuyi Lin", "waiting")
    assert "waits for the secretariat" in refused(campus, campus.answer("lin-7f3a")).message
    campus.confirm()
    assert campus.come("lin-7f3a").token


def test_a_second_account_with_the_same_address_is_not_the_persons(campus: Campus):
    campus.expect(email=LIN.email)
    refused(campus, campus.answer("lin-7f3a"))
    campus.confirm()
    assert "not connected" in refused(campus, campus.answer("impostor")).message
    assert campus.come("lin-7f3a").token


def test_an_address_that_the_university_has_not_verified_is_refused_and_binds_nothing(campus: Campus):
    campus.expect(email=LIN.email)
    assert "not verified" in refused(campus, campus.answer("unverified")).message
    assert [one.state for one in campus.logins()] == ["expected"]


def test_an_account_that_nobody_connected_opens_nothing(campus: Campus):
    assert "not connected" in refused(campus, campus.answer("student")).message


def test_a_code_and_a_state_are_good_once(campus: Campus):
    campus.expect(subject="lin-7f3a")
    given = campus.answer("lin-7f3a")
    assert campus.finish(given).token
    assert isinstance(refused(campus, given).__cause__, ForeignAnswerError)


def test_a_code_that_was_used_is_refused_under_a_fresh_state_too(campus: Campus):
    campus.expect(subject="lin-7f3a")
    used = campus.answer("lin-7f3a")
    campus.finish(used)
    fresh = campus.answer("lin-7f3a")
    assert isinstance(refused(campus, fresh | {"code": used["code"]}).__cause__, ForeignAnswerError)


def test_a_code_of_another_browser_is_refused_by_its_verifier(campus: Campus):
    campus.expect(subject="lin-7f3a")
    stolen, own = campus.answer("lin-7f3a"), campus.answer("lin-7f3a")
    assert isinstance(refused(campus, own | {"code": stolen["code"]}).__cause__, ForeignAnswerError)


@pytest.mark.parametrize("change", [{"state": "guessed"}, {"state": ""}, {"iss": "https://login.evil.example"}])
def test_an_answer_to_no_question_of_this_browser_is_refused(campus: Campus, change: dict[str, str]):
    campus.expect(subject="lin-7f3a")
    given = campus.answer("lin-7f3a")
    assert isinstance(refused(campus, given | change).__cause__, ForeignAnswerError)


def test_an_answer_in_another_browser_is_refused(campus: Campus):
    campus.expect(subject="lin-7f3a")
    given = campus.answer("lin-7f3a")
    assert isinstance(refused(campus, given, browser="another").__cause__, ForeignAnswerError)


def test_an_answer_without_its_issuer_is_refused_where_the_provider_promises_it(campus: Campus):
    campus.expect(subject="lin-7f3a")
    given = campus.answer("lin-7f3a")
    del given["iss"]
    assert isinstance(refused(campus, given).__cause__, ForeignAnswerError)


def test_an_answer_at_another_providers_address_is_refused(campus: Campus):
    campus.expect(subject="lin-7f3a")
    assert isinstance(refused(campus, campus.answer("lin-7f3a"), provider="andaman").__cause__, ForeignAnswerError)


def test_an_answer_that_comes_too_late_is_refused(campus: Campus):
    campus.expect(subject="lin-7f3a")
    given = campus.answer("lin-7f3a")
    campus.world.clock.forward(minutes=16)
    assert isinstance(refused(campus, given).__cause__, ForeignAnswerError)


def test_who_declines_at_the_university_is_told_so(campus: Campus):
    state = campus.answer("lin-7f3a")["state"]
    given = {"error": "access_denied", "state": state, "iss": campus.university.issuer}
    assert "did not sign you in" in refused(campus, given).message


def test_a_person_who_ended_is_not_signed_in(campus: Campus):
    campus.expect(subject="lin-7f3a")
    with campus.world.service.database.begin() as session:
        people.get(session, campus.world.ids[LIN]).ended = campus.world.clock.now
    assert "may not sign in" in refused(campus, campus.answer("lin-7f3a")).message


def test_a_disconnected_account_signs_nobody_in_and_its_sessions_end(campus: Campus):
    campus.expect(subject="lin-7f3a")
    arrived = campus.come("lin-7f3a")
    [own] = campus.logins()
    sign_on.end_login(campus.world.service, campus.world.officer, own.id)
    assert session_person(campus.world.service, arrived.token) is None
    assert "not connected" in refused(campus, campus.answer("lin-7f3a")).message


def test_only_officers_connect_confirm_and_disconnect(campus: Campus):
    service, somchai = campus.world.service, campus.world.ids[SOMCHAI]
    campus.expect(email=LIN.email)
    refused(campus, campus.answer("lin-7f3a"))
    [own] = campus.logins()
    with pytest.raises(NotAllowedError):
        sign_on.expect_login(service, somchai, somchai, "njupt", subject="student")
    with pytest.raises(NotAllowedError):
        sign_on.confirm_login(service, somchai, own.id, "lin-7f3a")
    with pytest.raises(NotAllowedError):
        sign_on.end_login(service, somchai, own.id)
    assert [one.state for one in campus.logins()] == ["waiting"]


def test_a_confirmation_is_for_the_account_that_was_shown(campus: Campus):
    campus.expect(email=LIN.email)
    refused(campus, campus.answer("lin-7f3a"))
    [own] = campus.logins()
    with pytest.raises(ConflictError):
        sign_on.confirm_login(campus.world.service, campus.world.officer, own.id, "impostor")


def test_an_account_is_one_persons_and_of_the_persons_own_university(campus: Campus):
    service, officer = campus.world.service, campus.world.officer
    campus.expect(subject="lin-7f3a")
    with pytest.raises(ConflictError):
        campus.expect(subject="lin-7f3a")
    with pytest.raises(NotAllowedError, match="does not act for"):
        sign_on.expect_login(service, officer, campus.world.ids[SOMCHAI], "njupt", subject="student")
    with pytest.raises(InputError):
        campus.expect(email=LIN.email, subject="lin-7f3a")
    with pytest.raises(NotFoundError):
        sign_on.expect_login(service, officer, campus.world.ids[LIN], "nowhere", subject="x")


def test_a_provider_that_changes_its_key_is_asked_for_the_new_one(campus: Campus):
    campus.expect(subject="lin-7f3a")
    campus.come("lin-7f3a")
    campus.university.rotate()
    campus.world.clock.forward(minutes=2)
    assert campus.come("lin-7f3a").token


def through_the_pages(campus: Campus, login: str, path: str = "") -> Visitor:
    """Click on the university, sign in there, come back."""
    app = create_app(campus.world.service)
    app.testing = True
    visitor = Visitor(app)
    begun = visitor.get(f"/sign-in/university/njupt?next={path or '/agreements/'}")
    assert begun.status_code == 303
    given = campus.university.sign_in(begun.headers["Location"], login)
    campus.landed = visitor.get(f"/sign-in/university/njupt/return?{urlencode(given)}")
    visitor.get("/record/")
    return visitor


def test_through_the_pages_one_comes_back_to_where_one_was_with_a_new_session(campus: Campus):
    campus.expect(subject="lin-7f3a")
    path = f"/agreements/{campus.world.agreement}/"
    lin = through_the_pages(campus, "lin-7f3a", path)
    assert (campus.landed.status_code, campus.landed.headers["Location"]) == (303, path)
    assert lin.get(path).status_code == 200
    assert "University account" in lin.get("/account/").text


def test_who_came_by_a_university_signs_nothing_by_that(campus: Campus):
    campus.expect(subject="lin-7f3a")
    lin = through_the_pages(campus, "lin-7f3a")
    attempt, key = lin.begin(campus.world.agreement, LIN.signer), OneTimeKey()
    for evidence in ({}, {"university": "lin-7f3a"}, {"password": ""}):
        statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
        body = {"request": to_base64url(key.request), "statement": to_base64url(statement), "approval": evidence}
        assert lin.post(f"/api/attempts/{attempt['attempt']}/approval", body).status_code in (400, 403)
    assert lin.approve(attempt, key).status_code == 200, "the password does"


def test_who_came_by_a_university_is_asked_for_a_proof_at_once(campus: Campus):
    service = campus.world.service
    sign_on.expect_login(service, campus.world.officer, campus.world.ids[LIN], "njupt", subject="lin-7f3a")
    lin = through_the_pages(campus, "lin-7f3a")
    answer = lin.submit("/account/codes/begin")
    assert answer.status_code == 403
    assert "Is it you?" in answer.text


def test_an_answer_leads_to_no_other_site_and_leaves_nothing_in_the_address(campus: Campus):
    campus.expect(subject="lin-7f3a")
    through_the_pages(campus, "lin-7f3a", "//evil.example/")
    assert campus.landed.headers["Location"] == "/"
    through_the_pages(campus, "student")
    assert campus.landed.headers["Location"] == "/sign-in"
