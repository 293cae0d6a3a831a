"""The verifier as the judge of what a workflow made."""

from __future__ import annotations

from signing_service.verify.report import Report
from signing_service.verify.trust import read_trust
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow.download import trust_file
from tests.workflow.world import World


def verify_evidence(data: bytes, world: World) -> Report:
    """The report on a bundle under the world's own trust file, at the world's time."""
    return verify_bundle(data, read_trust([trust_file(world.service)]), world.clock.now)
