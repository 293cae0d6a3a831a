"""Two workers on PostgreSQL that find the same work at the same moment do it once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from signing_service.pki.timestamps import TimestampAuthority, TimestampToken
from signing_service.store import acts, ledger, outbox, publisher
from signing_service.workflow import renewal
from signing_service.workflow.archiving import archive_all
from signing_service.workflow.renewal import renew_due
from signing_service.workflow.revisions import OvertakenError
from signing_service.workflow.schedule import Schedule
from signing_service.workflow.service import Service
from signing_service.workflow.worker import publish_the_rest
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.generations import IN_2034, rotate_to, sign_everything
from tests.workflow.world import World

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
PATIENCE = 60  # seconds


class Meeting:
    """An authority that answers once both workers have asked it, so that neither can know of the other's."""

    name = "meeting"

    def __init__(self, authority: TimestampAuthority) -> None:
        self._authority, self._both = authority, threading.Barrier(2)

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        self._both.wait(PATIENCE)
        return self._authority.timestamp(digest, now)


def both(world: World, task: Callable[[Service], int | None]) -> int:
    meeting = Meeting(world.service.authorities[0])
    workers = [replace(world.service, authorities=(meeting,), schedule=Schedule()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        return sum(done or 0 for done in pool.map(task, workers))


def archived(world: World) -> list[str]:
    with world.service.database.read() as session:
        return [one.field for one in acts.archive_timestamps(session, world.agreement)]


def test_a_countersigned_agreement_is_archived_once(world: World) -> None:
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    assert both(world, archive_all) == 1
    assert archived(world) == ["archive-1"]


def test_a_worker_that_comes_to_an_agreement_after_the_other_has_archived_it_leaves_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found the agreement waiting, and was busy with another one meanwhile."""
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    with world.service.database.read() as session:
        found = acts.awaiting_archive(session)
    assert archive_all(world.service) == 1
    monkeypatch.setattr(acts, "awaiting_archive", lambda *_: found)
    assert archive_all(world.service) == 0
    assert archived(world) == ["archive-1"]


def test_a_renewal_that_comes_after_another_one_spends_no_second_field(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    with world.service.database.read() as session:
        before = renewal.standing_of(session, world.agreement)
    renewal.renew(world.service, world.agreement)
    with monkeypatch.context() as patched:
        patched.setattr(renewal, "standing_of", lambda *_: before)
        with pytest.raises(OvertakenError):
            renewal.renew(world.service, world.agreement)
    assert archived(world) == ["archive-1", "archive-2"]


def test_a_proof_is_renewed_once_and_the_officers_are_told_once(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    both(world, renew_due)
    assert archived(world) == ["archive-1", "archive-2"]
    with world.service.database.read() as session:
        mails = outbox.of_agreement(session, world.agreement)
    assert sum(mail.kind == "renewal" for mail in mails) == 1


def test_what_was_left_unpublished_gets_one_checkpoint(world: World) -> None:
    with world.service.database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1", "assets": {}}, world.clock())
    with world.service.database.read() as session:
        before = len(publisher.newest_first(session, 100))
    assert both(world, publish_the_rest) in (1, 2)  # whoever comes second finds the first one's
    with world.service.database.read() as session:
        found = publisher.newest_first(session, 100)
        assert (len(found), found[0].size) == (before + 1, ledger.read_frontier(session).size)
