"""Officers who begin to countersign at once: what the record says of their mandates, and whose attempts work."""

from __future__ import annotations

from typing import Any

import pytest

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import mandates, openings, people
from signing_service.verify.verdict import Verdict
from signing_service.workflow import attempts
from signing_service.workflow.download import evidence
from signing_service.workflow.history import history
from signing_service.workflow.mandates import OTHER_OFFICER
from signing_service.workflow.officers import add_officer
from signing_service.workflow.people import NewPerson
from tests.cast import SECOND_OFFICER
from tests.workflow.judging import verify_evidence
from tests.workflow.meanwhile import Meanwhile
from tests.workflow.test_lock_order import on_postgresql
from tests.workflow.world import SIGNERS, Signing, World

MOMENTS = [(attempts, "load_mandate"), (mandates, "has_one"), (mandates, "add"), (attempts, "check_may_act")]


@pytest.fixture
def signed(world: World) -> World:
    """All parties have signed; nobody has begun to countersign."""
    world.publish()
    for person in SIGNERS:
        world.sign(person)
    return world


def officers_mandates(world: World) -> list[dict[str, Any]]:
    with world.service.database.read() as session:
        given = openings.of_type(session, world.agreement, "mandate")
    events: list[dict[str, Any]] = [parse_canonical_json(one.event) for one in given if one.event]
    return [event for event in events if event["mandate"]["party"] == "secretariat"]


def is_proven(world: World) -> bool:
    world.archive()
    _, bundle = evidence(world.service, world.officer, world.agreement)
    return verify_evidence(bundle, world).verdict is Verdict.PASSED


@on_postgresql
@pytest.mark.parametrize(("module", "function"), MOMENTS)
def test_an_officer_who_begins_twice_at_once_has_one_mandate_and_two_attempts(
    signed: World, monkeypatch: pytest.MonkeyPatch, module: object, function: str
):
    first, second = (Signing(signed, signed.officer, SECRETARIAT) for _ in range(2))
    beginning = Meanwhile(monkeypatch, module, function, second.begin)
    first.begin()
    beginning.result()
    (recorded,) = officers_mandates(signed)
    assert "reason" not in recorded
    second.approve()
    first.approve()
    second.complete()
    with pytest.raises(ConflictError, match="signed already"):
        first.approve()
    assert is_proven(signed)


def colleague(world: World) -> str:
    """A second officer with a password; the id."""
    newcomer = NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email)
    added = add_officer(world.service, world.officer, newcomer)
    with world.service.database.begin() as session:
        people.get(session, added).password_hash = people.get(session, world.officer).password_hash
    return added


def test_an_officer_who_takes_the_countersignature_over_is_recorded_with_the_reason(signed: World):
    own = Signing(signed, signed.officer, SECRETARIAT).begin()
    theirs = Signing(signed, colleague(signed), SECRETARIAT).begin()
    assert [event.get("reason") for event in officers_mandates(signed)] == [None, OTHER_OFFICER]
    line = [line for line in history(signed.service, signed.officer, signed.agreement) if line.type == "mandate"][-1]
    assert line.text.values["reason"] is OTHER_OFFICER, "in the reader's language"
    with pytest.raises(NotFoundError, match="no longer in force"):
        own.approve()
    theirs.approve()
    theirs.complete()
    assert is_proven(signed)


@on_postgresql
@pytest.mark.parametrize(("module", "function"), MOMENTS)
def test_two_officers_who_begin_at_once_have_a_mandate_each_and_the_later_one_signs(
    signed: World, monkeypatch: pytest.MonkeyPatch, module: object, function: str
):
    one, other = Signing(signed, signed.officer, SECRETARIAT), Signing(signed, colleague(signed), SECRETARIAT)
    beginning = Meanwhile(monkeypatch, module, function, other.begin)
    one.begin()
    beginning.result()
    former, holding = officers_mandates(signed)
    assert ("reason" in former, holding["reason"]) == (False, OTHER_OFFICER)
    late = one if holding["mandate"]["representative"]["id"] == signed.officer else other
    late.approve()
    late.complete()
    assert is_proven(signed)
