"""The signing table: one shared device, one person at a time, nothing left for the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from signing_service.approval import challenge_of
from signing_service.encoding import canonical_json, to_base64url
from signing_service.store import people
from signing_service.web import table_rules
from signing_service.workflow.approval_keys import own_enrolments
from tests.cast import ALES, HOA, LIN, OFFICER, PASSWORD, SOMCHAI, Person
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.world import OneTimeKey, World

Visit = Callable[..., Visitor]
IN_TURN = (LIN, SOMCHAI, ALES, HOA)


@pytest.fixture
def devices(world: World) -> Devices:
    """Everybody's own phone, enrolled and confirmed."""
    devices = Devices.in_(world)
    for person in IN_TURN:
        devices.confirm(devices.enrol(person), method="in-person")
    return devices


@pytest.fixture
def table(app: Flask) -> Visitor:
    """The shared tablet."""
    return Visitor(app)


def hand_over(table: Visitor, world: World, person: Person) -> None:
    table.sign_in(OFFICER)
    table.get("/secretariat/table/")
    answer = table.submit(f"/secretariat/table/{world.agreement}/{person.signer}")
    assert answer.status_code == 303, answer.text
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    table.get(f"/agreements/{world.agreement}/")


def approve(table: Visitor, devices: Devices, person: Person) -> int:
    attempt = table.begin(devices.world.agreement, person.signer)
    key = OneTimeKey()
    statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
    options = {**attempt["approvals"]["passkey"], "challenge": to_base64url(challenge_of(statement))}
    body = {
        "request": to_base64url(key.request),
        "statement": to_base64url(statement),
        "approval": {"passkey": devices.device(devices.world.ids[person]).get(options)},
    }
    return int(table.post(f"/api/attempts/{attempt['attempt']}/approval", body).status_code)


def finish(table: Visitor) -> None:
    answer = table.submit("/table/finish")
    assert answer.status_code == 303, answer.text
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_everybody_approves_in_turn_and_leaves_no_trace(table: Visitor, devices: Devices, world: World):
    seen: list[str] = []
    for person in IN_TURN:
        hand_over(table, world, person)
        page = table.get(f"/agreements/{world.agreement}/").text
        own = person.native_name if person is HOA else person.name  # whichever is in Latin letters
        assert f"this device is yours, {own}" in page
        assert [name for name in seen if f"yours, {name}" in page] == []
        assert approve(table, devices, person) in (200, 202)
        finish(table)
        cookies = [cookie.value for cookie in table.client._cookies.values()] if table.client._cookies else []
        seen.append(person.name)
        free = table.get("/table/").text
        assert person.name not in free
        assert all(person.name not in value for value in cookies)
        assert table.get(f"/agreements/{world.agreement}/").status_code in (302, 401)


def test_at_the_table_no_password_approves(table: Visitor, devices: Devices, world: World):
    hand_over(table, world, LIN)
    attempt = table.begin(world.agreement, LIN.signer)
    answer = table.approve(attempt, OneTimeKey(), PASSWORD)
    assert answer.status_code == 403
    assert "your own passkey" in answer.json["error"]


def test_the_officer_is_signed_out_as_the_person_comes_in(table: Visitor, devices: Devices, world: World):
    hand_over(table, world, LIN)
    assert table.get("/secretariat/people").status_code in (403, 404)
    assert approve(table, devices, LIN) == 200


def test_the_officers_passkey_approves_nothing_at_the_table(table: Visitor, devices: Devices, world: World):
    hand_over(table, world, LIN)
    devices.of[world.ids[LIN]] = devices.device(world.officer)
    attempt = table.begin(world.agreement, LIN.signer)
    key = OneTimeKey()
    statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
    answer = devices.device(world.officer).get({"challenge": to_base64url(challenge_of(statement))})
    body = {
        "request": to_base64url(key.request),
        "statement": to_base64url(statement),
        "approval": {"passkey": answer},
    }
    assert table.post(f"/api/attempts/{attempt['attempt']}/approval", body).status_code == 403


def test_what_was_approved_at_the_table_approves_nothing_else(table: Visitor, devices: Devices, world: World):
    """Whoever kept what Lin's key said sends it again: for the same attempt, her next one, the next person's."""
    hand_over(table, world, LIN)
    attempt = table.begin(world.agreement, LIN.signer)
    key = OneTimeKey()
    statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
    options = {**attempt["approvals"]["passkey"], "challenge": to_base64url(challenge_of(statement))}
    kept = {
        "request": to_base64url(key.request),
        "statement": to_base64url(statement),
        "approval": {"passkey": devices.device(world.ids[LIN]).get(options)},
    }
    another = OneTimeKey()
    for request in (another.request, b""):
        stolen = {**kept, "request": to_base64url(request)}
        assert table.post(f"/api/attempts/{attempt['attempt']}/approval", stolen).status_code in (400, 403)
    assert table.post(f"/api/attempts/{attempt['attempt']}/approval", kept).status_code == 200
    newer = table.begin(world.agreement, LIN.signer)
    assert table.post(f"/api/attempts/{newer['attempt']}/approval", kept).status_code in (403, 409)
    finish(table)

    hand_over(table, world, SOMCHAI)
    theirs = table.begin(world.agreement, SOMCHAI.signer)
    assert table.post(f"/api/attempts/{theirs['attempt']}/approval", kept).status_code == 403
    assert table.post(f"/api/attempts/{attempt['attempt']}/approval", kept).status_code in (403, 404)
    assert approve(table, devices, SOMCHAI) in (200, 202)


def test_a_table_that_is_left_alone_closes_by_itself(table: Visitor, devices: Devices, world: World):
    hand_over(table, world, LIN)
    world.clock.forward(minutes=6)
    assert table.get(f"/agreements/{world.agreement}/").status_code in (302, 401)


def test_only_an_officer_unlocks_the_table_and_not_for_themselves(visit: Visit, devices: Devices, world: World):
    somchai = visit(SOMCHAI)
    path = f"/secretariat/table/{world.agreement}/"
    assert somchai.submit(path + LIN.signer).status_code in (403, 404)
    officer = visit(OFFICER)
    officer.get("/secretariat/table/")
    for signer in ("secretariat:officer", "nobody:president"):
        assert officer.submit(path + signer).status_code == 404


BEYOND_THE_TABLE = [
    ("POST", "/api/passkeys/options", {"kind": "login"}),
    ("POST", "/api/passkeys/options", {"kind": "officer"}),
    ("POST", "/api/passkeys", {"answer": {}}),
    ("POST", "/account/codes/begin", {}),
    ("POST", "/account/codes/confirm", {}),
    ("GET", "/account/", None),
    ("GET", "/account/codes/", None),
    ("POST", "/account/sessions/end-others", {}),
    ("POST", "/prove", {}),
    ("GET", "/agreements/", None),
    ("POST", "/api/enrolments/{enrolment}/revocation", {"reason": "lost"}),
    ("POST", "/api/step-up/options", {}),
    ("POST", "/api/officers/keys", {"answer": {}}),
    ("POST", "/api/invitations/accept", {"token": "x"}),
    ("GET", "/passkeys/", None),
    ("GET", "/secretariat/", None),
    ("GET", "/secretariat/people", None),
    ("GET", "/verify", None),
    ("GET", "/sign-in", None),
]


@pytest.mark.parametrize(("method", "path", "body"), BEYOND_THE_TABLE)
def test_at_the_table_everything_beyond_signing_is_refused(
    table: Visitor, devices: Devices, world: World, method: str, path: str, body: object
):
    hand_over(table, world, LIN)
    [enrolled] = own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)
    address = path.format(enrolment=enrolled.id)
    answer = table.get(address) if method == "GET" else table.post(address, body)
    assert answer.status_code == 403
    assert "signing table" in answer.text
    assert approve(table, devices, LIN) == 200, "the passkey still stands"


@pytest.mark.parametrize(("method", "path", "body"), BEYOND_THE_TABLE)
def test_on_their_own_device_nothing_speaks_of_the_table(
    visit: Visit, devices: Devices, world: World, method: str, path: str, body: object
):
    lin = visit(LIN)
    [enrolled] = own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)
    address = path.format(enrolment=enrolled.id)
    answer = lin.get(address) if method == "GET" else lin.post(address, body)
    assert "At the signing table" not in answer.text
    assert "at the signing table" not in answer.text


def test_every_address_is_refused_at_the_table_unless_it_is_named(app: Flask):
    named = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert named >= table_rules.ALLOWED
    for endpoint in named:
        assert not table_rules.is_allowed(endpoint) or not endpoint.startswith(("secretariat.", "feeds.", "sources."))


def test_at_the_table_one_reads_and_enrols_an_approval_passkey(table: Visitor, world: World):
    devices = Devices.in_(world)
    hand_over(table, world, LIN)
    assert table.get(f"/agreements/{world.agreement}/agreement.pdf").status_code == 200
    page = table.get(f"/agreements/{world.agreement}/passkey/{LIN.signer}/")
    assert page.status_code == 200
    assert "data-revoke=" not in page.text
    options = table.post("/api/passkeys/options", {"kind": "approval"}).json["passkey"]
    answer = devices.device(world.ids[LIN]).create(options)
    body = {"signer": LIN.signer, "answer": answer}
    assert table.post(f"/api/agreements/{world.agreement}/enrolments", body).status_code == 201


def test_an_officer_for_whom_the_table_is_unlocked_is_no_officer_there(
    table: Visitor, visit: Visit, devices: Devices, world: World
):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).office = "officer"
    assert visit(LIN).get("/secretariat/people").status_code == 200, "elsewhere Lin is one"
    hand_over(table, world, LIN)
    assert table.get("/secretariat/people").status_code == 403
    assert "/secretariat/" not in table.get(f"/agreements/{world.agreement}/").text
    body = {"signer": "secretariat:officer", "mark": {"typed": "Lin"}, "consent_language": "en"}
    refused = table.post(f"/api/agreements/{world.agreement}/attempts", body)
    assert refused.status_code == 403
    assert "signing table" in refused.text
    assert approve(table, devices, LIN) == 200


def test_the_table_is_for_one_agreement_and_one_place_of_the_person(
    table: Visitor, devices: Devices, world: World
):
    elsewhere = asking_for_passkeys(world)  # Lin's other agreement
    hand_over(table, world, LIN)
    assert table.get(f"/agreements/{world.agreement}/").status_code == 200
    for path in ("", "agreement.pdf", "evidence.zip", f"passkey/{LIN.signer}/", f"decline/{LIN.signer}"):
        assert table.get(f"/agreements/{elsewhere.agreement}/{path}").status_code == 403, path
    body = {"signer": LIN.signer, "mark": {"typed": "Lin"}, "consent_language": "en"}
    assert table.post(f"/api/agreements/{elsewhere.agreement}/attempts", body).status_code == 403
    assert approve(table, devices, LIN) == 200


def test_an_attempt_of_the_same_person_on_another_agreement_is_not_continued_at_the_table(
    table: Visitor, world: World
):
    other = world.signing(SOMCHAI).attempt["attempt"]
    own = world.signing(LIN).attempt["attempt"]
    hand_over(table, world, LIN)
    body = {"request": "", "statement": "", "approval": {}}
    assert table.post(f"/api/attempts/{other}/approval", body).status_code == 403
    assert table.get(f"/api/attempts/{other}").status_code == 403
    assert table.get(f"/api/attempts/{own}").status_code == 200


def test_the_front_page_leads_the_table_to_its_one_agreement(table: Visitor, devices: Devices, world: World):
    hand_over(table, world, LIN)
    assert table.get("/").headers["Location"] == f"/agreements/{world.agreement}/"


def test_every_address_that_the_table_may_ask_is_held_to_its_agreement_or_is_everybodys(app: Flask):
    for rule in app.url_map.iter_rules():
        if table_rules.is_allowed(rule.endpoint) and not rule.endpoint.startswith(table_rules.PUBLIC):
            known = {"agreement_id", "attempt_id"} & rule.arguments
            assert known or rule.endpoint in WITHOUT_AGREEMENT, rule.endpoint


WITHOUT_AGREEMENT = {
    "static", "account.sign_out", "api.session_state", "own.clock", "own.stay", "signing_table.finish",
    "signing_table.free", "passkeys.registration_options",
}  # fmt: skip
