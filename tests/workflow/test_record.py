"""What the service does with its record: releases, erasure, complete bundles."""

from __future__ import annotations

import pytest

from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.evidence.bundle import read_bundle
from signing_service.record.audit import audit
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.record.export import static_files, write_files
from signing_service.record.sources import folder_fetch
from signing_service.store import openings
from signing_service.store.tree import read_entries
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approvals import Password
from signing_service.workflow.download import evidence
from signing_service.workflow.erasure import erase
from signing_service.workflow.history import history
from signing_service.workflow.proofs import newest_checkpoint
from signing_service.workflow.refusal import refuse
from signing_service.workflow.releases import asset_digests, record_release
from tests.cast import ALES, HOA, LIN, PASSWORD, SOMCHAI
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


def test_a_refusal_can_be_erased_and_the_log_still_audits(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world.publish()
    refuse(world.service, world.ids[HOA], world.agreement, HOA.signer, "A private reason.", Password(PASSWORD))
    erase(world.service, world.agreement, sequence_of(world, "refusal"), "asked for by the person")
    folder = tmp_path_factory.mktemp("log")
    with world.service.database.read() as session:
        note = newest_checkpoint(session)
        write_files(folder, static_files(note, lambda start, end: read_entries(session, start, end)))
    assert audit(folder_fetch(folder), [world.service.trust.record_key]).verdict == "PASSED"
    words = [line.text for line in history(world.service, world.officer, world.agreement)]
    assert not any("A private reason." in line for line in words)
    assert any("refusal: erased" in line for line in words)


def test_after_an_erasure_the_evidence_is_indeterminate_and_names_the_event(world: World) -> None:
    world.publish()
    refuse(world.service, world.ids[HOA], world.agreement, HOA.signer, "A private reason.", Password(PASSWORD))
    finish(world)
    erase(world.service, world.agreement, sequence_of(world, "refusal"), "asked for by the person")
    _, bundle = evidence(world.service, world.officer, world.agreement)
    assert b"A private reason." not in bundle
    report = verify_evidence(bundle, world)
    assert report.verdict is Verdict.INDETERMINATE
    assert any("refusal" in check.message and "erased" in check.message for check in report.checks)


@pytest.mark.parametrize("kind", ["publication", "mandate", "issuance", "signature"])
def test_what_proves_a_signature_is_kept(world: World, kind: str) -> None:
    world.publish()
    world.sign(LIN)
    with pytest.raises(NotAllowedError, match="legal claims"):
        erase(world.service, world.agreement, sequence_of(world, kind), "asked for by the person")


def test_an_event_is_erased_once_and_must_exist(world: World) -> None:
    world.publish()
    refuse(world.service, world.ids[HOA], world.agreement, HOA.signer, "A private reason.", Password(PASSWORD))
    sequence = sequence_of(world, "refusal")
    erase(world.service, world.agreement, sequence, "asked for by the person")
    with pytest.raises(ConflictError):
        erase(world.service, world.agreement, sequence, "again")
    with pytest.raises(NotFoundError):
        erase(world.service, world.agreement, 999, "no such event")
    with pytest.raises(NotAllowedError):
        erase(world.service, SERVICE_SCOPE, 0, "the service's own")


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
