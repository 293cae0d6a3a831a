"""A person's own data, all of it, and nothing that would help whoever steals the export."""

from __future__ import annotations

import json

import pytest

from signing_service.errors import NotFoundError
from signing_service.store import limits
from signing_service.store.tables import Base
from signing_service.workflow.approvals import Password
from signing_service.workflow.enrolment import invite
from signing_service.workflow.login import sign_in
from signing_service.workflow.personal_export import HIDDEN, export_person, tables_about_people
from signing_service.workflow.refusal import refuse
from tests.cast import HOA, LIN, OFFICER, PASSWORD, SOMCHAI
from tests.workflow.world import World


def test_it_holds_every_row_and_event_about_the_person(world: World) -> None:
    world.publish()
    sign_in(world.service, LIN.email, PASSWORD, address="192.0.2.7", agent="Firefox")
    invite(world.service, world.officer, world.ids[LIN])
    world.sign(LIN)
    found = export_person(world.service, f" {LIN.email.upper()} ")
    assert found["person"] == world.ids[LIN]
    rows = found["rows"]
    assert rows["people"][0]["email"] == LIN.email
    assert rows["people"][0]["native_name"] == LIN.native_name
    assert rows["sessions"][0]["address"] == "192.0.2.7"
    assert rows["mandates"][0]["json"]["representative"]["name"] == LIN.name
    assert rows["signatures"][0]["signer"] == LIN.signer
    assert rows["attempts"][0]["statement"]["signer"] == LIN.signer
    assert {mail["kind"] for mail in rows["outbox"]} >= {"invitation", "signed"}
    assert [event["event"]["type"] for event in found["events"]] == ["mandate", "issuance", "signature"]


def test_a_refusal_with_its_reason_is_in_it(world: World) -> None:
    world.publish()
    refuse(world.service, world.ids[HOA], world.agreement, HOA.signer, "A private reason.", Password(PASSWORD))
    found = export_person(world.service, HOA.email)
    assert found["rows"]["refusals"][0]["reason"] == "A private reason."
    assert found["events"][-1]["event"]["reason"] == "A private reason."


def test_no_secret_and_nobody_elses_data_is_in_it(world: World) -> None:
    world.publish()
    sign_in(world.service, LIN.email, PASSWORD, address="192.0.2.7", agent="Firefox")
    world.sign(LIN)
    world.sign(SOMCHAI)
    found = export_person(world.service, LIN.email)
    assert found["rows"]["people"][0]["password_hash"] is True
    for name, columns in HIDDEN.items():
        for row in found["rows"].get(name, []):
            assert all(isinstance(row[column], bool) for column in columns)
    text = json.dumps(found, ensure_ascii=False)
    assert "argon2" not in text
    for other in (SOMCHAI.name, SOMCHAI.email, world.ids[SOMCHAI]):
        assert other not in text


def test_an_officers_part_in_agreements_is_in_it(world: World) -> None:
    world.publish()
    found = export_person(world.service, OFFICER.email)
    assert found["rows"]["agreements"][0]["created_by"] == world.officer
    assert "terms" not in found["rows"]["agreements"][0]
    assert "officer-added" in [event["event"]["type"] for event in found["events"]]


def test_every_table_that_names_a_person_is_in_it() -> None:
    named = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name == "people" for key in table.foreign_keys)
    }
    covered = {table.name for table in tables_about_people()}
    assert covered == named | {"people", "rate_counters", "rate_hits"}
    for table in tables_about_people():
        for column in table.columns:
            secret = any(word in column.name for word in ("token", "password", "secret", "seed", "sealed"))
            assert not secret or column.name in HIDDEN[table.name], f"{table.name}.{column.name} looks like a secret"


def test_limits_of_attempts_that_hold_the_address_are_in_it(world: World) -> None:
    storage = limits.DatabaseStorage(database=world.service.database, clock=world.clock)
    storage.incr(f"LIMITER/sign-in/account/{LIN.email}", 900)
    assert [row["count"] for row in export_person(world.service, LIN.email)["rows"]["rate_counters"]] == [1]


def test_an_unknown_address_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError, match=r"no person with the address nobody@njupt\.example"):
        export_person(world.service, "nobody@njupt.example")
