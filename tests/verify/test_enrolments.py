"""Step 6: whose passkey approved. Each lie about it, told by an operator with all keys, fails for its own reason."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from signing_service.approval import Confirmation, ConfirmationStatement
from signing_service.ceremony.authenticator import Authenticator, Behaviour
from signing_service.encoding import from_base64url, sha256_hex, to_base64url
from signing_service.evidence.trust import TrustedOfficer
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Step, Verdict
from signing_service.verify.verifier import verify_bundle, verify_pdf
from tests.approval.cast import add_passkey, authenticator
from tests.cast import LIN, NOON, OFFICER, SECOND_OFFICER, SOMCHAI
from tests.verify.world import LATER, Event, World, devices, passkey_ceremony, the_passkey_ceremony

LIE = Callable[[list[Event]], None]


@pytest.fixture(scope="module")
def world() -> World:
    return the_passkey_ceremony()


def verify(world: World, events: list[Event] | None = None, **trust: Any) -> Report:
    return verify_bundle(world.bundle(events), world.trust(**trust), LATER)


def reasons(report: Report) -> str:
    return "; ".join(f"{check.subject}: {check.message}" for check in report.problems if check.step is Step.APPROVAL)


def renumbered(events: list[Event]) -> list[Event]:
    """Give each agreement event its sequence anew after one was taken out, put in or moved."""
    moved, count = {}, 0
    for event in events:
        if event["scope"] != "service":
            moved[event["sequence"]], event["sequence"] = count, count
            count += 1
    for event in events:
        for link in ("issuance", "enrolment"):
            if isinstance(event.get(link), int):
                event[link] = moved.get(event[link], event[link])
    return events


def of(events: list[Event], kind: str, signer: str = LIN.signer) -> Event:
    return next(event for event in events if event["type"] == kind and event.get("signer") == signer)


def test_confirmed_passkeys_pass_and_the_report_says_who_confirmed_whom_and_how(world):
    report = verify(world)
    assert report.verdict is Verdict.PASSED, reasons(report)

    lin = next(item for item in report.signatures if item.field == LIN.signer)
    assert (lin.assurance, lin.approval) == ("passkey", "a passkey")
    assert lin.identity == "officer Mei Tan confirmed the passkey by video at 2025-04-11 04:00 UTC"
    assert (lin.consent[:11], lin.consent_language) == ("I have read", "en")
    countersignature = next(item for item in report.signatures if item.kind == "countersignature")
    assert countersignature.identity == "officer Mei Tan's passkey is in the trust file"


def test_the_intact_pdf_alone_is_indeterminate_with_good_signatures(world):
    report = verify_pdf(world.pdf, world.trust(), LATER)

    assert report.exit_code == 3
    assert {item.verdict for item in report.signatures} == {Verdict.PASSED}
    assert "nothing is known of the passkeys" in reasons(report)


def test_without_a_trust_file_the_officers_are_not_known(world):
    report = verify_bundle(world.bundle(), Trust(), LATER)

    assert report.exit_code == 3
    assert all(item.intact for item in report.signatures)


def without(kind: str) -> LIE:
    def lie(events: list[Event]) -> None:
        events.remove(of(events, kind))

    return lie


def enrolled_too_late(events: list[Event]) -> None:
    enrolment, confirmation = of(events, "enrolment"), of(events, "confirmation")
    for event in (enrolment, confirmation):
        events.remove(event)
        events.append(event)


def confirmed_too_late(events: list[Event]) -> None:
    confirmation = of(events, "confirmation")
    events.remove(confirmation)
    events.insert(events.index(of(events, "issuance")) + 1, confirmation)


def somebody_elses_confirmation(events: list[Event]) -> None:
    of(events, "confirmation")["confirmation"] = of(events, "confirmation", SOMCHAI.signer)["confirmation"]


def a_changed_confirmation(events: list[Event]) -> None:
    event = of(events, "confirmation")
    confirmation = Confirmation.from_der(from_base64url(event["confirmation"]))
    stated = replace(ConfirmationStatement.from_json(confirmation.statement), method="in-person")
    event["confirmation"] = to_base64url(replace(confirmation, statement=stated.to_json()).to_der())


def enrolled_by_somebody_else(events: list[Event]) -> None:
    of(events, "enrolment")["person"] = "somchai"


def enrolled_with_another_key(events: list[Event]) -> None:
    of(events, "enrolment")["key"] = of(events, "enrolment", SOMCHAI.signer)["key"]


def enrolled_for_another_mandate(events: list[Event]) -> None:
    of(events, "enrolment")["mandate_sha256"] = sha256_hex(b"another")


def enrolled_for_another_signer(events: list[Event]) -> None:
    of(events, "enrolment")["signer"] = SOMCHAI.signer


def revoked(events: list[Event]) -> None:
    events.insert(events.index(of(events, "issuance")), revocation_of(of(events, "enrolment")))


def revocation_of(enrolment: Event) -> Event:
    """The representative's own revocation of an enrolment; it is numbered later."""
    kept = {name: enrolment[name] for name in ("v", "scope", "time", "signer", "key_sha256")}
    members = {"type": "revocation", "enrolment": enrolment["sequence"], "sequence": 1000, "reason": "lost"}
    return {**kept, **members, "by": LIN.id}


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (without("enrolment"), "not enrolled for approvals of this signer before the act"),
        (without("confirmation"), "no officer confirmed before the act"),
        (enrolled_too_late, "not enrolled for approvals of this signer before the act"),
        (confirmed_too_late, "no officer confirmed before the act"),
        (somebody_elses_confirmation, "confirmation is for another signer|confirmed under another name"),
        (a_changed_confirmation, "passkey approved another statement"),
        (enrolled_by_somebody_else, "somebody else enrolled than the mandate names"),
        (enrolled_with_another_key, "enrolment does not hold its key"),
        (enrolled_for_another_mandate, "enrolled for another mandate"),
        (enrolled_for_another_signer, "enrolled for another signer"),
        (revoked, "was revoked on 2025-04-11, before the act"),
    ],
)
def test_a_lie_about_the_enrolment_fails_for_its_own_reason(world, lie, reason):
    events = copy.deepcopy(world.events())
    lie(events)

    report = verify(world, renumbered(events))

    assert report.exit_code == 1
    assert re.search(reason, reasons(report)), reasons(report)


def test_a_revocation_after_the_act_changes_nothing(world):
    events = copy.deepcopy(world.events())
    enrolment = of(events, "enrolment")
    events.append({**revocation_of(enrolment), "time": events[-1]["time"]})

    assert verify(world, renumbered(events)).exit_code == 0


def test_a_rogue_confirmation_beside_the_good_one_changes_nothing(world):
    events = copy.deepcopy(world.events())
    good = of(events, "confirmation")
    stated = Confirmation.from_der(from_base64url(good["confirmation"])).statement
    by_another = authenticator().approve(ConfirmationStatement.from_json(stated).challenge())
    rogue = to_base64url(Confirmation(stated, by_another).to_der())
    events.insert(events.index(good), {**good, "confirmation": rogue})

    assert verify(world, renumbered(events)).exit_code == 0


def test_an_officer_whom_the_trust_file_does_not_name_confirms_nothing(world):
    stranger = TrustedOfficer(SECOND_OFFICER.id, SECOND_OFFICER.name, (authenticator().passkeys[0].cose_key,))
    report = verify(world, officers=(stranger,))

    assert report.exit_code == 1
    assert "whom the trust file does not name" in reasons(report)
    assert "not this officer's in the trust file" in reasons(report)


def test_a_server_that_holds_an_officers_name_but_not_the_passkey_confirms_nothing(world):
    rogue = TrustedOfficer(OFFICER.id, OFFICER.name, (authenticator().passkeys[0].cose_key,))
    report = verify(world, officers=(rogue,))

    assert report.exit_code == 1
    assert "not one of officer officer in the trust file" in reasons(report)


def test_what_an_officer_confirmed_before_leaving_still_counts(world):
    officer = world.trust_file().officers[0]

    assert verify(world, officers=(replace(officer, until=NOON + timedelta(days=1)),)).exit_code == 0
    left = verify(world, officers=(replace(officer, until=NOON - timedelta(days=1)),))
    assert left.exit_code == 1
    assert "confirmed after leaving" in reasons(left)


def broken(person: Any, behaviour: Behaviour) -> dict[str, Authenticator]:
    made = devices(LIN, SOMCHAI, OFFICER)
    made[person.id].behaviour = behaviour
    return made


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(user_verified=False), "without verifying the person"),
        (Behaviour(user_present=False), "without the person being present"),
        (Behaviour(origin="https://sign.example.net"), "foreign page"),
        (Behaviour(relying_party_id="example.net"), "another relying party"),
    ],
)
def test_a_passkey_used_otherwise_fails_for_its_own_reason(behaviour, reason):
    report = verify(World(passkey_ceremony(broken(LIN, behaviour))))

    assert report.exit_code == 1
    assert reason in reasons(report)


def test_a_login_passkey_does_not_approve():
    passkeys = devices(LIN, SOMCHAI, OFFICER)
    world = World(passkey_ceremony(passkeys))
    add_passkey(passkeys[LIN.id])  # the one that is enrolled; the first one, for login, approved
    report = verify(world)

    assert report.exit_code == 1
    assert "not enrolled for approvals of this signer" in reasons(report)


@pytest.mark.parametrize("person", [LIN, OFFICER])
def test_a_password_where_the_sealed_rules_ask_for_a_passkey_fails(person):
    passkeys = devices(LIN, SOMCHAI, OFFICER)
    trusted = World(passkey_ceremony(passkeys))
    del passkeys[person.id]
    ceremony = passkey_ceremony(passkeys)
    ceremony.passkeys = dict(trusted.ceremony.passkeys) | {OFFICER.id: passkeys.get(OFFICER.id) or authenticator()}
    report = verify(World(ceremony))

    assert report.exit_code == 1
    assert any("the approval is by service, the terms ask for passkey" in check.message for check in report.problems)
