"""A later end of signing: by a lead officer's passkey while signing is open, in the record, recomputed by `verify`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signing_service.agreement.rules import EntryIntoForce, Rules, SignatureRule
from signing_service.agreement.rules_file import with_rules
from signing_service.agreement.source import TOML, parse_source
from signing_service.agreement.terms import Terms
from signing_service.encoding import format_time
from signing_service.errors import ApprovalError, FormatError, InputError, NotAllowedError
from signing_service.store import outbox
from signing_service.verify.html import report_to_html
from signing_service.verify.json_report import report_to_json
from signing_service.verify.report import Report
from signing_service.verify.text import report_to_text
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from signing_service.workflow import moments
from signing_service.workflow.download import evidence, pdf, trust_file
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.extension import begin_extension, extend
from signing_service.workflow.history import history
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.overview import agreement_view
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ANDAMAN, LIN, NANJING, NOON, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World, source

CLOSES = NOON.astimezone(UTC).replace(microsecond=0) + timedelta(days=2)
LATER = CLOSES + timedelta(days=7)
REASON = "The senate of Andaman meets a week later."
RULES = 'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "service"\n'
EXTENDABLE = RULES + f'closes = "{format_time(CLOSES)}"\nextension = "allowed"\n'


def closing(world: World, rules: str = EXTENDABLE) -> Devices:
    """The same with a passkey of the officer's."""
    return Devices.in_(published_under(world, rules))


def published_under(world: World, rules: str) -> World:
    """Lin and Somchai under a published agreement with these rules."""
    agreement = create_draft(world.service, world.officer, source((NANJING, ANDAMAN), rules))
    for person in (LIN, SOMCHAI):
        authority = Authority("Rector's office", world.clock.now.date())
        give_mandate(world.service, world.officer, agreement, person.signer, world.ids[person], authority)
    return replace(world, agreement=agreement).publish()


@pytest.fixture
def devices(world: World) -> Devices:
    return closing(world)


def extend_to(devices: Devices, until: datetime, reason: str = REASON) -> datetime:
    world = devices.world
    local = f"{until:%Y-%m-%dT%H:%M:%S}"
    begun = begin_extension(world.service, world.officer, world.agreement, local, "UTC", reason)
    return extend(world.service, world.officer, world.agreement, devices.device(world.officer).get(begun["passkey"]))


def signed_late(devices: Devices) -> Devices:
    """Lin signs in time, the end is moved, Somchai signs after the sealed end; countersigned and archived."""
    devices.world.sign(LIN)
    extend_to(devices, LATER)
    devices.world.clock.now = CLOSES + timedelta(days=1)
    devices.world.sign(SOMCHAI)
    devices.countersign()
    devices.world.archive()
    return devices


def evidence_of(devices: Devices) -> bytes:
    return evidence(devices.world.service, devices.world.officer, devices.world.agreement)[1]


def test_who_signs_after_the_sealed_end_and_before_the_extended_one_has_signed_in_time(devices: Devices):
    report = verify_evidence(evidence_of(signed_late(devices)), devices.world)
    assert report.verdict is Verdict.PASSED, report.problems
    assert report.agreement is not None
    assert report.agreement.state == "in-force"
    [later] = report.agreement.extensions
    assert (later.closes, later.until, later.officer, later.reason) == (CLOSES, LATER, "Mei Tan", REASON)
    assert_told_in_every_form(report)


def assert_told_in_every_form(report: Report) -> None:
    assert REASON in report_to_text(report)
    assert REASON in report_to_html(report)
    assert report_to_json(report)["agreement"]["extensions"][0]["until"] == format_time(LATER)


def test_without_an_extension_nobody_signs_after_the_end(devices: Devices):
    devices.world.clock.now = CLOSES
    with pytest.raises(NotAllowedError, match="signing closed at"):
        devices.world.signing(SOMCHAI)


def test_the_pdf_alone_does_not_say_whether_signing_was_extended_and_is_indeterminate(devices: Devices):
    report = pdf_alone(signed_late(devices).world)
    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert any("the document alone does not say" in check.message for check in report.problems)


def test_of_a_late_signature_the_pdf_alone_leaves_open_that_and_nothing_that_follows_from_it(devices: Devices):
    report = pdf_alone(signed_late(devices).world)

    unsaid = [check.subject for check in report.problems if "does not say" in check.message]
    assert unsaid == [f"field {SOMCHAI.signer}"]
    assert report.agreement is not None
    assert report.agreement.waiting_for == ()


def test_a_countersignature_after_the_end_needs_no_extension(devices: Devices):
    world = devices.world
    for person in (LIN, SOMCHAI):
        world.sign(person)
    world.clock.now = CLOSES + timedelta(hours=1)
    devices.countersign()
    report = pdf_alone(world)

    assert not [check for check in report.problems if "does not say" in check.message]
    assert report.agreement is not None
    assert report.agreement.waiting_for == ()


def pdf_alone(world: World) -> Report:
    document, trust = pdf(world.service, world.officer, world.agreement), read_trust([trust_file(world.service)])
    return verify_pdf(document, trust, world.clock.now, name="agreement.pdf")


def test_what_is_closed_stays_closed(devices: Devices):
    devices.world.clock.now = CLOSES
    with pytest.raises(NotAllowedError, match="signing closed at"):
        extend_to(devices, LATER)


def test_an_extension_that_was_begun_in_time_is_not_made_after_the_end(devices: Devices):
    world = devices.world
    world.clock.now = CLOSES - timedelta(seconds=1)
    local = f"{LATER:%Y-%m-%dT%H:%M:%S}"
    begun = begin_extension(world.service, world.officer, world.agreement, local, "UTC", REASON)
    answer = devices.device(world.officer).get(begun["passkey"])
    world.clock.now = CLOSES
    with pytest.raises(NotAllowedError, match="signing closed at"):
        extend(world.service, world.officer, world.agreement, answer)


def test_where_the_sealed_rules_do_not_speak_of_it_nobody_extends(world: World):
    devices = closing(world, RULES + f'closes = "{format_time(CLOSES)}"\n')
    with pytest.raises(NotAllowedError, match="let nobody extend"):
        extend_to(devices, LATER)
    with pytest.raises(NotAllowedError, match="no end that could be moved"):
        extend_to(closing(world, RULES), LATER)


def test_an_end_is_never_moved_backwards_and_a_second_extension_begins_at_the_first(devices: Devices):
    with pytest.raises(InputError, match="not later"):
        extend_to(devices, CLOSES)
    assert extend_to(devices, LATER) == LATER
    with pytest.raises(InputError, match="not later"):
        extend_to(devices, LATER - timedelta(days=1))
    assert extend_to(devices, LATER + timedelta(days=1)) == LATER + timedelta(days=1)
    view = agreement_view(devices.world.service, devices.world.officer, devices.world.agreement)
    assert view.closes == LATER + timedelta(days=1)


def test_of_two_officers_who_extend_at_once_the_second_is_told_that_the_end_has_moved(devices: Devices):
    world = devices.world
    begun = begin_extension(
        world.service, world.officer, world.agreement, f"{LATER + timedelta(days=3):%Y-%m-%dT%H:%M}", "UTC", REASON
    )
    extend_to(devices, LATER)
    with pytest.raises(ApprovalError, match="another time by now"):
        extend(world.service, world.officer, world.agreement, devices.device(world.officer).get(begun["passkey"]))


def test_the_new_end_is_entered_in_a_named_zone_and_kept_in_utc(devices: Devices):
    world = devices.world
    begun = begin_extension(world.service, world.officer, world.agreement, "2025-05-01T18:00", "Asia/Bangkok", REASON)
    assert begun["statement"]["until"] == "2025-05-01T11:00:00Z"


@pytest.mark.parametrize(
    ("local", "zone", "reason", "message"),
    [
        ("tomorrow", "UTC", REASON, "not a date with a time"),
        ("2025-05-01T18:00+02:00", "UTC", REASON, "not a date with a time"),
        ("2025-05-01T18:00", "Mars/Olympus", REASON, "no time zone"),
        ("2026-03-29T02:30", "Europe/Berlin", REASON, "does not exist"),
        ("0001-01-01T00:00", "Asia/Shanghai", REASON, "beyond the calendar"),
        ("9999-12-31T23:59", "America/New_York", REASON, "beyond the calendar"),
        ("2025-05-01T18:00", "UTC", "  ", "no reason"),
        ("2025-05-01T18:00", "UTC", "x" * 501, "501 characters"),
    ],
)
def test_what_is_no_end_or_has_no_reason_is_refused(
    devices: Devices, local: str, zone: str, reason: str, message: str
):
    world = devices.world
    with pytest.raises(InputError, match=message):
        begin_extension(world.service, world.officer, world.agreement, local, zone, reason)


def test_a_withdrawn_agreement_is_not_extended(devices: Devices):
    withdraw(devices.world.service, devices.world.officer, devices.world.agreement, "a mistake")
    with pytest.raises(NotAllowedError, match="withdrawn"):
        extend_to(devices, LATER)


def test_a_reason_may_be_as_long_as_the_page_says(devices: Devices):
    """A reason of more than 200 characters was refused as a name that is too long."""
    world = devices.world
    withdraw(world.service, world.officer, world.agreement, "A long story. " * 142)
    (line,) = [one for one in history(world.service, world.officer, world.agreement) if one.type == "withdrawal"]
    assert str(line.text).count("A long story.") == 142


def test_only_officers_extend(devices: Devices):
    world = devices.world
    with pytest.raises(NotAllowedError, match="only an officer"):
        begin_extension(world.service, world.ids[LIN], world.agreement, "2025-05-01T18:00", "UTC", REASON)


def test_everybody_in_it_is_told_until_when_in_utc_and_on_their_own_clocks(devices: Devices):
    world = devices.world
    extend_to(devices, LATER)
    with world.service.database.read() as session:
        told = {mail.recipient: mail.text for mail in outbox.of_agreement(session, world.agreement)
                if mail.kind == "extended"}  # fmt: skip
    assert told.keys() == {LIN.email, SOMCHAI.email}
    assert moments.told(LATER, "en", ANDAMAN.time_zone) in told[SOMCHAI.email]
    assert "(Bangkok; " in told[SOMCHAI.email]
    assert REASON in told[LIN.email]


def test_the_history_tells_it_in_words(devices: Devices):
    extend_to(devices, LATER)
    world = devices.world
    (line,) = [one for one in history(world.service, world.officer, world.agreement) if one.type == "extension"]
    assert REASON in str(line.text)


def test_rules_that_never_close_cannot_allow_an_extension():
    with pytest.raises(FormatError, match="never closes"):
        parse_source(source((NANJING, ANDAMAN), RULES + 'extension = "allowed"\n'))


def test_rules_stored_from_the_page_keep_what_they_say_of_paper_and_extension():
    rules = Rules(
        SignatureRule("all"), EntryIntoForce("on-countersignature"), closes=CLOSES, paper="shown", extension="allowed"
    )
    files = source((NANJING, ANDAMAN), RULES)
    read = parse_source({**files, TOML: with_rules(files[TOML], rules)}).terms("a" * 26).rules
    assert read == rules


def test_terms_with_an_extension_rule_read_back(devices: Devices):
    terms = agreement_view(devices.world.service, devices.world.officer, devices.world.agreement).terms
    assert Terms.from_json(terms.to_json()) == terms
    assert terms.rules.extension == "allowed"
