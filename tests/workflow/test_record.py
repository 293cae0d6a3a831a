"""What the service does with its record: releases, erasure, complete bundles."""

from __future__ import annotations

from signing_service.encoding import parse_canonical_json
from signing_service.evidence.bundle import read_bundle
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import openings
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from signing_service.workflow.releases import asset_digests, record_release
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World, source


def finish(world: World) -> None:
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    world.archive()


def sequence_of(world: World, kind: str) -> int:
    with world.service.database.read() as session:
        return openings.of_type(session, world.agreement, kind)[0].sequence


def test_a_release_is_recorded_once_for_each_change(world: World) -> None:
    assert record_release(world.service, {"signing/flow.js": "00" * 32})
    assert not record_release(world.service, {"signing/flow.js": "00" * 32})
    assert record_release(world.service, {"signing/flow.js": "11" * 32})
    with world.service.database.read() as session:
        assert len(openings.of_type(session, SERVICE_SCOPE, "release")) == 2


def test_every_file_that_pages_load_has_its_digest_in_the_release() -> None:
    digests = asset_digests()
    assert {"signing/flow.js", "signing/checks.js"} <= set(digests)


def test_a_complete_bundle_proves_that_there_is_no_second_history(world: World) -> None:
    world.publish()
    finish(world)
    other = publish_another_agreement(world)
    _, plain = evidence(world.service, world.officer, world.agreement)
    _, whole = evidence(world.service, world.officer, world.agreement, complete=True)
    assert verify_evidence(plain, world).record.uniqueness == "not checked"
    report = verify_evidence(whole, world)
    assert (report.verdict, report.record.uniqueness) == (Verdict.PASSED, "checked")
    foreign = [event for event in read_bundle(whole).events if parse_canonical_json(event.entry)["scope"] == other]
    assert foreign
    assert all(event.event is None for event in foreign)


def publish_another_agreement(world: World) -> str:
    """Publish another agreement in the same record, with the same people."""
    finished = world.agreement
    world.agreement = World.of(world.service, world.officer, source(), people=world.ids).publish().agreement
    other, world.agreement = world.agreement, finished
    return other
