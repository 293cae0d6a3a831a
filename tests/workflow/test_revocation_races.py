"""A passkey that is revoked in the same moment in which it approves, or is confirmed, enrolled or revoked elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from signing_service.errors import ApprovalError, ConflictError, NotAllowedError, NotFoundError
from signing_service.store import agreements, attempts, openings, passkeys
from signing_service.verify.verdict import Verdict
from signing_service.workflow import approvals
from signing_service.workflow.approval_keys import Enrolled, enrol_again, own_enrolments, revoke
from signing_service.workflow.approvals import PasskeyAnswer
from signing_service.workflow.confirmation import begin_confirmation, confirm
from signing_service.workflow.download import evidence
from signing_service.workflow.refusal import begin_refusal, refuse
from tests.cast import LIN, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.judging import verify_evidence
from tests.workflow.meanwhile import Meanwhile
from tests.workflow.test_lock_order import PATIENCE, WAITING, on_postgresql, wait_until_it_waits
from tests.workflow.world import World


@pytest.fixture
def devices(world: World) -> Devices:
    """Somchai has signed; Lin is about to."""
    devices = Devices.in_(asking_for_passkeys(world))
    devices.confirm(devices.enrol(SOMCHAI))
    devices.sign(SOMCHAI)
    return devices


def confirmed(devices: Devices) -> Enrolled:
    enrolled = devices.enrol(LIN)
    devices.confirm(enrolled)
    return enrolled


def elsewhere(devices: Devices) -> Enrolled:
    """The passkey that Lin has, enrolled for another agreement too."""
    other = asking_for_passkeys(devices.world)
    return enrol_again(other.service, other.ids[LIN], other.agreement, LIN.signer)


def lost(devices: Devices, enrolled: Enrolled) -> None:
    revoke(devices.world.service, devices.world.ids[LIN], enrolled.id, "lost")


def acts_of_lin(devices: Devices) -> list[str]:
    with devices.world.service.database.read() as session:
        types = [opening.type for opening in openings.of_scope(session, devices.world.agreement)]
    return [type for type in types if type in ("issuance", "signature", "refusal", "revocation")][2:]


def is_proven(devices: Devices) -> bool:
    """Whether the agreement's evidence passes, once Lin has signed with a new passkey and it is closed."""
    devices.of.pop(devices.world.ids[LIN])
    confirmed(devices)
    devices.sign(LIN)
    devices.countersign()
    devices.world.archive()
    _, bundle = evidence(devices.world.service, devices.world.officer, devices.world.agreement)
    return verify_evidence(bundle, devices.world).verdict is Verdict.PASSED


@on_postgresql
@pytest.mark.parametrize("after", ["_identify", "note_use"])
def test_a_passkey_that_is_revoked_while_it_approves_signs_nothing_and_spoils_nothing(
    devices: Devices, after: str, monkeypatch: pytest.MonkeyPatch
):
    enrolled = confirmed(devices)
    signing = devices.world.signing(LIN)
    revoking = Meanwhile(monkeypatch, approvals, after, lambda: lost(devices, enrolled))
    with pytest.raises(NotAllowedError, match="nothing was signed"):
        devices.approve(signing)  # it is prepared only if that comes before the revocation, which waited
        signing.complete()
    revoking.result()
    assert acts_of_lin(devices) == ["issuance", "revocation"]
    assert is_proven(devices)


def decline(devices: Devices) -> None:
    world = devices.world
    begun = begin_refusal(world.service, world.ids[LIN], world.agreement, LIN.signer, "Not now.")
    answer = PasskeyAnswer(devices.device(world.ids[LIN]).get(begun["passkey"]))
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "Not now.", answer)


@on_postgresql
@pytest.mark.parametrize("after", ["_identify", "note_use"])
def test_a_passkey_that_is_revoked_while_it_declines_is_revoked_after_that(
    devices: Devices, after: str, monkeypatch: pytest.MonkeyPatch
):
    enrolled = confirmed(devices)
    revoking = Meanwhile(monkeypatch, approvals, after, lambda: lost(devices, enrolled))
    decline(devices)
    revoking.result()
    assert acts_of_lin(devices) == ["refusal", "revocation"]
    assert is_proven(devices)


@pytest.mark.parametrize("revoked", [True, False])
def test_what_a_revoked_passkey_approved_is_not_signed_on_a_machine_whose_clock_is_behind(
    devices: Devices, revoked: bool
):
    enrolled = confirmed(devices)
    signing = devices.world.signing(LIN)
    devices.approve(signing)
    devices.world.clock.forward(seconds=30)
    if revoked:
        lost(devices, enrolled)
    behind = devices.world.clock.now - timedelta(seconds=2)
    signing.world = replace(devices.world, service=replace(devices.world.service, clock=lambda: behind))
    with pytest.raises(NotAllowedError, match="nothing was signed") if revoked else nullcontext():
        signing.complete()


@on_postgresql
def test_a_signature_that_waits_while_its_passkey_is_revoked_is_not_stored(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    enrolled = confirmed(devices)
    signing = devices.world.signing(LIN)
    devices.approve(signing)
    devices.world.clock.forward(seconds=30)
    before = devices.world.clock.now - timedelta(seconds=1)  # when the signature came, and began to wait
    signing.world = replace(devices.world, service=replace(devices.world.service, clock=lambda: before))
    completing = Meanwhile(monkeypatch, attempts, "end_all_of", signing.complete)
    lost(devices, enrolled)
    with pytest.raises(NotAllowedError, match="nothing was signed"):
        completing.result()


@on_postgresql
def test_who_declines_waits_for_a_revocation_without_holding_the_agreement(devices: Devices):
    """Else: the revocation waits for a signature, that for the agreement, and who declines for the passkey."""
    world, enrolled = devices.world, confirmed(devices)
    signing = world.signing(LIN)
    devices.approve(signing)
    with ThreadPoolExecutor(2) as pool:
        with world.service.database.begin() as session:
            attempts.find(session, signing.attempt["attempt"], lock=True)  # as who stores the signature
            revoking = pool.submit(lost, devices, enrolled)
            wait_until_it_waits(session, revoking)
            declining = pool.submit(decline, devices)
            while session.execute(WAITING).scalar_one() < 2:
                assert not declining.done(), "it waited for nothing"
            agreements.hold(session, world.agreement)
        revoking.result(PATIENCE)
        with pytest.raises(ApprovalError, match="this passkey is not one of yours"):
            declining.result(PATIENCE)


@on_postgresql
def test_of_two_who_revoke_one_passkey_for_two_agreements_the_second_finds_it_revoked(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    first = confirmed(devices)
    second = elsewhere(devices)
    other = Meanwhile(monkeypatch, passkeys, "lock_enrolment", lambda: lost(devices, second))
    lost(devices, first)
    with pytest.raises(ConflictError, match="revoked already"):
        other.result()


@on_postgresql
def test_a_passkey_that_is_confirmed_for_one_agreement_while_it_is_revoked_for_another_is_revoked_for_both(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    first = confirmed(devices)
    second = elsewhere(devices)
    world = devices.world
    begun = begin_confirmation(world.service, world.officer, second.id, "video")
    revoking = Meanwhile(monkeypatch, passkeys, "lock_enrolment", lambda: lost(devices, first))
    confirm(world.service, world.officer, second.id, devices.device(world.officer).get(begun["passkey"]))
    revoking.result()
    states = [own_enrolments(world.service, world.ids[LIN], one.agreement, LIN.signer) for one in (first, second)]
    assert [enrolled.state for [enrolled] in states] == ["revoked", "revoked"]


@on_postgresql
def test_a_passkey_that_is_being_revoked_is_enrolled_for_nothing_more(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    first = confirmed(devices)
    enrolling = Meanwhile(monkeypatch, passkeys, "of_credential", lambda: elsewhere(devices))
    lost(devices, first)
    with pytest.raises(NotFoundError, match="no approval passkey"):
        enrolling.result()
