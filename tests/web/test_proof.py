"""The gate before what weighs: every address that changes something has it, or says why it has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from limits import parse
from sqlalchemy import func, select

from signing_service.ceremony.authenticator import Authenticator
from signing_service.store import acts, agreements, people
from signing_service.store.tables import Base, LoginSession
from signing_service.web import limits
from signing_service.workflow.publication import look
from tests.cast import LIN, OFFICER, PASSWORD, PUBLIC_URL, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World

Visit = Callable[..., Visitor]

WITHOUT = {
    "account.prove": "it is where the proof is given",
    "account.sign_in": "it is a proof itself",
    "account.sign_out": "ends, opens nothing",
    "api.accept_invitation": "the link is what proves",
    "api.approve": "holds the passkey's or password's approval of this very act",
    "api.begin": "nothing is signed before api.approve",
    "api.complete": "continues what api.approve approved, with the one-time key",
    "api.open_invitation": "only looks",
    "api.refusal_options": "nothing is declined before api.refuse",
    "api.refuse": "holds the approval of this very act",
    "following.remind": "writes to who is awaited anyway, once a day at most",
    "own.confirm_codes": "takes the code that own.begin_codes asked for",
    "own.end": "ends, opens nothing",
    "own.end_others": "ends, opens nothing",
    "own.stay": "opens nothing",
    "own_certificate.release": "gives back what can be reserved again",
    "access.set_language": "opens and changes nothing but the language of mails",
    "own_certificate.upload": "takes the person's own signature alone, after a reservation with proof",
    "extension.extend": "holds the officer's passkey over this very statement",
    "paper.attest": "holds the officer's passkey over this very statement",
    "passkeys.confirm": "holds the officer's passkey over this very statement",
    "passkeys.enrol": "counts only once an officer has confirmed it",
    "passkeys.enrol_again": "counts only once an officer has confirmed it",
    "passkeys.registration_options": "nothing is stored before the answer comes",
    "passkeys.sign_in": "it is a proof itself",
    "passkeys.sign_in_options": "a question",
    "passkeys.step_up": "it is where the proof is given",
    "passkeys.step_up_options": "a question",
    "passkeys.succeed": "holds the officer's passkey over the whole trust file",
    "questions.answer": "writes to who asked, changes no agreement",
    "questions.own": "writes to the secretariat, changes no agreement",
    "record.timestamp": "asked by programs, without anybody signed in",
    "representative.decline": "holds the approval of this very act",
    "rules_form.edit": "changes a draft; publishing it asks",
    "drafting.correct": "makes a draft; publishing it asks",
    "drafting.edit": "changes a draft; publishing it asks",
    "drafting.new": "makes a draft; publishing it asks",
    "secretariat.correct": "makes a draft; publishing it asks",
    "secretariat.new_draft": "makes a draft; publishing it asks",
    "secretariat.replace_draft": "changes a draft; publishing it asks",
    "signing_table.finish": "ends, opens nothing",
    "sources.begin_with_specimen": "makes a draft; publishing it asks",
    "sources.authorities": "changes a draft; publishing it asks",
    "spreadsheets.look": "only looks",
    "verification.check": "anybody's, keeps nothing",
}


def gated(app: Flask) -> list[Any]:
    """The rules of addresses that ask for a proof."""
    return [rule for rule in changing(app) if getattr(app.view_functions[rule.endpoint], "needs_proof", False)]


def changing(app: Flask) -> list[Any]:
    return [rule for rule in app.url_map.iter_rules() if {"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ())]


def test_every_address_that_changes_something_asks_for_a_proof_or_says_why_not(app: Flask):
    asked = {rule.endpoint for rule in gated(app)}
    unasked = {rule.endpoint for rule in changing(app)} - asked
    assert unasked - set(WITHOUT) == set()
    assert set(WITHOUT) & asked == set()


def test_what_weighs_most_is_among_them(app: Flask):
    assert {rule.endpoint for rule in gated(app)} >= {
        "secretariat.publish", "withdrawal.withdraw", "secretariat.people", "secretariat.invite",
        "who_signs.give_mandate", "spreadsheets.take", "feeds.make", "feeds.revoke", "signing_table.hand_over",
        "passkeys.register_login", "passkeys.register_officer_key", "passkeys.begin_confirmation",
        "following.choose", "access.admit_codes", "access.reset_codes", "access.confirm_login",
    }  # fmt: skip


def rows(world: World) -> dict[str, int]:
    """How many rows there are of everything but attempts to prove."""
    with world.service.database.read() as session:
        tables = [table for table in Base.metadata.sorted_tables if not table.name.startswith("rate_")]
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_long_after_signing_in_each_of_them_asks_first_and_changes_nothing(visit: Visit, app: Flask, world: World):
    Devices.in_(world).add_login(world.officer)
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.get("/secretariat/")
    before = rows(world)
    for rule in gated(app):
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        answer = officer.submit(path)
        if path.startswith("/api/"):
            assert (answer.status_code, answer.json["prove"]) == (403, "/prove"), path
        else:
            assert answer.status_code == 403, path
            assert "Is it you?" in answer.text, path
    assert rows(world) == before


def withdraw(officer: Visitor, world: World, **more: str) -> Any:
    fields = {"reason": "a <new> text", "sure": "y", **more}
    return officer.submit(f"/secretariat/agreements/{world.agreement}/withdraw", **fields)


def is_withdrawn(world: World) -> bool:
    with world.service.database.read() as session:
        return "withdrawal" in [one.kind for one in acts.summary(session, world.agreement)]


def test_what_had_been_typed_is_sent_again_with_the_proof(visit: Visit, world: World):
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.get("/secretariat/")
    asked = withdraw(officer, world)
    assert asked.status_code == 403
    assert '<input type="hidden" name="reason" value="a &lt;new&gt; text">' in asked.text
    assert asked.text.count('name="csrf_token"') == 3, "of the form, and of signing out above and below"
    assert 'name="proof_password" required' in asked.text, "the field that browsers send is the one that is read"
    assert not is_withdrawn(world)
    wrong = withdraw(officer, world, proof_password="a guess")
    assert wrong.status_code == 403
    assert "The password is wrong." in wrong.text
    assert not is_withdrawn(world)
    assert withdraw(officer, world, proof_password=PASSWORD).status_code == 302
    assert is_withdrawn(world)


def test_a_proof_counts_for_a_quarter_of_an_hour(visit: Visit, world: World):
    officer = visit(OFFICER)
    world.clock.forward(minutes=14)
    assert withdraw(officer, world).status_code == 302


def test_wrong_passwords_at_the_gate_are_limited(visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PER_ACCOUNT", parse("2 per 15 minutes"))
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.get("/secretariat/")
    for _ in range(2):
        assert withdraw(officer, world, proof_password="a guess").status_code == 403
    assert withdraw(officer, world, proof_password=PASSWORD).status_code == 429
    assert not is_withdrawn(world)


def test_a_proof_by_passkey_opens_the_gate(visit: Visit, world: World):
    devices = Devices.in_(world)
    devices.add_login(world.officer)
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.get("/secretariat/")
    options = officer.post("/api/step-up/options", {}).json["passkey"]
    assert officer.post("/api/step-up", {"answer": devices.device(world.officer).get(options)}).status_code == 200
    assert withdraw(officer, world).status_code == 302


def test_a_forged_form_proves_nothing(visit: Visit, world: World):
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.csrf = "forged"
    assert withdraw(officer, world, proof_password=PASSWORD).status_code == 400
    assert not is_withdrawn(world)


def test_who_has_a_passkey_proves_presence_before_adding_another_and_who_has_none_need_not(
    visit: Visit, world: World
):
    lin, somchai = visit(LIN), visit(SOMCHAI)
    world.clock.forward(minutes=16)
    for one in (lin, somchai):
        one.get("/passkeys/")

    def add(visitor: Visitor) -> Any:
        asked = visitor.post("/api/passkeys/options", {"kind": "login"})
        if asked.status_code != 200:
            return asked
        options = asked.json["passkey"]
        return visitor.post("/api/passkeys", {"answer": Authenticator(PUBLIC_URL).create(options)})

    with world.service.database.begin() as session:
        for row in session.scalars(select(LoginSession)):
            row.step_up = None
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).password_hash = None
    assert add(lin).status_code == 201, "nothing to prove with: the first one is made"
    world.clock.forward(minutes=16)
    assert add(lin).status_code == 403
    assert add(somchai).status_code == 403, "his password is something to prove with"


def test_the_proof_page_leads_on_to_where_it_was_asked_for(visit: Visit, world: World):
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    assert officer.get("/prove?next=/secretariat/people").status_code == 200
    answer = officer.submit("/prove", next="/secretariat/people", proof_password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/secretariat/people")
    assert officer.submit("/prove", next="//evil.example", proof_password=PASSWORD).headers["Location"] == "/"


def test_reading_asks_for_no_proof(visit: Visit, world: World):
    officer = visit(OFFICER)
    world.clock.forward(minutes=50)
    for path in ("/secretariat/", "/secretariat/people", f"/secretariat/agreements/{world.agreement}/"):
        assert officer.get(path).status_code == 200


def test_the_draft_that_is_published_is_the_one_that_was_asked_for(draft: World, visit: Visit):
    officer = visit(OFFICER)
    draft.clock.forward(minutes=16)
    path = f"/secretariat/agreements/{draft.agreement}/publish"
    asked = officer.look_and_publish(draft.agreement, sure="y")
    assert asked.status_code == 403
    seen = look(draft.service, draft.agreement)
    assert f'name="seen" value="{seen}"' in asked.text, "it is sent again after the proof"
    with draft.service.database.read() as session:
        assert agreements.get(session, draft.agreement).state == "draft"
    assert officer.submit(path, proof_password=PASSWORD, sure="y", seen=seen).status_code == 303
    with draft.service.database.read() as session:
        assert agreements.get(session, draft.agreement).state == "published"


def test_a_device_makes_no_passkey_that_would_be_refused(visit: Visit, world: World):
    Devices.in_(world).add_login(world.officer)
    officer = visit(OFFICER)
    world.clock.forward(minutes=16)
    officer.get("/passkeys/")
    for kind, status in (("login", 403), ("officer", 403), ("approval", 200)):
        assert officer.post("/api/passkeys/options", {"kind": kind}).status_code == status, kind
