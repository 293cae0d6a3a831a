"""The endpoints that the signing script asks: the whole way, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signing_service.encoding import canonical_json, from_base64url, to_base64url
from signing_service.errors import TimestampError
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import OneTimeKey, World

Visit = Callable[..., Visitor]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def lin(visit: Visit, world: World) -> Visitor:
    return visit(LIN)


def signature_for(prepared: dict[str, Any], key: OneTimeKey) -> dict[str, Any]:
    signature = to_base64url(key.sign(from_base64url(prepared["signed_attributes"])))
    return {"signature": signature, "revision": prepared["revision"]}


def test_a_signature_goes_from_the_attempt_to_a_receipt_that_verifies(lin: Visitor, world: World):
    key = OneTimeKey()
    attempt = lin.begin(world.agreement, LIN.signer)
    assert from_base64url(attempt["preview"]).startswith(b"\xff\xd8\xff")
    prepared = lin.approve(attempt, key).json["prepared"]
    path = f"/api/attempts/{attempt['attempt']}"
    assert lin.get(path).json == {"state": "approved"}
    answer = lin.post(f"{path}/signature", signature_for(prepared, key))
    verify_receipt(parse_receipt(canonical_json(answer.json["receipt"])), world.service.trust)
    assert lin.get(answer.json["receipt_url"]).status_code == 200
    assert lin.get(path).json["state"] == "complete"


def test_a_completed_signature_sent_again_gives_the_same_receipt(lin: Visitor, world: World):
    key = OneTimeKey()
    attempt = lin.begin(world.agreement, LIN.signer)
    body = signature_for(lin.approve(attempt, key).json["prepared"], key)
    path = f"/api/attempts/{attempt['attempt']}/signature"
    assert lin.post(path, body).json == lin.post(path, body).json


def overtaken(lin: Visitor, world: World, key: OneTimeKey) -> tuple[str, dict[str, Any]]:
    """Where Lin's signature goes and what was prepared for it, before Somchai signed first."""
    attempt = lin.begin(world.agreement, LIN.signer)
    prepared = lin.approve(attempt, key).json["prepared"]
    world.clock.forward(seconds=11)  # Lin's turn in the queue is over
    world.sign(SOMCHAI)
    return f"/api/attempts/{attempt['attempt']}/signature", prepared


def test_who_comes_second_is_given_a_new_preparation_for_the_same_key(lin: Visitor, world: World):
    key = OneTimeKey()
    path, prepared = overtaken(lin, world, key)
    answer = lin.post(path, signature_for(prepared, key))
    assert answer.status_code == 409
    again = answer.json["prepared"]
    assert (again["revision"], again["certificate"]) == (2, prepared["certificate"])
    assert lin.post(path, signature_for(again, key)).status_code == 200


def test_who_is_prepared_anew_gets_the_others_signature_along(lin: Visitor, world: World):
    key = OneTimeKey()
    path, prepared = overtaken(lin, world, key)
    have = prepared["base_length"]
    again = lin.post(path, {**signature_for(prepared, key), "have": have}).json["prepared"]
    document = lin.get(f"/agreements/{world.agreement}/revisions/1.pdf").data
    assert again["base_end"] == {"start": have, "bytes": to_base64url(document[have:])}
    assert "base_end" not in lin.post(path, signature_for(prepared, key)).json["prepared"]


@pytest.mark.parametrize("have", [-1, 1 << 41, True, "12", 1.5, []])
def test_a_bad_count_of_bytes_is_refused(lin: Visitor, world: World, have: object):
    answer = lin.post("/api/attempts/nothing/signature", {"signature": "", "revision": 1, "have": have})
    assert (answer.status_code, answer.json["error"]) == (400, "have is not a number of bytes")


def test_who_is_not_at_the_head_of_the_queue_is_told_the_place(lin: Visitor, visit: Visit, world: World):
    lin.approve(lin.begin(world.agreement, LIN.signer), OneTimeKey())
    somchai = visit(SOMCHAI)
    answer = somchai.approve(somchai.begin(world.agreement, SOMCHAI.signer), OneTimeKey())
    assert answer.status_code == 202
    assert answer.json["waiting"] == 1
    assert answer.json["retry_after_ms"] > 0


def test_a_wrong_password_approves_nothing_and_is_counted(lin: Visitor, world: World):
    attempt = lin.begin(world.agreement, LIN.signer)
    for _ in range(10):
        assert lin.approve(attempt, OneTimeKey(), "wrong password").status_code == 403
    assert lin.approve(attempt, OneTimeKey()).status_code == 429
    assert lin.get(f"/api/attempts/{attempt['attempt']}").json == {"state": "begun"}


def test_nobody_touches_the_attempt_of_somebody_else(lin: Visitor, visit: Visit, world: World):
    attempt = lin.begin(world.agreement, LIN.signer)
    somchai = visit(SOMCHAI)
    path = f"/api/attempts/{attempt['attempt']}"
    assert somchai.get(path).status_code == 404
    assert somchai.approve(attempt, OneTimeKey()).status_code == 404
    assert somchai.post(f"{path}/signature", {"signature": "AA", "revision": 1}).status_code == 404


def test_nobody_begins_in_the_name_of_somebody_else(lin: Visitor, world: World):
    body = {"signer": SOMCHAI.signer, "mark": {"typed": "S"}, "consent_language": "en"}
    assert lin.post(f"/api/agreements/{world.agreement}/attempts", body).status_code == 404


def test_a_timestamp_that_does_not_come_signs_nothing_and_says_so(lin: Visitor, world: World, monkeypatch):
    def fail(*_: object) -> None:
        raise TimestampError("no timestamp authority answered; nothing was signed")

    key = OneTimeKey()
    attempt = lin.begin(world.agreement, LIN.signer)
    body = signature_for(lin.approve(attempt, key).json["prepared"], key)
    path = f"/api/attempts/{attempt['attempt']}/signature"
    with monkeypatch.context() as patch:
        patch.setattr("signing_service.workflow.service.first_token", fail)
        answer = lin.post(path, body)
    assert answer.status_code == 503
    assert "nothing was signed" in answer.json["error"]
    assert lin.post(path, body).status_code == 200


GOOD = {"signer": LIN.signer, "mark": {"typed": "Lin"}, "consent_language": "en"}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ([], "not a JSON object"),
        ({**GOOD, "more": 1}, "unknown member 'more'"),
        ({"signer": LIN.signer, "mark": {"typed": "Lin"}}, "lacks consent_language"),
        ({**GOOD, "signer": 7}, "signer is not a str"),
        ({**GOOD, "mark": {"image": "x"}}, "neither typed nor drawn"),
        ({**GOOD, "mark": {"strokes": [[1, 2, 3]]}}, "pairs"),
        ({**GOOD, "mark": {"strokes": [[0, 0, 1001, 0]]}}, "outside"),
        ({**GOOD, "mark": {"typed": ""}}, ""),
        ({**GOOD, "mark": {"typed": "evil \u202e name"}}, ""),
        ({**GOOD, "consent_language": "xx"}, "consent"),
    ],
)
def test_a_bad_beginning_is_refused_by_name(lin: Visitor, world: World, body: object, complaint: str):
    answer = lin.post(f"/api/agreements/{world.agreement}/attempts", body)
    assert answer.status_code in (400, 413)
    assert complaint in answer.json["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"request": "!"},
        {"request": to_base64url(b"no DER")},
        {"request": "A" * 9000},
        {"statement": to_base64url(b"{}")},
        {"approval": {}},
        {"approval": {"password": 7}},
        {"approval": {"passkey": {}}},
    ],
)
def test_a_bad_approval_is_refused_and_issues_nothing(lin: Visitor, world: World, change: dict[str, Any]):
    attempt = lin.begin(world.agreement, LIN.signer)
    key = OneTimeKey()
    statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
    body = {
        "request": to_base64url(key.request),
        "statement": to_base64url(statement),
        "approval": {"password": "a password that only the tests use"},
    }
    answer = lin.post(f"/api/attempts/{attempt['attempt']}/approval", {**body, **change})
    assert 400 <= answer.status_code < 500
    assert answer.json["error"]
    assert lin.get(f"/api/attempts/{attempt['attempt']}").json == {"state": "begun"}


@pytest.mark.parametrize("signature", ["", "AA", "A" * 86, "A" * 500, "=="])
def test_a_bad_signature_is_refused_and_stores_nothing(lin: Visitor, world: World, signature: str):
    attempt = lin.begin(world.agreement, LIN.signer)
    prepared = lin.approve(attempt, OneTimeKey()).json["prepared"]
    body = {"signature": signature, "revision": prepared["revision"]}
    answer = lin.post(f"/api/attempts/{attempt['attempt']}/signature", body)
    assert 400 <= answer.status_code < 500
    assert lin.get(f"/agreements/{world.agreement}/revisions/1.pdf").status_code == 404


def test_without_a_session_the_endpoints_answer_401_and_without_a_token_they_refuse(anybody: Visitor, world: World):
    path = f"/api/agreements/{world.agreement}/attempts"
    assert anybody.post(path, GOOD).status_code == 401
    anybody.sign_in(LIN)
    anybody.csrf = ""
    assert anybody.post(path, GOOD).status_code == 400


def test_an_officer_countersigns_by_the_same_endpoints(visit: Visit, world: World):
    for person in world.ids:
        world.sign(person)
    officer = visit(OFFICER)
    key = OneTimeKey()
    attempt = officer.begin(world.agreement, "secretariat:officer")
    assert attempt["act"] == "countersignature"
    prepared = officer.approve(attempt, key).json["prepared"]
    answer = officer.post(f"/api/attempts/{attempt['attempt']}/signature", signature_for(prepared, key))
    assert answer.json["receipt"]["event"]["type"] == "countersignature"
    assert "The agreement is countersigned" in officer.get(answer.json["receipt_url"]).text
