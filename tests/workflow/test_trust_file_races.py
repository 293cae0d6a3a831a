"""The trust file is changed twice in the same moment: one successor follows the other, or is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from signing_service.errors import VerificationError
from signing_service.evidence.succession import verify_succession
from signing_service.store import ledger
from signing_service.workflow import succession
from signing_service.workflow.officers import add_officer
from signing_service.workflow.people import NewPerson
from signing_service.workflow.rotation import rotate_record
from signing_service.workflow.service import open_service
from signing_service.workflow.succession import begin_addition, succeed
from signing_service.workflow.trust_history import trust_history
from tests.workflow.devices import Devices
from tests.workflow.meanwhile import Meanwhile
from tests.workflow.test_lock_order import on_postgresql
from tests.workflow.world import World


@pytest.fixture
def devices(world: World) -> Devices:
    return Devices.in_(world)


def newcomer(devices: Devices, name: str) -> str:
    person = NewPerson(name, f"{name.lower()}@alliance.example")
    return add_officer(devices.world.service, devices.world.officer, person, "lead-officer")


def naming(devices: Devices, officer: str, by: str) -> Callable[[], None]:
    """An officer's change of the trust file, begun and signed: it names the passkey of another one."""
    key = devices.add_officer(officer)
    begun = begin_addition(devices.world.service, by, key.id)
    answer = devices.device(by).get(begun["passkey"])
    return lambda: succeed(devices.world.service, by, answer)


def changes(devices: Devices) -> list[str]:
    """What the record says of the trust file, the oldest first; each file must succeed the one before it."""
    found = trust_history(devices.world.service)[::-1]
    for before, after in itertools.pairwise(found):
        verify_succession(before.data or b"", after.data or b"")
    return [one.change for one in found[2:]]  # after init's, and the one that names the first officer


@on_postgresql
def test_of_two_officers_who_change_the_trust_file_at_once_the_second_is_refused(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    second = newcomer(devices, "Second")
    naming(devices, second, devices.world.officer)()
    one = naming(devices, newcomer(devices, "Third"), devices.world.officer)
    other = Meanwhile(
        monkeypatch, ledger, "append", naming(devices, newcomer(devices, "Fourth"), second), "officer-added"
    )
    one()
    with pytest.raises(VerificationError, match="does not name this predecessor"):
        other.result()
    assert changes(devices) == ["officer-added", "officer-added"]


@on_postgresql
def test_a_key_that_is_rotated_while_an_officer_changes_the_trust_file_stands_in_the_next_one(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    add = naming(devices, newcomer(devices, "Second"), devices.world.officer)
    service = devices.world.service
    rotating = Meanwhile(
        monkeypatch, ledger, "append", lambda: rotate_record(service, "It is time."), "officer-added"
    )
    monkeypatch.setattr(succession, "release", lambda _: None)  # by then the key may be another one
    add()
    rotating.result()
    assert changes(devices) == ["officer-added", "record-key"]
    open_service(service.settings, service.clock).publish()


@on_postgresql
def test_an_officer_who_changes_the_trust_file_while_the_key_is_rotated_is_refused(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
):
    add = naming(devices, newcomer(devices, "Second"), devices.world.officer)
    service = devices.world.service
    adding = Meanwhile(monkeypatch, ledger, "append", add, "key-rotated")
    rotate_record(service, "It is time.")
    with pytest.raises(VerificationError, match="does not name this predecessor"):
        adding.result()
    assert changes(devices) == ["record-key"]
    open_service(service.settings, service.clock).publish()
