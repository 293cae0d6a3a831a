"""Signatures on paper: attested by an officer where the sealed rules allow it, never taken for digital ones."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from signing_service.agreement.acts import Acts
from signing_service.approval import Confirmation
from signing_service.approval.paper import PaperStatement, verify_paper
from signing_service.encoding import canonical_json, from_base64url, parse_canonical_json, sha256_hex
from signing_service.errors import (
    ApprovalError,
    ConflictError,
    FormatError,
    InputError,
    NotAllowedError,
    VerificationError,
)  # fmt: skip
from signing_service.evidence.bundle import read_bundle, write_bundle
from signing_service.store import mandates, openings
from signing_service.verify.json_report import report_to_json
from signing_service.verify.text import report_to_text
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle, verify_pdf
from signing_service.workflow.download import evidence, pdf, trust_file
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.officers import add_officer
from signing_service.workflow.overview import agreement_view
from signing_service.workflow.paper import MAX_SCAN, Page, attest, begin_attestation, check_scan
from signing_service.workflow.passkeys import relying_party
from signing_service.workflow.people import NewPerson
from tests.cast import ANDAMAN, LIN, NANJING, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World, source

RULES = 'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "service"\n'


def picture(kind: str = "PNG", side: int = 40) -> bytes:
    """A page that somebody scanned."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), 230).save(buffer, kind)
    return buffer.getvalue()


SCAN = picture()


def with_rules(world: World, paper: str) -> Devices:
    """The same with a passkey of the officer's."""
    return Devices.in_(speaking_of_paper(world, paper))


def speaking_of_paper(world: World, paper: str) -> World:
    """Lin and Somchai under a published agreement whose sealed rules speak of paper so."""
    rules = RULES + (f'paper = "{paper}"\n' if paper else "")
    agreement = create_draft(world.service, world.officer, source((NANJING, ANDAMAN), rules))
    for person in (LIN, SOMCHAI):
        authority = Authority("Rector's office", world.clock.now.date(), world.clock.now.date() + timedelta(days=9))
        give_mandate(world.service, world.officer, agreement, person.signer, world.ids[person], authority)
    return replace(world, agreement=agreement).publish()


@pytest.fixture
def devices(world: World) -> Devices:
    """The sealed rules let paper count."""
    return with_rules(world, "counts")


def begin(devices: Devices, scan: bytes = SCAN, officer: str = "", days: int = 0) -> dict[str, Any]:
    world = devices.world
    page = Page(scan, world.clock.now.date() + timedelta(days=days))
    return begin_attestation(world.service, officer or world.officer, world.agreement, LIN.signer, page)


def put_on_record(devices: Devices, scan: bytes = SCAN) -> None:
    world = devices.world
    answer = devices.device(world.officer).get(begin(devices, scan)["passkey"])
    attest(world.service, world.officer, world.agreement, LIN.signer, answer, scan)


def finish(devices: Devices) -> bytes:
    """Somchai signs, the officer countersigns, the archive closes; give the evidence."""
    devices.world.sign(SOMCHAI)
    devices.countersign()
    devices.world.archive()
    return evidence(devices.world.service, devices.world.officer, devices.world.agreement)[1]


def test_a_signature_on_paper_counts_where_the_sealed_rules_say_so_and_the_evidence_passes(devices: Devices):
    put_on_record(devices)
    world = devices.world
    view = agreement_view(world.service, world.officer, world.agreement)
    assert [signer.status for signer in view.signers] == ["paper", "waiting"]

    data = finish(devices)
    report = verify_evidence(data, world)

    assert report.verdict is Verdict.PASSED, report.problems
    assert report.agreement is not None
    [paper] = report.agreement.papers
    assert (paper.signer, paper.name, paper.officer, paper.counts) == (LIN.signer, LIN.name, "Mei Tan", True)
    assert LIN.signer not in {signature.field for signature in report.signatures}
    assert f"On paper    {LIN.signer}: {LIN.name} by hand on 2025-04-11, counts;" in report_to_text(report)
    assert report_to_json(report)["agreement"]["papers"][0]["assurance"] == "paper"
    assert read_bundle(data).papers == {f"papers/{sha256_hex(SCAN)}.png": SCAN}


def test_the_pdf_alone_says_nothing_of_paper_and_is_indeterminate(devices: Devices):
    put_on_record(devices)
    finish(devices)
    world = devices.world
    document = pdf(world.service, world.officer, world.agreement)
    report = verify_pdf(document, read_trust([trust_file(world.service)]), world.clock.now, name="agreement.pdf")
    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert any("signatures on paper may have counted" in check.message for check in report.problems)


def test_without_a_trust_file_a_bundle_with_a_counting_signature_on_paper_is_indeterminate_and_not_failed(
    devices: Devices,
):
    put_on_record(devices)
    report = verify_bundle(finish(devices), read_trust([]), devices.world.clock.now)
    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert any(check.message == "who may attest is not known" for check in report.problems)
    assert report.agreement is not None
    assert [(paper.signer, paper.counts) for paper in report.agreement.papers] == [(LIN.signer, True)]


def test_a_signature_on_paper_that_is_only_shown_counts_for_nothing(world: World):
    devices = with_rules(world, "shown")
    put_on_record(devices)
    devices.world.sign(SOMCHAI)
    with pytest.raises(NotAllowedError, match="signatures are missing"):
        devices.countersign()
    devices.world.sign(LIN)
    devices.countersign()
    devices.world.archive()
    data = evidence(world.service, world.officer, devices.world.agreement)[1]
    report = verify_evidence(data, devices.world)
    assert report.verdict is Verdict.PASSED, report.problems
    assert report.agreement is not None
    assert [paper.counts for paper in report.agreement.papers] == [False]


def test_where_the_sealed_rules_do_not_speak_of_paper_it_is_refused(world: World):
    devices = with_rules(world, "")
    with pytest.raises(NotAllowedError, match="allow no signature on paper"):
        begin(devices)


def test_who_signed_on_paper_signs_no_more_and_the_other_way_round(devices: Devices):
    put_on_record(devices)
    with pytest.raises(ConflictError, match="signed on paper"):
        devices.world.signing(LIN)
    with pytest.raises(ConflictError, match="signed on paper"):
        begin(devices)


def test_who_signed_digitally_signs_not_on_paper(devices: Devices):
    devices.world.sign(LIN)
    with pytest.raises(ConflictError, match="signed already"):
        begin(devices)


def test_another_scan_than_the_one_that_was_attested_is_refused(devices: Devices):
    world = devices.world
    answer = devices.device(world.officer).get(begin(devices)["passkey"])
    with pytest.raises(ApprovalError, match="another page"):
        attest(world.service, world.officer, world.agreement, LIN.signer, answer, picture(side=41))
    put_on_record(devices)


def test_an_officer_who_is_not_in_the_trust_file_attests_nothing(devices: Devices):
    world = devices.world
    ruslan = add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email))
    devices.add_officer(ruslan)
    with pytest.raises(NotAllowedError, match="trust file"):
        begin(devices, officer=ruslan)
    with pytest.raises(NotAllowedError, match="only an officer"):
        begin(devices, officer=world.ids[SOMCHAI])


@pytest.mark.parametrize(
    ("days", "error", "reason"),
    [(-1, NotAllowedError, "was not valid on"), (2, InputError, "a day to come"), (10, InputError, "a day to come")],
)
def test_a_page_signed_outside_the_mandates_days_or_tomorrow_is_refused(
    devices: Devices, days: int, error: type[Exception], reason: str
):
    with pytest.raises(error, match=reason):
        begin(devices, days=days)


@pytest.mark.parametrize(
    ("scan", "reason"),
    [
        (b"GIF89a", "neither PDF nor PNG nor JPEG"),
        (b"\x89PNG\r\n\x1a\n broken", "cannot be read"),
        (b"%PDF-1.7\nnothing", "cannot be read"),
        (SCAN + bytes(MAX_SCAN), "larger than"),
        (picture()[:-30], "cannot be read"),
    ],
    ids=["gif", "broken png", "broken pdf", "too large", "cut off"],
)
def test_what_is_no_scan_is_refused(scan: bytes, reason: str):
    with pytest.raises(InputError, match=reason):
        check_scan(scan)


def test_pdf_png_and_jpeg_are_scans(devices: Devices):
    printed = pdf(devices.world.service, devices.world.officer, devices.world.agreement, 0)
    assert check_scan(picture("JPEG")) == "image/jpeg"
    assert check_scan(picture("PDF")) == "application/pdf"
    assert check_scan(SCAN) == "image/png"
    assert printed.startswith(b"%PDF-")


def recorded(devices: Devices) -> tuple[PaperStatement, Confirmation, dict[str, Any]]:
    world = devices.world
    with world.service.database.read() as session:
        [found] = [one for one in openings.of_scope(session, world.agreement) if one.type == "paper"]
    event = parse_canonical_json(found.event or b"")
    attestation = Confirmation.from_der(from_base64url(event["attestation"]))
    return PaperStatement.from_json(attestation.statement), attestation, event


def test_the_statement_reads_back_and_another_one_under_the_same_assertion_fails(devices: Devices):
    put_on_record(devices)
    stated, attestation, _ = recorded(devices)
    assert PaperStatement.from_json(stated.to_json()) == stated
    keys = [devices.device(devices.world.officer).passkeys[-1].cose_key]
    party = relying_party(devices.world.service)
    assert verify_paper(attestation, party, keys) == stated
    forged = Confirmation(replace(stated, document=sha256_hex(b"another")).to_json(), attestation.assertion)
    with pytest.raises(ApprovalError):
        verify_paper(forged, party, keys)
    with pytest.raises(ApprovalError, match="not one of officer"):
        verify_paper(attestation, party, [])
    value = parse_canonical_json(stated.to_json())
    for member in value:
        with pytest.raises(FormatError):
            PaperStatement.from_json(canonical_json({name: item for name, item in value.items() if name != member}))


def test_a_bundle_without_the_scan_is_indeterminate_and_with_a_foreign_one_fails(devices: Devices):
    put_on_record(devices)
    world = devices.world
    bundle = read_bundle(finish(devices))
    trust = read_trust([trust_file(world.service)])
    without = verify_bundle(write_bundle(replace(bundle, papers={})), trust, world.clock.now)
    assert without.verdict is Verdict.INDETERMINATE
    assert any("the scan is not in the bundle" in check.message for check in without.problems)
    foreign = picture(side=50)
    papers = {**bundle.papers, f"papers/{sha256_hex(foreign)}.png": foreign}
    added = verify_bundle(write_bundle(replace(bundle, papers=papers)), trust, world.clock.now)
    assert added.verdict is Verdict.FAILED
    with pytest.raises(VerificationError):
        write_bundle(replace(bundle, papers={f"papers/{'0' * 64}.png": SCAN}))


def test_two_signatures_on_paper_of_one_signer_are_refused():
    event = {"type": "paper", "signer": LIN.signer, "time": "2025-04-11T04:00:00Z"}
    with pytest.raises(FormatError, match="two signatures on paper"):
        Acts.from_events([event, event])


@pytest.mark.parametrize("rule", ["counts", "shown"])
def test_who_signed_on_paper_is_not_replaced_whoever_asks_for_it(world: World, rule: str):
    devices = with_rules(world, rule)
    put_on_record(devices)
    world = devices.world
    place = (world.service, world.officer, world.agreement, LIN.signer)
    with pytest.raises(ConflictError, match="has signed on paper; the mandate stays on record"):
        give_mandate(*place, world.ids[SOMCHAI], Authority("Council", world.clock.now.date()), "Lin left.")
    with world.service.database.read() as session:
        assert mandates.in_force(session, world.agreement, LIN.signer).person == world.ids[LIN]
