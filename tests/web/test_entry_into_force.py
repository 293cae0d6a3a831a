"""When an agreement is complete and in force, by each kind of rule: as the pages say it, and as the verifier has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from tests.cast import ALES, LIN, NOON, OFFICER, SOMCHAI, Person
from tests.web.visitor import Visitor
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

ALL = {"signatures": "all", "zone": "UTC", "order": "free", "minimum_assurance": "service"}
ON_COUNTERSIGNATURE = {"force": "on-countersignature"}
THIRTY_DAYS_AFTER = {"force": "days-after", "days": "30"}
ON_A_DATE = {"force": "on-date", "date": "2026-01-01"}

RULES: dict[str, tuple[dict[str, str], tuple[Person, ...], str]] = {
    "all parties": ({**ALL, **ON_COUNTERSIGNATURE}, (LIN, SOMCHAI, ALES), "11 Apr 2025, 04:00 UTC"),
    "at least two": (
        {**ALL, "signatures": "at-least", "count": "2", **THIRTY_DAYS_AFTER},
        (ALES, LIN),
        "11 May 2025, 04:00 UTC",
    ),
    "a named party": (
        {**ALL, "signatures": "named", "named": "andaman", **ON_COUNTERSIGNATURE},
        (SOMCHAI,),
        "11 Apr 2025, 04:00 UTC",
    ),
    "by date": ({**ALL, **ON_A_DATE}, (LIN, SOMCHAI, ALES), "1 Jan 2026, 00:00 UTC"),
}


@pytest.mark.parametrize("kind", RULES)
def test_the_pages_and_the_verifier_agree_on_the_entry_into_force(
    visit: Callable[..., Visitor], anybody: Visitor, draft: World, kind: str
):
    rules, signers, expected = RULES[kind]
    world, officer = draft, visit(OFFICER)
    path = f"/secretariat/agreements/{world.agreement}/"
    officer.get(f"{path}rules")
    assert officer.submit(f"{path}rules", **rules).status_code == 303
    world.publish()
    for person in signers[:-1]:
        world.sign(person)
    assert "Countersign for the secretariat" not in officer.get(path).text
    world.sign(signers[-1])
    assert "Countersign for the secretariat" in officer.get(path).text
    assert "in force from" not in anybody.get(f"/status/{world.agreement}").text
    world.countersign()
    world.archive()

    for page in (officer.get(path), visit(LIN).get(f"/agreements/{world.agreement}/")):
        assert "in force from <time datetime=" in page.text
        assert f">{expected}</time>" in page.text
    assert f">{expected}</time>" in anybody.get(f"/status/{world.agreement}").text
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.PASSED, report.problems
    assert report.agreement is not None
    assert report.agreement.entry_into_force == datetime.strptime(expected, "%d %b %Y, %H:%M UTC").replace(tzinfo=UTC)
    assert world.clock.now == NOON
