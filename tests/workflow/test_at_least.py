"""Where so many parties suffice: the others may sign until the countersignature, nobody after it; verify agrees."""

from __future__ import annotations

import pytest

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import NotAllowedError
from signing_service.store import outbox
from signing_service.verify.html import report_to_html
from signing_service.verify.report import Report
from signing_service.verify.text import report_to_text
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from signing_service.workflow.drafts import replace_source
from signing_service.workflow.overview import AgreementView, agreement_view
from signing_service.workflow.prepared import Prepared
from signing_service.workflow.reminders import Manners, remind_all, remind_due, set_manners
from signing_service.workflow.signing import Reprepared
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, BEREZINA, LIN, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import Signing, World, source

TWO = 'signatures = { kind = "at-least", count = 2 }\ncloses = "2025-06-01T00:00:00Z"\n'


@pytest.fixture
def enough(world: World) -> World:
    """Two of the three parties that count have signed, as many as the rules ask for."""
    replace_source(world.service, world.officer, world.agreement, source(rules=TWO))
    world.publish()
    world.sign(LIN)
    world.sign(SOMCHAI)
    return world


def seen(world: World) -> AgreementView:
    return agreement_view(world.service, world.officer, world.agreement)


def judged(world: World) -> Report:
    return verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)


def test_a_party_signs_though_enough_have_and_the_verifier_finds_every_signature_good(enough: World) -> None:
    enough.sign(ALES)
    assert (seen(enough).state, seen(enough).signed_count) == ("complete", 3)
    enough.countersign()
    enough.archive()
    report = judged(enough)
    assert report.agreement is not None
    assert (report.verdict, report.agreement.state, report.agreement.waiting_for) == (Verdict.PASSED, "in-force", ())
    assert [one.field for one in report.signatures if one.kind == "signature"] == [
        one.signer for one in (LIN, SOMCHAI, ALES)
    ]


def test_after_the_countersignature_nobody_signs_and_the_verifier_misses_nobody(enough: World) -> None:
    enough.countersign()
    enough.archive()
    with pytest.raises(NotAllowedError, match="countersigned and closed"):
        enough.signing(ALES)
    assert seen(enough).over
    report = judged(enough)
    assert report.agreement is not None
    assert (report.verdict, report.agreement.waiting_for) == (Verdict.PASSED, (ALES.signer,))
    for shown, ales in ((report_to_text(report), ALES.signer), (report_to_html(report), "Berezina (Rector)")):
        assert f"{ales}: did not sign (not required)" in shown
        assert "Waiting for" not in shown


def test_before_the_countersignature_the_report_says_who_need_not_sign(enough: World) -> None:
    shown = report_to_text(judged(enough))
    assert f"Others      {ALES.signer}: not signed yet (not required)\n" in shown


def test_the_report_on_a_withdrawn_agreement_waits_for_nobody(enough: World) -> None:
    withdraw(enough.service, enough.officer, enough.agreement, "An article is missing.")
    report = judged(enough)
    assert "Waiting for" not in report_to_text(report) + report_to_html(report)
    assert f"Not signed  {ALES.signer}\n" in report_to_text(report)
    assert "Did not sign" in report_to_html(report)


def test_what_is_begun_before_the_countersignature_does_not_land_after_it(enough: World) -> None:
    signing = enough.signing(ALES)
    enough.countersign()
    with pytest.raises(NotAllowedError, match="countersigned and closed"):
        signing.approve()


def test_after_the_end_of_signing_enough_stay_enough_and_nobody_else_signs(enough: World) -> None:
    enough.clock.forward(days=60)
    assert (seen(enough).state, seen(enough).over) == ("complete", True)
    with pytest.raises(NotAllowedError, match="signing closed"):
        enough.signing(ALES)


def test_officers_may_remind_who_is_missing_but_the_worker_reminds_nobody(enough: World) -> None:
    set_manners(enough.service, enough.officer, enough.agreement, Manners(7, "parties"))
    enough.clock.forward(days=8)
    assert remind_due(enough.service) == 0
    assert remind_all(enough.service, enough.officer, enough.agreement) == 2, "the party and the guest"
    enough.countersign()
    enough.clock.forward(days=2)
    assert remind_all(enough.service, enough.officer, enough.agreement) == 0


def test_the_officers_are_told_who_cannot_sign_after_their_countersignature(enough: World) -> None:
    with enough.service.database.read() as session:
        (mail,) = [mail for mail in outbox.of_agreement(session, enough.agreement) if mail.kind == "enough"]
    assert mail.person == enough.officer
    assert f"cannot sign any more: {BEREZINA.name}." in mail.text


def test_who_began_to_countersign_is_not_reminded_to_sign(enough: World) -> None:
    Signing(enough, enough.officer, SECRETARIAT).begin()
    enough.clock.forward(days=8)
    assert remind_all(enough.service, enough.officer, enough.agreement) == 2, "the party and the guest"


def test_a_signature_prepared_before_the_countersignature_does_not_land_after_it(enough: World) -> None:
    signing = enough.signing(ALES)
    signing.approve()
    enough.clock.forward(seconds=31)  # longer than anybody may hold the turn
    enough.countersign()
    with pytest.raises(Reprepared) as caught:
        signing.complete()
    assert isinstance(caught.value.prepared, Prepared)
    signing.prepared = caught.value.prepared
    with pytest.raises(NotAllowedError, match="countersigned and closed"):
        signing.complete()
    assert seen(enough).signed_count == 2
