"""What is bound to a time is judged by the time that its event bears, as `verify` does, whatever it waited for.

Two clocks are in play: that of a request, which stands still or goes on while it waits for the agreement, and that of
the record, in which a machine that is some seconds ahead may have a later minute already.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from signing_service.encoding import format_time
from signing_service.errors import ApprovalError, InputError, NotAllowedError
from signing_service.store import agreements, openings
from signing_service.store.attempts import AttemptRow
from signing_service.store.tables import Agreement
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approval_keys import enrol, revoke
from signing_service.workflow.approvals import Answer, PasskeyAnswer, Password
from signing_service.workflow.attempts import own_attempt
from signing_service.workflow.download import evidence
from signing_service.workflow.extension import begin_extension, extend
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.paper import Page, attest, begin_attestation
from signing_service.workflow.passkeys import registration_options
from signing_service.workflow.refusal import EXPIRY, begin_refusal, refuse
from tests.cast import LIN, PASSWORD, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.judging import verify_evidence
from tests.workflow.test_extension import CLOSES, LATER, REASON, RULES, closing
from tests.workflow.test_paper import SCAN, begin
from tests.workflow.world import World

BOTH = RULES + f'closes = "{format_time(CLOSES)}"\nextension = "allowed"\npaper = "counts"\n'
ACTS = ("extension", "paper")
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def begun(devices: Devices, act: str) -> Callable[[], Any]:
    """An act of the officer's whose passkey has answered."""
    world = devices.world
    device, given = devices.device(world.officer), (world.service, world.officer, world.agreement)
    if act == "paper":
        on_paper = device.get(begin(devices)["passkey"])
        return lambda: attest(*given, LIN.signer, on_paper, SCAN)
    answer = device.get(begin_extension(*given, f"{LATER:%Y-%m-%dT%H:%M:%S}", "UTC", REASON)["passkey"])
    return lambda: extend(*given, answer)


def recorded(world: World) -> list[str]:
    with world.service.database.read() as session:
        return [opening.type for opening in openings.of_scope(session, world.agreement)]


def wait_for_the_agreement(world: World, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let others hold the agreement so long."""
    lock = agreements.lock

    def after_others(session: Session, agreement_id: str) -> Agreement:
        held = lock(session, agreement_id)
        world.clock.forward(seconds=seconds)
        return held

    monkeypatch.setattr(agreements, "lock", after_others)


def record_ahead(devices: Devices, seconds: int) -> None:
    """Let a machine whose clock is ahead record something under the agreement, in this minute or the next."""
    world, person = devices.world, devices.world.ids[SOMCHAI]
    answer = devices.device(person).create(registration_options(world.service, person, "approval"))
    world.clock.forward(seconds=seconds)
    enrol(world.service, person, world.agreement, SOMCHAI.signer, answer)
    world.clock.forward(seconds=-seconds)


def finished(devices: Devices, act: str) -> Verdict:
    """The verdict once all who have not signed have, which takes a later end where signing was extended."""
    world = devices.world
    if act == "extension":
        world.clock.now = CLOSES + timedelta(hours=1)
        world.sign(LIN)
    world.sign(SOMCHAI)
    devices.countersign()
    world.archive()
    return verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world).verdict


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("waits", [1, 2])
def test_an_act_that_waits_past_the_end_of_signing_is_refused(
    world: World, act: str, waits: int, monkeypatch: pytest.MonkeyPatch
):
    devices = closing(world, BOTH)
    devices.world.clock.now = CLOSES - timedelta(seconds=2)
    perform = begun(devices, act)
    with monkeypatch.context() as patched:
        wait_for_the_agreement(devices.world, patched, waits)
        if waits == 1:
            perform()
        else:
            with pytest.raises(NotAllowedError, match="signing closed at"):
                perform()
    assert recorded(devices.world).count(act) == (waits == 1)
    if waits == 1:
        devices.world.clock.now = CLOSES - timedelta(seconds=1)
        assert finished(devices, act) is Verdict.PASSED


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("ahead", "refused"), [(8, False), (9, True)])
def test_an_act_that_would_be_dated_at_the_end_of_signing_is_refused(
    world: World, act: str, ahead: int, refused: bool
):
    devices = closing(world, BOTH)
    devices.world.clock.now = CLOSES - timedelta(seconds=9)
    perform = begun(devices, act)
    record_ahead(devices, ahead)
    if not refused:
        perform()
        assert finished(devices, act) is Verdict.PASSED
        return
    with pytest.raises(NotAllowedError, match="signing closed at"):
        perform()
    assert act not in recorded(devices.world)


def declined(devices: Devices) -> bool:
    """Whether Lin has declined, with nothing that `verify` finds wrong."""
    world = devices.world
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.INDETERMINATE, report.problems  # signatures are missing
    return "refusal" in recorded(world)


def decline(world: World, answer: Answer) -> None:
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "not authorised", answer)


@pytest.mark.parametrize(("ahead", "refused"), [(30, False), (31, True)])
def test_a_refusal_that_would_be_dated_after_its_approval_expired_is_refused(
    world: World, ahead: int, refused: bool
):
    devices = Devices.in_(asking_for_passkeys(world))
    world = devices.world
    devices.confirm(devices.enrol(LIN))
    world.clock.forward(seconds=30)
    options = begin_refusal(world.service, world.ids[LIN], world.agreement, LIN.signer, "not authorised")["passkey"]
    answer = PasskeyAnswer(devices.device(world.ids[LIN]).get(options))
    world.clock.now += EXPIRY - timedelta(seconds=1)
    record_ahead(devices, ahead)
    if refused:
        with pytest.raises(ApprovalError, match="came too late"):
            decline(world, answer)
    else:
        decline(world, answer)
    assert declined(devices) is (not refused)


@pytest.mark.parametrize(("ahead", "refused"), [(4, False), (5, True)])
def test_a_refusal_that_would_be_dated_after_the_mandates_last_day_is_refused(
    world: World, ahead: int, refused: bool
):
    devices = closing(world, RULES)
    world = devices.world
    today = world.clock.now.date()
    authority = Authority("Rector's office", today, today)
    give_mandate(
        world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority, "for today only"
    )
    world.clock.now = CLOSES.replace(day=today.day, hour=23, minute=59, second=55)
    record_ahead(devices, ahead)
    if refused:
        with pytest.raises(NotAllowedError, match="is valid from"):
            decline(world, Password(PASSWORD))
    else:
        decline(world, Password(PASSWORD))
    assert declined(devices) is (not refused)


@pytest.mark.parametrize(("waits", "refused"), [(4, False), (5, True)])
def test_a_refusal_is_dated_when_the_agreement_is_held(
    world: World, waits: int, refused: bool, monkeypatch: pytest.MonkeyPatch
):
    devices = closing(world)
    world = devices.world
    world.clock.now = CLOSES - timedelta(seconds=5)
    with monkeypatch.context() as patched:
        wait_for_the_agreement(world, patched, waits)
        if refused:
            with pytest.raises(NotAllowedError, match="signing closed at"):
                decline(world, Password(PASSWORD))
        else:
            decline(world, Password(PASSWORD))
    assert declined(devices) is (not refused)


@on_postgresql
@pytest.mark.parametrize("revoked", [False, True])
def test_a_signature_that_waits_while_the_passkey_that_approved_it_is_revoked_is_refused(
    world: World, revoked: bool, monkeypatch: pytest.MonkeyPatch
):
    devices = Devices.in_(asking_for_passkeys(world))
    world = devices.world
    enrolled = devices.enrol(LIN)
    devices.confirm(enrolled)
    signing = world.signing(LIN)
    devices.approve(signing)

    def after_others(session: Session, person_id: str, attempt_id: str, *, lock: bool = False) -> AttemptRow:
        if lock:
            world.clock.forward(seconds=1)
        if lock and revoked:
            revoke(world.service, person_id, enrolled.id, "lost")
        return own_attempt(session, person_id, attempt_id, lock=lock)

    monkeypatch.setattr("signing_service.workflow.signing.own_attempt", after_others)
    if revoked:
        with pytest.raises(NotAllowedError, match="has expired"):
            signing.complete()
    else:
        signing.complete()
    assert ("signature" in recorded(world)) is (not revoked)


@pytest.mark.parametrize(("behind", "refused"), [(5, False), (6, True)])
def test_a_page_of_tomorrow_is_attested_on_no_machine_whose_clock_says_yesterday(
    world: World, behind: int, refused: bool
):
    devices = closing(world, BOTH)
    world = devices.world
    world.clock.now = world.clock.now.replace(day=CLOSES.day - 1, hour=0, minute=0, second=5)
    given = (world.service, world.officer, world.agreement, LIN.signer)
    tomorrow = Page(SCAN, world.clock.now.date() + timedelta(days=1))
    answer = devices.device(world.officer).get(begin_attestation(*given, tomorrow)["passkey"])
    world.clock.forward(seconds=-behind)
    if refused:
        with pytest.raises(InputError, match="a day to come"):
            attest(*given, answer, SCAN)
    else:
        attest(*given, answer, SCAN)
        assert finished(devices, "paper") is Verdict.PASSED
    assert ("paper" in recorded(world)) is (not refused)
