"""How often one may try; and that nobody's attempts are used up by somebody else."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from limits import parse

from signing_service.store.tables import OutboxMail
from signing_service.web import limits
from signing_service.workflow import passwords
from signing_service.workflow.enrolment import invite
from tests.cast import LIN, OFFICER, PASSWORD, PUBLIC_URL, SOMCHAI, Person
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_ACCOUNT", parse("2 per 15 minutes"))
    monkeypatch.setattr(limits, "PER_STRANGERS", parse("4 per 15 minutes"))
    monkeypatch.setattr(limits, "PER_ADDRESS", parse("6 per 15 minutes"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Passwords are compared as they are, and each comparison is noted."""
    compared: list[str | None] = []

    def matches(password: str, stored: str | None) -> bool:
        compared.append(stored)
        return stored is not None and password == PASSWORD

    monkeypatch.setattr("signing_service.workflow.login.password_matches", matches)
    return compared


class From(Visitor):
    """A browser at an address of its own."""

    def out_and_in(self, person: Person) -> From:
        """Sign in once, so that the browser is a known one, and out again."""
        self.sign_in(person)
        self.submit("/sign-out")
        return self

    def __init__(self, app: Flask, address: str) -> None:
        super().__init__(app)
        self.client.environ_base["REMOTE_ADDR"] = address

    def try_password(self, password: str, person: Any = LIN) -> int:
        self.get("/sign-in")
        return int(self.submit("/sign-in", email=person.email, password=password).status_code)


def test_a_stranger_at_one_address_is_stopped_and_the_person_elsewhere_is_not(app: Flask, world: World):
    stranger = From(app, "198.51.100.7")
    assert [stranger.try_password("a guess") for _ in range(3)] == [403, 403, 429]
    assert From(app, "192.0.2.1").try_password(PASSWORD) == 302


def test_strangers_everywhere_close_an_account_to_strangers_and_not_to_its_own_browsers(app: Flask, world: World):
    own = From(app, "192.0.2.1").out_and_in(LIN)
    codes = [From(app, f"198.51.100.{number}").try_password("a guess") for number in range(6)]
    assert codes == [403, 403, 403, 403, 429, 429]
    assert From(app, "192.0.2.99").try_password(PASSWORD) == 429, "a browser that has never signed in"
    assert own.try_password(PASSWORD) == 302
    assert From(app, "192.0.2.99").try_password(PASSWORD, SOMCHAI) == 302, "everybody else"


def test_a_whole_hall_behind_one_address_is_not_locked_out_by_one_in_it(app: Flask, world: World):
    hall = "203.0.113.5"
    own = From(app, hall).out_and_in(LIN)
    villain = From(app, hall)
    codes = [villain.try_password("a guess", person) for person in (SOMCHAI, OFFICER, SOMCHAI, OFFICER, LIN, LIN, LIN)]
    assert codes[-1] == 429
    assert own.try_password(PASSWORD) == 302


def test_an_own_browsers_guesses_are_limited_too(app: Flask, world: World):
    own = From(app, "192.0.2.1").out_and_in(LIN)
    assert [own.try_password("a guess") for _ in range(3)] == [403, 403, 429]


def test_the_cookie_of_a_known_browser_opens_nothing_and_cannot_be_made(app: Flask, world: World):
    own = From(app, "192.0.2.1").sign_in(LIN)
    cookie = own.client.get_cookie("__Host-device", domain="sign.example.org")
    assert cookie is not None
    assert (cookie.http_only, cookie.secure, cookie.same_site) == (True, True, "Strict")
    assert LIN.email not in cookie.value
    thief = From(app, "198.51.100.7")
    thief.client.set_cookie("__Host-device", cookie.value, domain="sign.example.org", secure=True)
    assert thief.get("/agreements/").status_code == 302
    forged = From(app, "198.51.100.8")
    forged.client.set_cookie("__Host-device", cookie.value[:-2] + "AA", domain="sign.example.org", secure=True)
    assert [forged.try_password("a guess") for _ in range(3)] == [403, 403, 429]


@pytest.mark.parametrize("email", [LIN.email, "nobody@example.org"])
def test_known_and_unknown_addresses_cost_one_comparison_and_get_the_same_answers(
    app: Flask, world: World, quick: list[str | None], email: str
):
    visitor = From(app, "198.51.100.7")
    visitor.get("/sign-in")
    answers = [visitor.submit("/sign-in", email=email, password="a guess") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert "The e-mail address, the password or the code is wrong." in answers[0].text
    assert "There were too many failed attempts." in answers[2].text
    assert len(quick) == 2, "one comparison for each, and none once the limit is reached"


def test_for_an_unknown_address_a_real_hash_is_computed(monkeypatch: pytest.MonkeyPatch):
    verified: list[str] = []

    class Noting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            raise VerifyMismatchError

        def hash(self, password: str) -> str:
            return "$argon2id$…"

    monkeypatch.setattr(passwords, "_HASHER", Noting())
    passwords._unknown_person.cache_clear()
    assert not passwords.password_matches("a guess", None)
    passwords._unknown_person.cache_clear()
    assert verified == ["$argon2id$…"]


def test_a_right_link_is_taken_however_many_wrong_ones_came_from_the_same_address(app: Flask, world: World):
    hall = "203.0.113.5"
    villain = From(app, hall)
    villain.get("/invitation")
    codes = [villain.post("/api/invitations/open", {"token": "x" * 43}).status_code for _ in range(8)]
    assert codes == [403] * 6 + [429, 429]
    token = invite(world.service, world.officer, world.ids[LIN]).partition("#")[2]
    lin = From(app, hall)
    lin.get("/invitation")
    assert lin.post("/api/invitations/open", {"token": token}).status_code == 200
    assert lin.post("/api/invitations/accept", {"token": token}).status_code == 200


def test_guesses_at_one_moment_are_no_more_than_guesses_in_turn(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
):
    """While one password is compared, the next guess comes in, in a thread of its own as in a server."""
    compared: list[str] = []
    codes: list[int] = []

    def guess() -> None:
        codes.append(From(app, "198.51.100.7").try_password("a guess"))

    def matches(password: str, stored: str | None) -> bool:
        compared.append(password)
        if len(compared) < 6:
            other = Thread(target=guess)
            other.start()
            other.join()
        return password == PASSWORD

    monkeypatch.setattr("signing_service.workflow.login.password_matches", matches)
    guess()
    assert len(compared) == 2
    assert codes == [429, 403, 403]


def test_who_comes_in_has_used_up_no_attempt(app: Flask, world: World):
    assert [From(app, "198.51.100.7").try_password(PASSWORD) for _ in range(8)] == [302] * 8
    assert [From(app, "198.51.100.7").try_password("a guess") for _ in range(3)] == [403, 403, 429]


def test_who_has_to_wait_uses_up_nothing_meanwhile(app: Flask, world: World):
    """Else one stranger would close the account to all others by going on."""
    codes = [From(app, "198.51.100.7").try_password("a guess") for _ in range(9)]
    assert codes == [403, 403] + [429] * 7
    assert From(app, "198.51.100.8").try_password("a guess") == 403
    assert From(app, "198.51.100.7").try_password("a guess", SOMCHAI) == 403, "the address has attempts left"


def test_one_persons_wrong_approvals_stop_only_them(app: Flask, world: World):
    hall = "203.0.113.5"
    lin, somchai = From(app, hall).sign_in(LIN), From(app, hall).sign_in(SOMCHAI)
    path = f"/agreements/{world.agreement}/decline/"
    codes = []
    for visitor, person in ((lin, LIN), (lin, LIN), (lin, LIN), (somchai, SOMCHAI)):
        visitor.get(path + person.signer)
        codes.append(visitor.submit(path + person.signer, reason="no", password="a guess").status_code)
    assert codes == [403, 403, 429, 403]


def test_a_stranger_cannot_choose_the_address_that_is_counted(app: Flask, world: World):
    visitor = From(app, "198.51.100.7")
    visitor.get("/sign-in")

    def forwarded(number: int) -> int:
        data = {"csrf_token": visitor.csrf, "email": LIN.email, "password": "a guess"}
        headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
        return visitor.client.post("/sign-in", base_url=PUBLIC_URL, data=data, headers=headers).status_code

    assert [forwarded(number) for number in range(3)] == [403, 403, 429]


def test_links_and_return_addresses_name_the_public_url_whatever_host_was_asked(app: Flask, world: World):
    officer = Visitor(app).sign_in(OFFICER)
    officer.get("/secretariat/people")
    data = {"csrf_token": officer.csrf, "next": "/secretariat/people"}
    officer.client.post(
        f"/secretariat/people/{world.ids[LIN]}/invite", base_url=PUBLIC_URL, data=data,
        headers={"X-Forwarded-Host": "evil.example"},
    )  # fmt: skip
    with world.service.database.read() as session:
        texts = [mail.text for mail in session.query(OutboxMail)]
    assert any(f"{PUBLIC_URL}/invitation#" in text for text in texts)
    assert not any("evil.example" in text for text in texts)
