"""Whoever holds server, database and keys puts other people, mandates, rules or authorities in the place of the real.

The operator writes any event and signs with any key of the server's; the trust file is the auditor's own. What is told
honestly passes in each of these ways of telling it (the twin in ``test_what_…``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.agreement.mandates import Mandate, Representative
from signing_service.approval import Confirmation, ConfirmationStatement
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import VerificationError
from signing_service.evidence import TrustedOfficer
from signing_service.evidence.succession import (
    sign_succession,
    succession_challenge,
    unsigned_predecessor,
    verify_succession,
)
from signing_service.evidence.trust import TrustFile, format_trust_file
from tests.approval.cast import authenticator
from tests.cast import HOA, LIN, NANJING, OFFICER, SECOND_OFFICER, SOMCHAI, Person
from tests.own_certificates.authority import Authority
from tests.pdf.sealed_document import Ceremony
from tests.threats.test_server_with_all_keys import forged, judge, own, why
from tests.verify.test_enrolments import of, renumbered, revocation_of
from tests.verify.world import Event, World

Told = list[Event]
IMPOSTOR = replace(LIN, id="impostor", name="Ivo Impostor", native_name=None)
FALSE_GUEST = replace(HOA, id="impostor", name="Ivo Impostor", native_name=None)
RECORD_KEY = Ed25519PrivateKey.from_private_bytes(b"the alliance's record, in tests!")  # as tests.record.cast.LOG


def told(honest: World) -> Told:
    return copy.deepcopy(honest.events())


def sealed_terms(events: Told) -> Any:
    return next(event for event in events if event["type"] == "publication")["terms"]


def mandate_instead(events: Told, **changes: Any) -> Event:
    """Another mandate for Lin's place, as an officer would give it."""
    real = of_mandate(events)
    mandate = replace(Mandate.from_value(real["mandate"]), **changes)
    return {**real, "mandate": mandate.to_value(), "mandate_sha256": mandate.digest()}


def of_mandate(events: Told) -> Event:
    return next(
        event
        for event in events
        if event["type"] == "mandate" and Mandate.from_value(event["mandate"]).signer == LIN.signer
    )


def after(events: Told, kind: str, new: Event) -> Told:
    events.insert(events.index(of(events, kind)) + 1, new)
    return renumbered(events)


def test_what_was_told_again_without_a_lie_passes(honest: World):
    assert judge(honest, honest, renumbered(told(honest))).exit_code == 0


def a_party_that_is_called_a_guest(events: Told) -> Told:
    next(party for party in sealed_terms(events)["parties"] if party["id"] == NANJING.id)["guest"] = True
    return events


def lower_rules(events: Told) -> Told:
    sealed_terms(events)["rules"]["minimum_assurance"] = "service"
    return events


def other_authorities(events: Told) -> Told:
    party = next(party for party in sealed_terms(events)["parties"] if party["id"] == NANJING.id)
    party["own_certificate"] = [to_base64url(Authority("The Operator's").der)]
    return events


@pytest.mark.parametrize("lie", [a_party_that_is_called_a_guest, lower_rules, other_authorities])
def test_terms_that_were_changed_after_sealing_are_not_those_in_the_document(
    honest: World, lie: Callable[[Told], Told]
):
    report = judge(honest, honest, lie(told(honest)))

    assert report.exit_code == 1
    assert "terms" in why(report)


def held_by(honest: World, people: tuple[Person, ...], impostor: Person, device: Authenticator) -> Ceremony:
    """The ceremony with the impostor in the place of whoever has that signer's; everybody else has their own device."""
    passkeys = {**own(honest, LIN, SOMCHAI, OFFICER), HOA.id: authenticator(HOA.id), impostor.id: device}
    ceremony = Ceremony.published(people, honest.ceremony.keystore, passkeys=passkeys, assurance="passkey")
    for person in people:
        ceremony.sign(impostor if person.signer == impostor.signer else person)
    ceremony.countersign()
    ceremony.archive()
    return ceremony


IN_THE_PLACE_OF = pytest.mark.parametrize(
    ("people", "impostor"),
    [((LIN, SOMCHAI), IMPOSTOR), ((LIN, SOMCHAI, HOA), FALSE_GUEST)],
    ids=["a representative", "a guest"],
)


@IN_THE_PLACE_OF
def test_a_false_replacement_needs_an_officers_passkey(
    honest: World,
    rogue: dict[str, Authenticator],
    people: tuple[Person, ...],
    impostor: Person,
):
    ceremony = held_by(honest, people, impostor, rogue[LIN.id])
    ceremony.passkeys = {**ceremony.passkeys, OFFICER.id: rogue[OFFICER.id]}  # confirms, in the events

    report = judge(World(ceremony), honest)

    assert report.exit_code == 1
    assert f"field {impostor.signer}: confirmation was made with a passkey that is not one of officer" in why(report)


@IN_THE_PLACE_OF
def test_a_replacement_that_an_officer_confirmed_is_one_and_names_the_officer(
    honest: World,
    rogue: dict[str, Authenticator],
    people: tuple[Person, ...],
    impostor: Person,
):
    report = judge(World(held_by(honest, people, impostor, rogue[LIN.id])), honest)

    assert report.exit_code == 0, why(report)
    signature = next(item for item in report.signatures if item.field == impostor.signer)
    assert signature.identity.startswith("officer Mei Tan confirmed")
    assert signature.signer == impostor.name


def replaced_after_the_confirmation(events: Told) -> Told:
    impostor = Representative(IMPOSTOR.id, IMPOSTOR.name, None)
    return after(events, "confirmation", mandate_instead(events, representative=impostor))


def longer_mandate_after_the_confirmation(events: Told) -> Told:
    return after(events, "confirmation", mandate_instead(events, last_day=date(2035, 12, 31)))


def mandate_exchanged_everywhere(events: Told) -> Told:
    """As if it had been there from the beginning; but the approval and the confirmation name the real one."""
    real, other = of_mandate(events), mandate_instead(events, organ="The Operator")
    for event in events:
        if event.get("mandate_sha256") == real["mandate_sha256"]:
            event["mandate_sha256"] = other["mandate_sha256"]
    real["mandate"] = other["mandate"]
    return events


def revoked_before_the_act(events: Told) -> Told:
    return after(events, "confirmation", revocation_of(of(events, "enrolment")))


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (replaced_after_the_confirmation, "not the newest one"),
        (longer_mandate_after_the_confirmation, "not the newest one"),
        (mandate_exchanged_everywhere, "a mandate that is not in the record"),
        (revoked_before_the_act, "was revoked on"),
    ],
)
def test_what_changed_between_confirmation_and_signature_fails(
    honest: World,
    lie: Callable[[Told], Told],
    reason: str,
):
    report = judge(honest, honest, lie(told(honest)))

    assert report.exit_code == 1
    assert reason in why(report)


def an_older_mandate(events: Told) -> Told:
    real = of_mandate(events)
    at = events.index(real)
    events[at : at + 1] = [mandate_instead(events, organ="The Senate"), {**real, "reason": "It was the wrong organ."}]
    return renumbered(events)


def revoked_after_the_act(events: Told) -> Told:
    last = next(event for event in reversed(events) if event["scope"] != "service")
    events.append({**revocation_of(of(events, "enrolment")), "time": last["time"]})
    return renumbered(events)


@pytest.mark.parametrize("telling", [an_older_mandate, revoked_after_the_act])
def test_what_changed_before_or_afterwards_changes_nothing(honest: World, telling: Callable[[Told], Told]):
    report = judge(honest, honest, telling(told(honest)))

    assert report.exit_code == 0, why(report)


def test_one_device_for_two_people_is_neithers_though_an_officer_confirmed_it_twice(honest: World):
    devices = own(honest, SOMCHAI, OFFICER)

    report = judge(forged(honest, {**devices, LIN.id: devices[SOMCHAI.id]}), honest)

    assert report.exit_code == 1
    assert f"field {SOMCHAI.signer}: the approval is by a passkey that somebody else has enrolled too" in why(report)


def test_an_officers_own_device_approves_for_nobody_else(honest: World):
    devices = own(honest, SOMCHAI, OFFICER)

    report = judge(forged(honest, {**devices, LIN.id: devices[OFFICER.id]}), honest)

    assert report.exit_code == 1
    assert f"field {LIN.signer}: the approval is by the passkey of an officer who is somebody else" in why(report)


def confirmed_by(events: Told, officer: TrustedOfficer, device: Authenticator) -> Told:
    event = of(events, "confirmation")
    stated = ConfirmationStatement.from_json(Confirmation.from_der(from_base64url(event["confirmation"])).statement)
    stated = replace(stated, officer=officer.id)
    event["confirmation"] = to_base64url(Confirmation(stated.to_json(), device.approve(stated.challenge())).to_der())
    event["officer"] = officer.id
    return events


@pytest.mark.parametrize(("officer", "code"), [(SECOND_OFFICER, 0), (LIN, 1)], ids=["a colleague", "herself"])
def test_an_officer_who_is_a_representative_confirms_others_and_never_herself(
    honest: World,
    officer: Person,
    code: int,
):
    device = authenticator("office")
    named = TrustedOfficer(officer.id, officer.name, (device.passkeys[-1].cose_key,))
    officers = (*honest.trust_file().officers, named)

    report = judge(honest, honest, confirmed_by(told(honest), named, device), officers=officers)

    assert report.exit_code == code, why(report)
    assert ("Lin Shuyi confirmed, whose own it is" in why(report)) is bool(code)


@pytest.mark.parametrize(("officer", "code"), [(SECOND_OFFICER, 0), (LIN, 1)], ids=["a colleague", "herself"])
def test_an_officer_whose_name_has_a_per_cent_sign_is_judged_as_any_other(honest: World, officer: Person, code: int):
    device = authenticator("office")
    named = TrustedOfficer(officer.id, "Lin 100% (s)", (device.passkeys[-1].cose_key,))
    officers = (*honest.trust_file().officers, named)

    report = judge(honest, honest, confirmed_by(told(honest), named, device), officers=officers)

    assert report.exit_code == code, why(report)
    assert ("Lin 100% (s) confirmed, whose own it is" in why(report)) is bool(code)


def test_a_trust_file_to_which_the_server_added_an_officer_is_no_successor(
    honest: World,
    rogue: dict[str, Authenticator],
):
    """With it the forgery would pass; so an auditor takes a new one only if an officer of the old one signed it."""
    auditors = format_trust_file(honest.trust_file())
    stranger = TrustedOfficer("stranger", "A Stranger", (rogue[OFFICER.id].passkeys[-1].cose_key,))
    new = replace(honest.trust_file(), predecessor=unsigned_predecessor(auditors))
    new = replace(new, officers=(*new.officers, stranger))
    events = confirmed_by(told(honest), stranger, rogue[OFFICER.id])
    assert judge(honest, honest, events, officers=new.officers).exit_code == 0
    assert judge(honest, honest, events).exit_code == 1

    device = honest.ceremony.passkeys[OFFICER.id]
    challenge = succession_challenge(new)
    assert accepted(auditors, sign_succession(new, device.approve(challenge)))
    assert not accepted(auditors, sign_succession(new, RECORD_KEY))
    assert not accepted(auditors, sign_succession(new, rogue[OFFICER.id].approve(challenge)))


def accepted(auditors: bytes, new: TrustFile) -> bool:
    try:
        verify_succession(auditors, format_trust_file(new))
    except VerificationError:
        return False
    return True
