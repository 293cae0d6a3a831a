"""Every address of the service, asked in every role about another party's and another agreement's things.

What somebody may not see does not exist for them: the answer is the same as about things that there are not, and
nothing in the database changes. Who may is let in, and nothing is done without the token of the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.routing import Rule

from signing_service.store.tables import Base, Person
from signing_service.web.app import create_app
from signing_service.workflow.download import evidence
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.feeds import feeds_of, make_feed
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.observers import invite_observer
from signing_service.workflow.officers import add_officer
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.receipts import own_receipt
from tests.cast import ALES, ANDAMAN, DANIYAR, HOA, LIN, NANJING, OFFICER, SAULE, SECOND_OFFICER, SOMCHAI
from tests.cast import Person as Cast
from tests.web.conftest import Templates
from tests.web.routes import READERS, ROLES, ROUTES
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World, source

TOKEN = re.compile(r'(csrf[-_]token"[^>]*? (?:content|value)=")[^"]+')
UNCOUNTED = ("rate_counters", "rate_hits")  # how often somebody asked is counted, also of who may not
ONCE = ("verification.report",)  # takes a child process and a second: asked by Lin alone


@dataclass
class Stage:
    """The agreement A of Lin and Somchai, an agreement of Ales and Hoa, and a browser for each role."""

    app: Flask
    world: World
    visitors: dict[str, Visitor]
    real: dict[str, Any]
    """What addresses name: A, and Lin's things in it."""
    missing: dict[str, Any]
    """The same for things that there are not."""

    def rules(self) -> Iterator[tuple[Rule, str]]:
        """Every address with each of its methods."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method

    def ask(self, role: str, rule: Rule, method: str, named: dict[str, Any], *, token: bool = True) -> Any:
        """One request; ``named`` goes into the address and takes Lin's place in the body."""
        visitor, route = self.visitors[role], ROUTES[rule.endpoint]
        adapter = self.app.url_map.bind("sign.example.org", url_scheme="https")
        path = adapter.build(rule.endpoint, {name: named[name] for name in rule.arguments}, method=method)
        if method == "GET":
            return visitor.client.get(path, base_url="https://sign.example.org")
        asked = replace_named(route.body, named)
        kept, visitor.csrf = visitor.csrf, visitor.csrf if token else ""
        try:
            return visitor.submit(path, **route.form) if asked is None else visitor.post(path, asked)
        finally:
            visitor.csrf = kept

    def dump(self) -> dict[str, list[Any]]:
        """Every row of every table that matters."""
        tables = [table for table in Base.metadata.sorted_tables if table.name not in UNCOUNTED]
        with self.world.service.database.read() as session:
            return {table.name: sorted(map(repr, session.execute(select(table)).all())) for table in tables}


def replace_named(body: dict[str, Any] | None, named: dict[str, Any]) -> dict[str, Any] | None:
    return {**body, "signer": named["signer"]} if body and "signer" in body else body


def blank(answer: Any, named: dict[str, Any]) -> str:
    """An answer without what it was asked about, and without the session's token."""
    text = TOKEN.sub(r"\1", answer.text)
    for value in sorted(map(str, named.values()), key=len, reverse=True):
        if len(value) > 3:
            text = text.replace(value, "…").replace(value.replace(":", "%3A"), "…")
    return f"{answer.status_code} {answer.headers.get('Location', '') if not named else ''} {text}"


@pytest.fixture(scope="module")
def stage(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all: asking changes nothing."""
    world = templates["published"].copy(tmp_path_factory.mktemp("every") / "service")
    app = create_app(world.service)
    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = True, False
    yield set_the_stage(app, world)
    world.service.database.dispose()


def add_people(ours: World, devices: Devices) -> tuple[str, str]:
    """An officer whose passkey waits, an observer and an operator; give the officer's id and the passkey's."""
    service, officer = ours.service, ours.officer
    ruslan = add_officer(service, officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    reader = add_person(service, officer, NewPerson(SAULE.name, SAULE.email))
    invite_observer(service, officer, ours.agreement, reader)
    add_officer(service, officer, NewPerson(DANIYAR.name, DANIYAR.email), "operator")
    with service.database.begin() as session:
        known = session.scalar(select(Person.password_hash).where(Person.id == officer))
        session.execute(update(Person).values(password_hash=known))
    return ruslan, devices.add_officer(ruslan).id


def sign_everybody_in(app: Flask, world: World) -> dict[str, Visitor]:
    """A browser for each role; the table is unlocked for Ales."""
    people: dict[str, Cast] = {
        "lin": LIN, "other": SOMCHAI, "reader": SAULE, "stranger": ALES, "guest": HOA, "operator": DANIYAR,
        "officer": SECOND_OFFICER, "lead": OFFICER, "table": OFFICER,
    }  # fmt: skip
    visitors = {role: Visitor(app).sign_in(person) for role, person in people.items()}
    visitors["anybody"] = Visitor(app)
    visitors["anybody"].get("/sign-in")
    visitors["table"].submit(f"/secretariat/table/{world.agreement}/{ALES.signer}")
    visitors["table"].get("/agreements/")
    return visitors


def set_the_stage(app: Flask, world: World) -> Stage:
    service, officer = world.service, world.officer
    a = create_draft(service, officer, source((NANJING, ANDAMAN)))
    for person in (LIN, SOMCHAI):
        authority = Authority("Rector's office", world.clock.now.date())
        give_mandate(service, officer, a, person.signer, world.ids[person], authority)
    ours = replace(world, agreement=a).publish()
    devices = Devices.in_(ours)
    signing = ours.signing(LIN)
    signing.approve()
    signing.complete()
    enrolled = devices.enrol(LIN)
    own_receipt(service, ours.ids[LIN], a, LIN.signer)
    evidence(service, officer, a)
    make_feed(service, officer, a, NANJING.id)
    ruslan, waiting = add_people(ours, devices)
    visitors = sign_everybody_in(app, world)
    always = {"path": "0/000.p/1", "name": "serif-latin", "tag": "en", "filename": "style/base.css", "digest": "0" * 64}
    numbers = {"number": 0, "page": 1}
    real = {
        "agreement_id": a,
        "attempt_id": signing.attempt["attempt"],
        "credential_id": waiting,
        "enrolment_id": enrolled.id,
        "feed_id": feeds_of(service, officer, a)[0].id,
        "leaving_id": ruslan,
        "login_id": "b" * 26,
        "person_id": ours.ids[LIN],
        "provider_id": "nowhere",
        "question_id": 99999,
        "session_id": "c" * 26,
        "signer": LIN.signer,
    }
    missing = dict.fromkeys(real, "a" * 26) | {"signer": "nobody:president", "question_id": 99998}
    return Stage(app, ours, visitors, real | numbers | always, missing | numbers | always)


def test_every_route_stands_in_the_table_and_the_table_names_no_other(stage: Stage):
    assert {rule.endpoint for rule, _ in stage.rules()} == set(ROUTES)


def refused(role: str, rule: Rule) -> set[int]:
    """How somebody is turned away: who is nobody is asked to sign in, at the table another page is named."""
    if role == "anybody":
        return {401} if rule.rule.startswith("/api/") else {302}
    return {403} if role == "table" else {404}


def test_what_somebody_may_not_see_does_not_exist_for_them(stage: Stage):
    wrong = []
    for role in ROLES:
        before = stage.dump()
        known = {"agreement_id": stage.real["agreement_id"]} if role in READERS else {}  # they do know of A
        absent = stage.missing | known
        for rule, method in stage.rules():
            if role in ROUTES[rule.endpoint].who:
                continue
            found = stage.ask(role, rule, method, stage.real)
            other = stage.ask(role, rule, method, absent)
            where = f"{role} {method} {rule.endpoint}"
            if found.status_code not in refused(role, rule):
                wrong.append(f"{where}: {found.status_code} {found.text[:300] if found.is_json else ''}")
            elif blank(found, stage.real) != blank(other, absent):
                wrong.append(f"{where}: tells what there is from what there is not ({other.status_code})")
        if stage.dump() != before:
            wrong.append(f"{role}: something changed")
    assert wrong == [], "\n".join(wrong)


def test_who_may_is_let_in(stage: Stage):
    wrong = []
    for role in ROLES:
        for rule, method in stage.rules():
            route = ROUTES[rule.endpoint]
            if method != "GET" or role not in route.who or (rule.endpoint in ONCE and role != "lin"):
                continue
            wanted = 200 if (rule.endpoint, role) == ("account.sign_in", "anybody") else route.get
            if (rule.endpoint, role != "anybody") == ("public.home", True):
                wanted = 302
            answer = stage.ask(role, rule, method, stage.real)
            if answer.status_code != wanted:
                wrong.append(f"{role} {rule.endpoint}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)


def test_nothing_is_done_without_the_sessions_token(stage: Stage):
    before, wrong = stage.dump(), []
    for role in ROLES:
        for rule, method in stage.rules():
            if method == "POST" and role in ROUTES[rule.endpoint].who:
                answer = stage.ask(role, rule, method, stage.real, token=False)
                if answer.status_code not in (400, 401, 403):
                    wrong.append(f"{role} {rule.endpoint}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)
    assert stage.dump() == before


def test_a_draft_does_not_exist_for_who_is_to_sign_it(stage: Stage):
    service, world = stage.world.service, stage.world
    draft = create_draft(service, world.officer, source((NANJING, ANDAMAN)))
    authority = Authority("Rector's office", world.clock.now.date())
    give_mandate(service, world.officer, draft, LIN.signer, world.ids[LIN], authority)
    drafted, wrong = {**stage.real, "agreement_id": draft}, []
    for rule, method in stage.rules():
        if method == "GET" and "agreement_id" in rule.arguments and not rule.endpoint.startswith("record."):
            for role in ("lin", "stranger", "reader"):
                answer = stage.ask(role, rule, method, drafted)
                if answer.status_code != 404:
                    wrong.append(f"{role} {rule.endpoint}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)
