"""The endpoints of passkeys, asked by everybody for everybody else's things: nothing leaks, nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from limits import parse
from sqlalchemy import func, select

from signing_service.store.tables.passkeys import Challenge
from signing_service.web import limits
from signing_service.workflow.approval_keys import Enrolled, own_enrolments
from tests.cast import LIN, OFFICER, PUBLIC_URL, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World

Visit = Callable[..., Visitor]


@pytest.fixture
def devices(world: World) -> Devices:
    return Devices.in_(world)


@pytest.fixture
def lins(devices: Devices) -> Enrolled:
    """Lin's passkey, waiting for an officer."""
    return devices.enrol(LIN)


OWN: list[tuple[str, str, object]] = [
    ("POST", "/api/passkeys/options", {"kind": "login"}),
    ("POST", "/api/passkeys", {"answer": {}}),
    ("POST", "/api/step-up/options", {}),
    ("POST", "/api/agreements/{agreement}/enrolments", {"signer": "njupt:president", "answer": {}}),
    ("POST", "/api/agreements/{agreement}/enrolments/again", {"signer": "njupt:president"}),
    ("GET", "/api/agreements/{agreement}/enrolments/njupt:president", None),
    ("POST", "/api/enrolments/{enrolment}/revocation", {"reason": "lost"}),
    ("GET", "/passkeys/", None),
    ("GET", "/agreements/{agreement}/passkey/njupt:president/", None),
]
OFFICERS: list[tuple[str, str, object]] = [
    ("GET", "/api/enrolments", None),
    ("POST", "/api/enrolments/{enrolment}/confirmation/options", {"method": "video"}),
    ("POST", "/api/enrolments/{enrolment}/confirmation", {"answer": {}}),
    ("POST", "/api/officers/keys", {"answer": {}}),
    ("POST", "/api/officers/keys/{enrolment}/addition", {}),
    ("POST", "/api/officers/{enrolment}/removal", {}),
    ("POST", "/api/trust-file", {"answer": {}}),
    ("GET", "/secretariat/passkeys/", None),
    ("GET", "/secretariat/table/", None),
]


def ask(visitor: Visitor, method: str, path: str, body: object, world: World, lins: Enrolled) -> int:
    address = path.format(agreement=world.agreement, enrolment=lins.id)
    answer = visitor.get(address) if method == "GET" else visitor.post(address, body)
    return int(answer.status_code)


@pytest.mark.parametrize(("method", "path", "body"), OWN + OFFICERS)
def test_nobody_who_is_not_signed_in_is_answered(
    anybody: Visitor, world: World, lins: Enrolled, method: str, path: str, body: object
):
    anybody.get("/sign-in")
    assert ask(anybody, method, path, body, world, lins) in (302, 401)


@pytest.mark.parametrize(("method", "path", "body"), OFFICERS)
def test_what_is_the_officers_is_for_officers(
    visit: Visit, world: World, lins: Enrolled, method: str, path: str, body: object
):
    assert ask(visit(SOMCHAI), method, path, body, world, lins) in (403, 404)
    assert state_of(world) == "waiting"


@pytest.mark.parametrize(("method", "path", "body"), [row for row in OWN if "{" in row[1]])
def test_somebody_elses_place_is_as_if_it_were_not_there(
    visit: Visit, world: World, lins: Enrolled, method: str, path: str, body: object
):
    assert ask(visit(SOMCHAI), method, path, body, world, lins) == 404
    assert state_of(world) == "waiting"


@pytest.mark.parametrize("body", [{}, {"answer": 7}, {"answer": {}, "more": 1}, [], None])
def test_a_malformed_request_is_refused_with_its_reason(visit: Visit, world: World, body: object):
    answer = visit(LIN).post("/api/passkeys", body)
    assert answer.status_code == 400
    assert answer.json["error"]


def test_half_a_character_is_refused_wherever_it_stands(visit: Visit, world: World):
    lin = visit(LIN)
    refusal = {"signer": LIN.signer, "reason": "no", "approval": {"password": "\ud800"}}
    for path, body in (
        (f"/api/agreements/{world.agreement}/refusal", refusal),
        ("/api/invitations/accept", {"token": "AA", "password": "\ud800"}),
    ):
        refused = lin.post(path, body)
        assert (refused.status_code, refused.json["error"]) == (400, "the request holds something that is no text")


def test_a_request_that_is_nested_too_deeply_is_refused_wherever_it_is_looked_into(visit: Visit, world: World):
    lin = visit(LIN)
    for path in (
        "/api/passkeys",  # read_object
        "/api/attempts/nobodys/approval",  # read_count before it
        "/api/passkeys/options",  # at every request, by what the signing table may ask for
        f"/api/agreements/{world.agreement}/attempts",
    ):
        for body in ("[" * 100_000, '{"answer":' * 100_000):
            headers = {"X-CSRF-Token": lin.csrf, "Content-Type": "application/json"}
            refused = lin.client.post(path, base_url=PUBLIC_URL, data=body, headers=headers)
            assert (refused.status_code, refused.json["error"]) == (400, "the request is not a JSON object"), path


@pytest.mark.parametrize("answer", [{}, {"id": "é"}, {"id": "AA", "response": {"clientDataJSON": "e30"}}])
def test_a_malformed_answer_of_a_passkey_is_refused(visit: Visit, world: World, devices: Devices, answer: object):
    lin, officer = visit(LIN), visit(OFFICER)
    for visitor, path in ((lin, "/api/passkeys"), (lin, "/api/step-up"), (officer, "/api/trust-file")):
        refused = visitor.post(path, {"answer": answer})
        assert refused.status_code in (400, 403), path
        assert refused.json["error"]
    signing_in = lin.post("/api/sign-in", {"answer": answer, "next": "/"})
    assert signing_in.status_code in (400, 403)


def test_only_the_person_or_an_officer_sees_the_enrolment(visit: Visit, world: World, lins: Enrolled):
    path = f"/api/agreements/{world.agreement}/enrolments/{LIN.signer}"
    assert visit(LIN).get(path).json["enrolments"][0]["enrolment"] == lins.id
    [seen] = visit(OFFICER).get("/api/enrolments").json["enrolments"]
    assert seen["key"] == lins.to_value()["key"]


def state_of(world: World) -> str:
    [enrolled] = own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)
    return enrolled.state


def test_who_asks_for_too_many_challenges_to_sign_in_is_asked_to_wait(
    anybody: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "QUESTIONS", parse("2 per 15 minutes"))
    anybody.get("/sign-in")
    asked = [anybody.post("/api/sign-in/options", {}).status_code for _ in range(4)]
    assert asked == [200, 200, 429, 429]
    with world.service.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Challenge)) == 2, "a refused question writes no row"
    world.clock.forward(minutes=16)
    assert anybody.post("/api/sign-in/options", {}).status_code == 200
