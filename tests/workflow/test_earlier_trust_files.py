"""Who holds the trust file from before a key was replaced: what an honest service's new evidence says under it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.pki.authority import Role
from signing_service.verify.successors import verify_successors
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow.download import evidence, trust_file
from tests.workflow.generations import rotate_the_record, rotate_to, sign_everything
from tests.workflow.world import World


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """SQLite alone: what is under test are keys."""
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    return f"sqlite:///{tmp_path}/service.db"


@pytest.mark.parametrize("role", ["issuing-ca", "services-ca", "seal", "timestamp"])
def test_under_it_everything_that_is_signed_by_a_next_key_beneath_the_root_passes(world: World, role: Role) -> None:
    paper = trust_file(world.service)
    rotate_to(world, world.clock.now + timedelta(days=1), role)
    sign_everything(world)
    _, bundle = evidence(world.service, world.officer, world.agreement)
    report = verify_bundle(bundle, read_trust([paper]), world.clock.now)

    assert trust_file(world.service) == paper
    assert report.verdict is Verdict.PASSED, report.problems


@pytest.mark.parametrize("times", [1, 2])
def test_under_it_a_record_signed_by_its_next_key_is_open_until_the_named_file_is_there(
    world: World, times: int
) -> None:
    files = [trust_file(world.service)]
    sign_everything(world)
    for _ in range(times):
        rotate_the_record(world)
        files.append(trust_file(world.service))
    _, bundle = evidence(world.service, world.officer, world.agreement)
    report = verify_bundle(bundle, read_trust(files[:1]), world.clock.now)

    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert [fingerprint_text(fingerprint(files[-1])) in hint for hint in report.hints] == [True]
    chain = verify_successors(("paper", files[0]), {str(number): file for number, file in enumerate(files[1:])})
    assert chain.verdict is Verdict.PASSED
    assert verify_bundle(bundle, read_trust(files[-1:]), world.clock.now).verdict is Verdict.PASSED
