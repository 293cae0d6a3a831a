"""Histories that an operator could write afterwards: each is in the record, and each is refused for its reason."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT
from signing_service.approval import Approval, Statement
from signing_service.encoding import format_time, parse_time
from signing_service.verify.report import Report
from signing_service.verify.verifier import verify_bundle
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.pdf.sealed_document import Ceremony, mandate_of
from tests.verify.test_enrolments import renumbered
from tests.verify.world import LATER, World, devices

Event = dict[str, Any]
Edit = Callable[[list[Event]], None]


@pytest.fixture(scope="module")
def world() -> World:
    """Two parties and the officer, all by confirmed passkeys."""
    ceremony = _published()
    ceremony.sign(LIN)
    ceremony.sign(SOMCHAI)
    ceremony.countersign()
    ceremony.archive()
    return World(ceremony)


def _published() -> Ceremony:
    return Ceremony.published((LIN, SOMCHAI), passkeys=devices(LIN, SOMCHAI, OFFICER), assurance="passkey")


def judged(world: World, edit: Edit = lambda events: None) -> Report:
    """The report on the world's bundle with its events edited."""
    events = copy.deepcopy(list(world.events()))
    edit(events)
    return verify_bundle(world.bundle(renumbered(events)), world.trust(), LATER)


def refused_for(report: Report, reason: str) -> bool:
    return report.exit_code == 1 and any(reason in check.message for check in report.problems)


def place(events: list[Event], kind: str) -> int:
    return next(index for index, event in enumerate(events) if event["type"] == kind)


def test_the_untouched_history_passes(world):
    assert judged(world).exit_code == 0


def test_an_approval_under_an_older_mandate_than_the_one_reported_is_refused():
    """The person approved under a mandate that had expired; the operator reports a newer one."""
    ceremony = _published()
    expired = replace(mandate_of(LIN, ceremony.terms), last_day=date(2025, 1, 31), organ="An earlier council")
    keys = ceremony.passkeys

    def approve(person: Any, statement: Statement) -> Approval:
        if statement.signer == LIN.signer:
            statement = replace(statement, mandate=expired.digest())
        return Approval(statement.to_json(), keys[person.id].approve(statement.challenge()))

    ceremony.approver = approve
    ceremony.sign(LIN)
    ceremony.sign(SOMCHAI)
    ceremony.countersign()
    ceremony.archive()
    world = World(ceremony)
    assert refused_for(judged(world), "the approval is for another mandate")


def test_a_second_issuance_of_one_certificate_is_refused(world):
    def issue_again(events: list[Event]) -> None:
        at = place(events, "issuance")
        events.insert(at + 1, copy.deepcopy(events[at]) | {"sequence": 900})

    assert refused_for(judged(world, issue_again), "was issued twice")


def test_revisions_told_in_another_order_than_the_document_shows_are_refused(world):
    def countersign_first(events: list[Event]) -> None:
        at = [index for index, event in enumerate(events) if event["type"] in ("signature", "countersignature")]
        events[at[0]], events[at[-1]] = events[at[-1]], events[at[0]]

    assert refused_for(judged(world, countersign_first), "in another order than the document")


def test_a_confirmation_told_before_the_agreement_was_sealed_is_refused(world):
    def backdate(events: list[Event]) -> None:
        for event in events:
            if event["type"] == "confirmation":
                event["time"] = format_time(parse_time(event["time"]) - timedelta(days=20))

    assert refused_for(judged(world, backdate), "which is before what the record or a timestamp tells earlier")


def test_a_history_told_before_its_own_timestamps_is_refused(world):
    def backdate_everything(events: list[Event]) -> None:
        for event in events:
            event["time"] = format_time(parse_time(event["time"]) - timedelta(days=20))

    assert refused_for(judged(world, backdate_everything), "which is before what the record or a timestamp tells")


def test_an_event_before_the_publication_is_refused(world):
    def enrol_first(events: list[Event]) -> None:
        events.insert(place(events, "publication"), copy.deepcopy(events[place(events, "mandate")]) | {"sequence": 901})

    assert refused_for(judged(world, enrol_first), "first event is not its publication")


def replaced_by(more: Event, signer: str = LIN.signer) -> Edit:
    """The signer's mandate is recorded once more, before its own event."""

    def replace_mandate(events: list[Event]) -> None:
        mandates = [at for at, event in enumerate(events) if event["type"] == "mandate"]
        first = next(at for at in mandates if Mandate.from_value(events[at]["mandate"]).signer == signer)
        events.insert(first, copy.deepcopy(events[first]) | {"sequence": 901})
        events[first + 1].update(more)

    return replace_mandate


def test_a_mandate_that_replaces_another_one_without_saying_why_is_refused(world):
    assert judged(world, replaced_by({"reason": "The first one named the wrong day."})).exit_code == 0
    assert refused_for(judged(world, replaced_by({})), f"replaces the mandate of {LIN.signer} and does not say why")


def test_an_officer_may_have_taken_over_from_another_one_without_a_word_of_it(world):
    assert judged(world, replaced_by({}, SECRETARIAT)).exit_code == 0


@pytest.mark.parametrize("value", [[], {}, None, 1, True, "00" * 40])
@pytest.mark.parametrize("member", ["certificate_sha256", "revision", "issuance", "signer", "mandate_sha256"])
def test_a_signature_event_with_a_strange_member_is_refused_and_nothing_breaks(world, member, value):
    def spoil(events: list[Event]) -> None:
        events[place(events, "signature")][member] = value

    if member == "revision" and value == 1 and value is not True:
        assert judged(world, spoil).exit_code == 0  # it is 1
    else:
        assert judged(world, spoil).exit_code == 1
