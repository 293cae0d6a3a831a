"""What the record adds to the verdict: events of their type's shape only, and witnesses who outlive the authorities."""

from __future__ import annotations

from datetime import timedelta

import pytest

from signing_service.verify.verifier import verify_bundle
from tests.cast import NOON
from tests.record.cast import ANDAMAN_WITNESS, NANJING_WITNESS
from tests.verify.test_agreement_profile import problems
from tests.verify.world import LATER, World, the_ceremony


@pytest.fixture(scope="module")
def world() -> World:
    return the_ceremony()


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("extra", 1, "exactly the members"),
        ("pdf_length", "long", "a pdf_length that it cannot have"),
        ("timestamp", {"time": "2025-04-11T04:01:00Z"}, "a timestamp that it cannot have"),
        ("type", "gift", "of a type that this version does not know"),
    ],
)
def test_an_event_of_another_shape_than_its_type_is_refused(world, member, value, reason):
    events = world.events()
    next(event for event in events if event["type"] == "signature")[member] = value

    report = verify_bundle(world.bundle(events), world.trust(), LATER)

    assert report.exit_code == 1
    assert reason in problems(report)


def test_witnesses_prove_the_file_long_after_its_timestamps_authority_expired(world):
    seen = World(world.ceremony, witnesses=(NANJING_WITNESS, ANDAMAN_WITNESS))
    keys = tuple(witness.verifier_key for witness in seen.witnesses)
    decades = NOON + timedelta(days=25 * 365)

    report = verify_bundle(seen.bundle(), seen.trust(quorum=2, witnesses=keys), decades)

    assert report.exit_code == 0, problems(report)
    assert report.provable_until is None
    assert any("prove that it existed at 2025-04-11 05:00:00 UTC" in check.message for check in report.checks)
    assert verify_bundle(seen.bundle(), seen.trust(witnesses=keys), decades).exit_code == 3
    assert verify_bundle(world.bundle(), seen.trust(quorum=2, witnesses=keys), decades).exit_code == 3
