"""Whoever holds the server, its database and every one of its keys tries to make a signature that verify accepts.

The operator here may write any event, issue any certificate, sign any checkpoint and assemble any bundle. What the
operator lacks is the representatives' authenticators and the officers'. The trust file is the auditor's own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from signing_service.approval import Approval, Statement, service_approval
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import canonical_json
from signing_service.evidence.trust import format_trust_file
from signing_service.record.scopes import ScopeChains
from signing_service.verify.report import Report
from signing_service.verify.trust import read_trust
from signing_service.verify.verifier import verify_bundle
from tests.cast import LIN, NOON, OFFICER, SOMCHAI, Person
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.record.cast import ANDAMAN_WITNESS, NANJING_WITNESS
from tests.verify.world import LATER, World, chained, devices, passkey_ceremony

PEOPLE = (LIN, SOMCHAI)


def judge(lie: World, honest: World, events: list[dict[str, Any]] | None = None, **trust: Any) -> Report:
    """Verify what the operator made, on the server's own keys, with the auditor's trust file."""
    auditors = honest.trust_file(**trust)
    assert lie.ceremony.keystore.root == auditors.root, "the operator holds the alliance's own keys"
    return verify_bundle(lie.bundle(events), read_trust([format_trust_file(auditors)]), LATER)


def forged(honest: World, passkeys: dict[str, Authenticator]) -> World:
    """The whole ceremony held again by the operator, with these devices and the server's real keys."""
    ceremony = Ceremony.published(PEOPLE, honest.ceremony.keystore, passkeys=passkeys, assurance="passkey")
    return World(finished(ceremony))


def finished(ceremony: Ceremony) -> Ceremony:
    for person in PEOPLE:
        ceremony.sign(person)
    ceremony.countersign()
    ceremony.archive()
    return ceremony


def why(report: Report) -> str:
    return "; ".join(f"{check.subject}: {check.message}" for check in report.problems)


def own(honest: World, *people: Person) -> dict[str, Authenticator]:
    return {person.id: honest.ceremony.passkeys[person.id] for person in people}


def test_the_same_ceremony_with_everybodys_own_devices_passes(honest: World):
    report = judge(forged(honest, own(honest, LIN, SOMCHAI, OFFICER)), honest)

    assert report.exit_code == 0, why(report)


def test_a_false_passkey_confirmed_by_a_false_officer_fails(honest: World, rogue: dict[str, Authenticator]):
    report = judge(forged(honest, rogue), honest)

    assert report.exit_code == 1
    assert "not one of officer officer in the trust file" in why(report)
    assert "not this officer's in the trust file" in why(report)


def test_a_false_passkey_needs_an_officers_passkey_even_if_all_else_is_real(
    honest: World, rogue: dict[str, Authenticator]
):
    lie = forged(honest, own(honest, SOMCHAI, OFFICER) | {LIN.id: rogue[LIN.id]})
    lie.ceremony.passkeys = {**lie.ceremony.passkeys, OFFICER.id: rogue[OFFICER.id]}  # confirms, in the events

    report = judge(lie, honest)

    assert report.exit_code == 1
    assert f"field {LIN.signer}: confirmation was made with a passkey that is not one of officer" in why(report)


def test_a_false_confirmation_copied_from_a_real_one_fails(honest: World, rogue: dict[str, Authenticator]):
    lie = forged(honest, own(honest, SOMCHAI, OFFICER) | {LIN.id: rogue[LIN.id]})
    events = lie.events()
    real = next(item for item in honest.events() if item["type"] == "confirmation" and item["signer"] == LIN.signer)
    false = next(item for item in events if item["type"] == "confirmation" and item["signer"] == LIN.signer)
    false["confirmation"] = real["confirmation"]

    report = judge(lie, honest, events)

    assert report.exit_code == 1
    assert "confirmation is for another credential" in why(report)


def test_a_password_approval_that_nobody_gave_fails_where_the_rules_ask_for_passkeys(honest: World):
    lie = forged(honest, own(honest, SOMCHAI, OFFICER))

    report = judge(lie, honest)

    assert report.exit_code == 1
    assert "the approval is by service, the terms ask for passkey" in why(report)


def test_weaker_rules_are_another_agreement(honest: World):
    """The minimum assurance is sealed: the approvals name the digest of revision 0, which holds the rules."""
    everybody = own(honest, LIN, SOMCHAI, OFFICER)
    ceremony = Ceremony.published(PEOPLE, honest.ceremony.keystore, passkeys=everybody, assurance="service")
    ceremony.approver = lambda person, statement: _earlier(honest, person)

    report = judge(World(finished(ceremony)), honest)

    assert report.exit_code == 1
    assert "is for another revision 0" in why(report)


def _earlier(honest: World, person: Person) -> Approval:
    return next(act.approval for act in honest.ceremony.acts if act.person == person)


def test_an_approval_replayed_with_a_certificate_from_the_back_room_fails(honest: World):
    """The operator issues a certificate for a key of its own and replays the approval that Lin once gave."""
    everybody, base = own(honest, LIN, SOMCHAI, OFFICER), honest.ceremony.base
    ceremony = Ceremony.published(PEOPLE, honest.ceremony.keystore, base, passkeys=everybody, assurance="passkey")
    ceremony.approver = lambda person, statement: _earlier(honest, person)

    report = judge(World(finished(ceremony)), honest)

    assert report.exit_code == 1
    assert f"field {LIN.signer}: the approval is for another" in why(report)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda stated: replace(stated, signer=SOMCHAI.signer), "another signer"),
        (lambda stated: replace(stated, act="countersignature"), "another act"),
        (lambda stated: replace(stated, agreement="b" * 26), "another agreement"),
        (lambda stated: replace(stated, key=b"\x30\x00"), "another one-time key"),
        (lambda stated: replace(stated, appearance="0" * 64), "another appearance"),
        (lambda stated: replace(stated, consent="I sign whatever comes."), "consent sentence"),
        (lambda stated: replace(stated, expires=NOON - timedelta(days=1)), "expired"),
    ],
)
def test_a_real_approval_of_something_else_fails_for_its_own_reason(
    honest: World, change: Callable[[Statement], Statement], reason: str
):
    passkeys = own(honest, LIN, SOMCHAI, OFFICER)

    def approve(person: Person, statement: Statement) -> Approval:
        approved = change(statement) if person == LIN else statement
        return Approval(approved.to_json(), passkeys[person.id].approve(approved.challenge()))

    ceremony = Ceremony.published(PEOPLE, honest.ceremony.keystore, passkeys=passkeys, assurance="passkey")
    ceremony.approver = approve

    report = judge(World(finished(ceremony)), honest)

    assert report.exit_code == 1
    assert reason in why(report)


def test_a_statement_exchanged_under_a_real_assertion_fails(honest: World):
    def approve(person: Person, statement: Statement) -> Approval:
        return replace(_earlier(honest, person), statement=statement.to_json())

    ceremony = Ceremony.published(PEOPLE, honest.ceremony.keystore, passkeys=own(honest, OFFICER), assurance="passkey")
    ceremony.passkeys = own(honest, LIN, SOMCHAI, OFFICER)
    ceremony.approver = approve

    report = judge(World(finished(ceremony)), honest)

    assert report.exit_code == 1
    assert "passkey approved another statement" in why(report)


def test_a_second_signature_harvested_by_a_faked_conflict_fails(honest: World):
    """One one-time key signed two revisions: whichever the operator shows, the record holds two uses or lacks one."""
    events = copy.deepcopy(honest.events())
    signed = next(item for item in events if item["type"] == "signature")
    last = max(item["sequence"] for item in events if item["scope"] == signed["scope"])
    events.append({**signed, "sequence": last + 1, "revision": signed["revision"] + 100, "pdf_sha256": "0" * 64})

    report = judge(honest, honest, events)

    assert report.exit_code == 1
    assert "one one-time key signed twice" in why(report)


def test_an_event_left_out_fails(honest: World):
    events = [item for item in honest.events() if item["type"] != "issuance"]

    assert judge(honest, honest, events).exit_code == 1


def test_two_histories_of_one_agreement_in_one_log_are_seen_by_who_reads_it_all(honest: World):
    service, *agreement = chained([canonical_json(item) for item in honest.events()])
    both = [service, *agreement, *agreement]

    assert ScopeChains().add(0, [service, *agreement]) == []
    assert any("twice" in problem or "sequence" in problem for problem in ScopeChains().add(0, both))


def test_a_history_that_the_witnesses_did_not_see_does_not_reach_the_quorum(honest: World):
    witnesses = (NANJING_WITNESS.verifier_key, ANDAMAN_WITNESS.verifier_key)

    assert judge(honest, honest, witnesses=witnesses).exit_code == 0  # a quorum of none
    assert judge(honest, honest, witnesses=witnesses, quorum=2).exit_code in (1, 3)


def test_another_root_shipped_with_the_bundle_is_not_trusted(honest: World):
    stranger = World(passkey_ceremony(devices(LIN, SOMCHAI, OFFICER)))
    assert stranger.ceremony.keystore.root != honest.ceremony.keystore.root

    report = verify_bundle(stranger.bundle(), honest.trust(), LATER)

    assert report.exit_code in (1, 3)


def test_a_clock_of_the_services_own_is_named(honest: World):
    report = judge(honest, honest)

    assert {item.time_independent for item in report.signatures} == {False}


def test_an_officer_who_colludes_is_named_for_good(honest: World, rogue: dict[str, Authenticator]):
    """What remains possible: a real officer confirms a false device. The report and the record name the officer."""
    lie = forged(honest, own(honest, SOMCHAI, OFFICER) | {LIN.id: rogue[LIN.id]})

    report = judge(lie, honest)

    assert report.exit_code == 0, why(report)
    lin = next(item for item in report.signatures if item.field == LIN.signer)
    assert lin.identity.startswith("officer Mei Tan confirmed the passkey by video")


def test_a_service_approval_counts_as_what_it_is_where_the_rules_allow_it():
    """What remains possible where the sealed rules allow passwords: the report says who asserts it."""
    ceremony = Ceremony.published(PEOPLE, keystore_in_memory())
    ceremony.approver = lambda person, statement: service_approval(statement.to_json(), "password", NOON)
    world = World(finished(ceremony))

    report = verify_bundle(world.bundle(), world.trust(), LATER)

    assert report.exit_code == 0
    assert {item.approval for item in report.signatures if item.approval} == {"password, asserted by the service"}
