"""An officer leaves by a colleague's passkey: what was accepted before stays good, and nothing is accepted after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ApprovalError, NotAllowedError, NotFoundError
from signing_service.evidence.trust import parse_trust_file
from signing_service.store import ledger, openings
from signing_service.verify.verdict import Verdict
from signing_service.workflow.confirmation import waiting_enrolments
from signing_service.workflow.download import evidence, trust_file
from signing_service.workflow.extension import begin_extension, extend
from signing_service.workflow.officers import add_officer
from signing_service.workflow.paper import Page, attest, begin_attestation
from signing_service.workflow.passkeys import CHALLENGE_LIFETIME
from signing_service.workflow.people import NewPerson
from signing_service.workflow.succession import begin_removal, succeed
from tests.cast import LIN, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import PASSKEY_RULES, Devices
from tests.workflow.judging import verify_evidence
from tests.workflow.test_extension import EXTENDABLE, LATER, REASON, RULES, published_under
from tests.workflow.test_officers import sign_in_officer
from tests.workflow.test_paper import SCAN
from tests.workflow.world import Signing, World


def countersign_as(devices: Devices, officer_id: str) -> None:
    signing = Signing(devices.world, officer_id, SECRETARIAT).begin()
    devices.approve(signing)
    signing.complete()


def confirm_as(devices: Devices, officer_id: str) -> None:
    [waiting] = waiting_enrolments(devices.world.service, devices.world.officer)
    devices.confirm(waiting, officer_id)


def attest_as(devices: Devices, officer_id: str) -> None:
    given = (devices.world.service, officer_id, devices.world.agreement, SOMCHAI.signer)
    begun = begin_attestation(*given, Page(SCAN, devices.world.clock.now.date()))
    attest(*given, devices.device(officer_id).get(begun["passkey"]), SCAN)


def extend_as(devices: Devices, officer_id: str) -> None:
    given = (devices.world.service, officer_id, devices.world.agreement)
    begun = begin_extension(*given, f"{LATER:%Y-%m-%dT%H:%M:%S}", "UTC", REASON)
    extend(*given, devices.device(officer_id).get(begun["passkey"]))


RULES_FOR: dict[Callable[[Devices, str], None], str] = {  # all others ask for passkeys
    attest_as: RULES + 'paper = "counts"\n',
    extend_as: EXTENDABLE,
}


def leaving(world: World, act: Callable[[Devices, str], None]) -> tuple[Devices, str]:
    """All is ready for the act, of which a second officer is capable, too."""
    devices = Devices.in_(published_under(world, RULES_FOR.get(act, PASSKEY_RULES)))
    world = devices.world
    newcomer = NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email)
    ruslan = add_officer(world.service, world.officer, newcomer, "lead-officer")
    devices.add_officer(ruslan)
    sign_in_officer(devices, ruslan)
    if act in RULES_FOR:
        world.sign(LIN)
        return devices, ruslan
    for person in (LIN, SOMCHAI) if act is countersign_as else (LIN,):
        devices.confirm(devices.enrol(person))
        devices.sign(person)
    if act is confirm_as:
        devices.enrol(SOMCHAI)
    return devices, ruslan


def verdict(devices: Devices, act: Callable[[Devices, str], None]) -> Verdict:
    """Of the evidence, once all is done that waited for the act."""
    world = devices.world
    if act is confirm_as:
        devices.sign(SOMCHAI)
    if act is extend_as:
        world.clock.now = LATER - timedelta(hours=1)
        world.sign(SOMCHAI)
    if act is not countersign_as:
        devices.countersign()
    world.archive()
    return verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world).verdict


@pytest.mark.parametrize("act", [countersign_as, confirm_as, attest_as, extend_as])
def test_what_officers_do_while_another_is_asked_to_let_them_leave_stays_good(
    world: World, act: Callable[[Devices, str], None]
):
    devices, ruslan = leaving(world, act)
    world, mei = devices.world, devices.world.officer
    begun = begin_removal(world.service, mei, ruslan)
    world.clock.now += CHALLENGE_LIFETIME - timedelta(seconds=1)
    act(devices, ruslan)
    succeed(world.service, mei, devices.device(mei).get(begun["passkey"]))

    assert verdict(devices, act) is Verdict.PASSED


@pytest.mark.parametrize("act", [countersign_as, confirm_as, attest_as, extend_as])
def test_who_has_left_does_nothing_more_although_the_trust_file_names_a_later_time(
    world: World, act: Callable[[Devices, str], None]
):
    devices, ruslan = leaving(world, act)
    world, mei = devices.world, devices.world.officer
    succeed(world.service, mei, devices.device(mei).get(begin_removal(world.service, mei, ruslan)["passkey"]))
    left = parse_trust_file(trust_file(world.service)).officer(ruslan)
    assert left is not None
    assert left.may_act_at(world.clock.now)
    with pytest.raises((NotAllowedError, NotFoundError)):
        act(devices, ruslan)

    act(devices, mei)
    assert verdict(devices, act) is Verdict.PASSED


@pytest.mark.parametrize("waits", [CHALLENGE_LIFETIME - timedelta(seconds=1), CHALLENGE_LIFETIME])
def test_a_removal_that_waits_until_the_officer_might_act_too_late_is_begun_again(
    world: World, waits: timedelta, monkeypatch: pytest.MonkeyPatch
):
    devices, ruslan = leaving(world, countersign_as)
    world, mei, append = devices.world, devices.world.officer, ledger.append
    answer = devices.device(mei).get(begin_removal(world.service, mei, ruslan)["passkey"])

    def after_others(session: Session, scope: str, of: str, *given: Any) -> ledger.Appended:
        if of == "officer-removed":
            world.clock.now += waits
        return append(session, scope, of, *given)

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", after_others)
        if waits < CHALLENGE_LIFETIME:
            succeed(world.service, mei, answer)
            return
        with pytest.raises(ApprovalError, match="came too late"):
            succeed(world.service, mei, answer)
    countersign_as(devices, ruslan)
    succeed(world.service, mei, devices.device(mei).get(begin_removal(world.service, mei, ruslan)["passkey"]))
    assert verdict(devices, countersign_as) is Verdict.PASSED


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("meanwhile", [False, True])
@pytest.mark.parametrize(
    ("act", "type"),
    [
        (countersign_as, "countersignature"),
        (confirm_as, "confirmation"),
        (attest_as, "paper"),
        (extend_as, "extension"),
    ],
)
def test_who_leaves_while_an_act_waits_for_the_log_has_not_done_it(
    world: World, act: Callable[[Devices, str], None], type: str, meanwhile: bool, monkeypatch: pytest.MonkeyPatch
):
    devices, ruslan = leaving(world, act)
    world, mei, append = devices.world, devices.world.officer, ledger.append
    answer = devices.device(mei).get(begin_removal(world.service, mei, ruslan)["passkey"])

    def after_the_removal(session: Session, scope: str, of: str, *given: Any) -> ledger.Appended:
        if of == type and meanwhile:
            succeed(world.service, mei, answer)
        return append(session, scope, of, *given)

    monkeypatch.setattr(ledger, "append", after_the_removal)
    if meanwhile:
        with pytest.raises(NotAllowedError, match="only an officer"):
            act(devices, ruslan)
    else:
        act(devices, ruslan)
    with world.service.database.read() as session:
        last = openings.of_scope(session, world.agreement)[-1]
    assert (last.type == type) is (not meanwhile)
