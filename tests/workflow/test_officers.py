"""Officers come and go: each change of the trust file is signed by an officer of the file before it, and recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing_service.errors import ApprovalError, ConflictError, NotAllowedError, NotFoundError
from signing_service.evidence.succession import verify_succession
from signing_service.evidence.trust import fingerprint, fingerprint_text, parse_trust_file
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import openings
from signing_service.verify.verdict import Verdict
from signing_service.workflow.confirmation import begin_confirmation
from signing_service.workflow.download import evidence, trust_file
from signing_service.workflow.officers import add_officer, officer_keys_of
from signing_service.workflow.passkeys import CHALLENGE_LIFETIME
from signing_service.workflow.people import NewPerson
from signing_service.workflow.succession import CLOCKS, begin_addition, begin_removal, succeed
from signing_service.workflow.trust_history import trust_history
from tests.cast import LIN, OFFICER, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World


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
