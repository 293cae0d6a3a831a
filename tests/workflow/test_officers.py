"""Officers come and go: each change of the trust file is signed by an officer of the file before it, and recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ApprovalError, ConflictError, NotAllowedError, NotFoundError
from signing_service.evidence.succession import verify_succession
from signing_service.evidence.trust import fingerprint, fingerprint_text, parse_trust_file
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, openings
from signing_service.verify.verdict import Verdict
from signing_service.workflow.confirmation import begin_confirmation, waiting_enrolments
from signing_service.workflow.download import evidence, trust_file
from signing_service.workflow.officers import add_officer, officer_keys_of
from signing_service.workflow.paper import Page, attest, begin_attestation
from signing_service.workflow.passkeys import CHALLENGE_LIFETIME
from signing_service.workflow.people import NewPerson
from signing_service.workflow.succession import CLOCKS, begin_addition, begin_removal, succeed
from signing_service.workflow.trust_history import trust_history
from tests.cast import LIN, OFFICER, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import PASSKEY_RULES, Devices, asking_for_passkeys
from tests.workflow.judging import verify_evidence
from tests.workflow.test_extension import RULES, published_under
from tests.workflow.test_paper import SCAN
from tests.workflow.world import Signing, World

PAPER = RULES + 'paper = "counts"\n'


@pytest.fixture
def devices(world: World) -> Devices:
    return Devices.in_(asking_for_passkeys(world))


@pytest.fixture
def ruslan(devices: Devices) -> str:
    """A second officer, whose passkey waits."""
    world = devices.world
    officer = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    devices.add_officer(officer)
    return officer


def sign_in_officer(devices: Devices, officer_id: str) -> None:
    service, mei = devices.world.service, devices.world.officer
    [waiting] = [key for key in officer_keys_of(service, mei) if key.officer == officer_id]
    begun = begin_addition(service, mei, waiting.id)
    succeed(service, mei, devices.device(mei).get(begun["passkey"]))


def service_events(devices: Devices) -> list[str]:
    with devices.world.service.database.read() as session:
        return [opening.type for opening in openings.of_scope(session, SERVICE_SCOPE)]


def test_the_first_officers_passkey_is_in_the_trust_file_at_once(world: World, tmp_path: Path):
    before = trust_file(world.service)
    devices = Devices.in_(world)
    after = trust_file(world.service)

    officer = verify_succession(before, after).officer(world.officer)
    assert officer is not None
    assert officer.keys == (devices.device(world.officer).passkeys[0].cose_key,)
    assert (tmp_path / "trust.json").read_bytes() == after
    assert service_events(devices)[-2:] == ["officer-added", "trust-file"]


def test_older_fingerprints_are_found_with_what_changed_since(world: World):
    files = [trust_file(world.service)]
    devices = Devices.in_(world)
    files.append(trust_file(world.service))
    ruslan = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    devices.add_officer(ruslan)
    sign_in_officer(devices, ruslan)
    files.append(trust_file(world.service))
    begun = begin_removal(world.service, world.officer, ruslan)
    succeed(world.service, world.officer, devices.device(world.officer).get(begun["passkey"]))
    files.append(trust_file(world.service))

    history = trust_history(world.service)[::-1]

    assert [one.fingerprint for one in history] == [fingerprint_text(fingerprint(data)) for data in files]
    assert [(one.number, one.change, one.officers) for one in history] == [
        (1, "first", ()),
        (2, "officer-added", (OFFICER.name,)),
        (3, "officer-added", (SECOND_OFFICER.name,)),
        (4, "officer-removed", (SECOND_OFFICER.name,)),
    ]
    assert history[-1].since == world.clock.now


def test_a_second_officer_counts_once_the_first_has_signed(devices: Devices, ruslan: str):
    enrolled = devices.enrol(LIN)
    with pytest.raises(NotAllowedError, match="no passkey of yours is in the trust file"):
        begin_confirmation(devices.world.service, ruslan, enrolled.id, "video")
    before = trust_file(devices.world.service)

    sign_in_officer(devices, ruslan)

    verify_succession(before, trust_file(devices.world.service))
    devices.confirm(enrolled, ruslan)
    devices.sign(LIN)


def test_an_officer_who_is_not_signed_in_signs_nobody_in(devices: Devices, ruslan: str):
    service = devices.world.service
    [own] = [key for key in officer_keys_of(service, ruslan) if key.officer == ruslan]
    with pytest.raises(NotAllowedError):
        begin_addition(service, ruslan, own.id)


def test_both_officers_see_the_same_key(devices: Devices, ruslan: str):
    service = devices.world.service
    keys = {key.key for asker in (ruslan, devices.world.officer) for key in officer_keys_of(service, asker)}
    assert len(keys) == 2  # one a device, whoever asks


def test_a_successor_that_came_second_is_refused(devices: Devices, ruslan: str):
    service, mei = devices.world.service, devices.world.officer
    [waiting] = [key for key in officer_keys_of(service, mei) if key.officer == ruslan]
    answer = devices.device(mei).get(begin_addition(service, mei, waiting.id)["passkey"])
    sign_in_officer(devices, ruslan)
    with pytest.raises((ApprovalError, ConflictError)):
        succeed(service, mei, answer)


def test_a_login_passkey_signs_no_successor(devices: Devices, ruslan: str):
    service, mei = devices.world.service, devices.world.officer
    devices.add_login(mei)
    [waiting] = [key for key in officer_keys_of(service, mei) if key.officer == ruslan]
    options = {**begin_addition(service, mei, waiting.id)["passkey"], "allowCredentials": []}
    with pytest.raises(ApprovalError, match="another use"):
        succeed(service, mei, devices.device(mei).get(options))


def test_what_an_officer_confirmed_stays_good_after_leaving(devices: Devices, ruslan: str):
    sign_in_officer(devices, ruslan)
    world, mei = devices.world, devices.world.officer
    for person in (LIN, SOMCHAI):
        devices.confirm(devices.enrol(person), ruslan)
        devices.sign(person)
    world.clock.forward(hours=1)
    begun = begin_removal(world.service, mei, ruslan)
    succeed(world.service, mei, devices.device(mei).get(begun["passkey"]))
    devices.countersign()
    world.archive()

    left = parse_trust_file(trust_file(world.service)).officer(ruslan)
    assert left is not None
    assert left.until is not None
    assert world.clock.now < left.until <= world.clock.now + CHALLENGE_LIFETIME + CLOCKS
    _, bundle = evidence(world.service, mei, world.agreement)
    assert verify_evidence(bundle, world).verdict is Verdict.PASSED
    with pytest.raises(NotFoundError):
        begin_removal(world.service, mei, ruslan)


def test_nobody_ends_their_own_office(devices: Devices):
    with pytest.raises(NotAllowedError):
        begin_removal(devices.world.service, devices.world.officer, devices.world.officer)


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


def leaving(world: World, act: Callable[[Devices, str], None]) -> tuple[Devices, str]:
    """All is ready for the act, of which a second officer is capable, too."""
    devices = Devices.in_(published_under(world, PAPER if act is attest_as else PASSKEY_RULES))
    world = devices.world
    ruslan = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    devices.add_officer(ruslan)
    sign_in_officer(devices, ruslan)
    if act is attest_as:
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
    if act is not countersign_as:
        devices.countersign()
    world.archive()
    return verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world).verdict


@pytest.mark.parametrize("act", [countersign_as, confirm_as, attest_as])
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


@pytest.mark.parametrize("act", [countersign_as, confirm_as, attest_as])
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
