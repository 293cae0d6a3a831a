"""The verdict's contract (DESIGN 7) on a whole ceremony: what passes, what is missing, what is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from signing_service.agreement.mandates import Mandate
from signing_service.encoding import sha256_hex
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Step, SubIndication, Verdict
from signing_service.verify.verifier import verify_bundle, verify_pdf
from tests.cast import LIN, NOON, OFFICER, ORIGIN, SOMCHAI
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.record.cast import IMPOSTOR, NANJING_WITNESS
from tests.verify.world import LATER, World, the_ceremony

NO_TRUST = Trust()


@pytest.fixture(scope="module")
def world() -> World:
    return the_ceremony()


def problems(report: Report) -> str:
    return "; ".join(f"{check.step} {check.subject}: {check.message}" for check in report.problems)


def test_an_intact_bundle_with_its_trust_file_passes(world):
    report = verify_bundle(world.bundle(), world.trust(), LATER)

    assert report.verdict is Verdict.PASSED, problems(report)
    assert report.exit_code == 0
    assert [item.verdict for item in report.signatures] == [Verdict.PASSED] * 11
    assert report.agreement is not None
    assert report.agreement.state == "in-force"
    assert report.record is not None
    assert report.record.witnesses == ()


def test_the_report_names_party_person_time_mandate_and_entry(world):
    report = verify_bundle(world.bundle(), world.trust(), LATER)
    lin = next(item for item in report.signatures if item.field == LIN.signer)

    assert (lin.party_native, lin.signer, lin.role) == ("南京邮电大学", "Lin Shuyi", "President")
    assert lin.time == NOON + timedelta(minutes=1)
    assert lin.time_independent is False
    assert lin.mandate == "by University Council, from 2025-01-01 to 2025-12-31"
    assert lin.assurance == "service"
    assert lin.entry == 4
    assert "sign it on behalf of Nanjing University" in lin.consent


def test_without_trust_the_bundle_is_indeterminate_and_each_signature_is_reported_intact(world):
    report = verify_bundle(world.bundle(), NO_TRUST, LATER)

    assert report.exit_code == 3
    assert all(item.intact for item in report.signatures)
    assert report.indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert any("trust file" in hint for hint in report.hints)


@pytest.mark.parametrize("with_trust", [True, False])
def test_the_intact_pdf_alone_is_indeterminate_with_good_signatures_and_a_hint(world, with_trust):
    report = verify_pdf(world.pdf, world.trust() if with_trust else NO_TRUST, LATER)

    assert report.exit_code == 3
    assert all(item.intact for item in report.signatures)
    assert any("evidence bundle" in hint for hint in report.hints)
    if with_trust:
        assert {item.verdict for item in report.signatures} == {Verdict.PASSED}
        assert [check.step for check in report.problems] == [Step.RECORD]


def test_a_changed_byte_in_the_pdf_inside_the_bundle_fails(world):
    changed = bytearray(world.pdf)
    changed[len(changed) // 2] ^= 1
    data = world.bundle()
    at = data.index(world.pdf) + len(changed) // 2

    assert verify_bundle(world.bundle(pdf=bytes(changed)), world.trust(), LATER).exit_code == 1
    assert verify_bundle(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], world.trust(), LATER).exit_code == 1


@pytest.mark.parametrize("with_trust", [True, False])
def test_every_byte_of_the_last_container_and_its_trailer_counts(world, with_trust):
    trust = world.trust() if with_trust else NO_TRUST
    start = world.pdf.rindex(b"/Contents <")
    used = world.pdf.index(b"00000000", start)
    for at in [*range(start, used, 101), *range(used, used + 300, 97), *range(len(world.pdf) - 60, len(world.pdf), 7)]:
        changed = bytearray(world.pdf)
        changed[at] ^= 1

        assert verify_pdf(bytes(changed), trust, LATER).exit_code == 1, at


def test_another_alliances_trust_file_never_passes(world):
    stranger = World(Ceremony.published(keystore=keystore_in_memory("Another Alliance")))

    report = verify_bundle(world.bundle(), stranger.trust(), LATER)

    assert report.exit_code in (1, 3)
    assert report.foreign_to == ORIGIN
    assert verify_bundle(world.bundle(), stranger.trust(record_key=IMPOSTOR.verifier_key), LATER).exit_code == 1


def test_another_alliances_bundle_does_not_pass_with_our_trust_file(world):
    stranger = World(Ceremony.held(keystore=keystore_in_memory("Another Alliance")))

    assert verify_bundle(stranger.bundle(), world.trust(), LATER).exit_code in (1, 3)


def test_a_one_time_certificate_long_expired_verifies_by_its_timestamp(world):
    report = verify_bundle(world.bundle(), world.trust(), NOON + timedelta(days=9 * 365))

    assert report.exit_code == 0, problems(report)


def test_when_the_archive_timestamp_can_no_longer_be_proven_the_missing_link_is_named(world):
    report = verify_bundle(world.bundle(), world.trust(), NOON + timedelta(days=11 * 365))

    assert report.exit_code == 3
    assert report.indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert "Timestamp authority' expired at 2035-" in report.problems[0].message


def test_provable_until_is_the_expiry_of_the_archive_timestamps_certificate(world):
    report = verify_bundle(world.bundle(), world.trust(), LATER)

    assert report.provable_until == world.ceremony.keystore.timestamp.not_valid_after_utc


@pytest.mark.parametrize("at", [NOON - timedelta(days=1), NOON + timedelta(minutes=5)])
def test_a_moment_before_the_archive_timestamp_is_indeterminate(world, at: datetime):
    report = verify_bundle(world.bundle(), world.trust(), at)

    assert report.exit_code == 3


def test_a_half_signed_agreement_is_indeterminate_and_says_who_is_missing():
    half = World(Ceremony.published(people=(LIN, SOMCHAI)))
    half.ceremony.sign(LIN)

    report = verify_pdf(half.pdf, half.trust(), LATER)

    assert report.exit_code == 3
    assert report.agreement is not None
    assert report.agreement.waiting_for == (SOMCHAI.signer,)
    assert "signatures are missing: andaman:president" in problems(report)


def test_a_document_with_its_last_revision_cut_off_is_not_complete(world):
    report = verify_pdf(world.ceremony.revisions[-2], world.trust(), LATER)

    assert report.exit_code == 3
    assert "no archive timestamp closes the file" in problems(report)


def test_a_bundle_of_an_earlier_revision_fails_because_the_record_knows_more(world):
    report = verify_bundle(world.bundle(pdf=world.ceremony.revisions[-2]), world.trust(), LATER)

    assert report.exit_code == 1
    assert "which the document lacks" in problems(report)


def test_a_second_archive_timestamp_proves_the_first_one_after_its_certificate_expired():
    ceremony = Ceremony.held(people=(LIN,))
    ceremony.now = NOON + timedelta(days=8 * 365)
    ceremony.archive()

    report = verify_pdf(ceremony.pdf, World(ceremony).trust(), NOON + timedelta(days=9 * 365))

    assert {item.verdict for item in report.signatures} == {Verdict.PASSED}, problems(report)
    assert [item.kind for item in report.signatures][-2:] == ["archive", "archive"]


def test_a_witness_quorum_that_is_not_reached_is_indeterminate_and_says_who_is_missing(world):
    trust = world.trust(quorum=1, witnesses=(NANJING_WITNESS.verifier_key,))

    report = verify_bundle(world.bundle(), trust, LATER)

    assert report.exit_code == 3
    assert "cosigned by 0 of the 1 witnesses that are needed; missing: witness.njupt.example" in problems(report)


@pytest.mark.parametrize(
    ("kind", "member", "value", "reason"),
    [
        ("signature", "pdf_sha256", "0" * 64, "differs from the document in pdf_sha256"),
        ("signature", "signer", "andaman:president", "signer"),
        ("signature", "assurance", "passkey", "assurance"),
        ("signature", "revision", 99, "no event for this revision"),
        ("publication", "base_length", 5, "base_length"),
        ("publication", "contents_size", 5, "contents_size"),
        ("issuance", "approval", "AA", "approval"),
        ("issuance", "certificate", "AA", "certificate"),
        ("mandate", "mandate_sha256", "1" * 64, ""),
        ("archive-timestamp", "field", "archive-2", "field"),
        ("service-initialised", "record_origin", "elsewhere.example", "record_origin"),
    ],
)
def test_an_event_that_tells_something_else_than_the_document_fails(world, kind, member, value, reason):
    events = world.events()
    next(event for event in events if event["type"] == kind)[member] = value

    report = verify_bundle(world.bundle(events), world.trust(), LATER)

    if reason:
        assert report.exit_code == 1
        assert reason in problems(report)


def test_a_signature_outside_its_mandates_days_fails(world):
    events = world.events()
    mandate = next(event for event in events if event["type"] == "mandate")
    mandate["mandate"]["until"] = "2025-04-10"

    report = verify_bundle(world.bundle(events), world.trust(), LATER)

    assert report.exit_code == 1


def test_a_mandate_that_was_replaced_before_the_issuance_no_longer_counts(world):
    events = world.events()
    at = next(index for index, event in enumerate(events) if event["type"] == "issuance")
    other = {**events[at - 1]["mandate"], "organ": "Another organ"}
    replacing = {"mandate": other, "mandate_sha256": Mandate.from_value(other).digest(), "reason": "It was another."}
    events.insert(at, {**events[at - 1], **replacing})
    renumber(events)

    report = verify_bundle(world.bundle(events), world.trust(), LATER)

    assert report.exit_code == 1
    assert "not the newest" in problems(report)


def renumber(events) -> None:
    """Number the agreement's events anew; each signature follows its issuance."""
    own = [event for event in events if event["scope"] != "service"]
    for sequence, event in enumerate(own):
        event["sequence"] = sequence
        if "issuance" in event:
            event["issuance"] = event["sequence"] - 1


def test_two_signature_events_for_one_one_time_key_fail(world):
    events = world.events()
    first = next(event for event in events if event["type"] == "signature")
    again = {**first, "sequence": events[-1]["sequence"] + 1, "signer": OFFICER.signer, "revision": 77}

    report = verify_bundle(world.bundle([*events, again]), world.trust(), LATER)

    assert report.exit_code == 1
    assert "one one-time key signed twice" in problems(report)


def test_a_withheld_opening_of_the_agreements_entry_fails(world):
    parts = world.bundle_parts()
    events = list(parts.events)
    events[3] = type(events[3])(events[3].index, events[3].entry, None, None)

    report = verify_bundle(world.bundle(None, events=tuple(events)), world.trust(), LATER)

    assert report.exit_code == 1
    assert "is withheld" in problems(report)


def test_a_gap_in_the_agreements_sequence_fails(world):
    parts = world.bundle_parts()
    left_out = parts.events[5]
    events = tuple(item for item in parts.events if item is not left_out)
    proofs = {index: proof for index, proof in parts.proofs.items() if index != left_out.index}

    report = verify_bundle(world.bundle(None, events=events, proofs=proofs), world.trust(), LATER)

    assert report.exit_code == 1
    assert "gap" in problems(report)


def test_a_complete_bundle_proves_that_there_is_no_second_history(world):
    report = verify_bundle(world.bundle(complete=True), world.trust(), LATER)

    assert report.exit_code == 0, problems(report)
    assert report.record is not None
    assert report.record.uniqueness == "checked"


def test_the_digest_in_the_report_is_the_pdfs(world):
    assert verify_pdf(world.pdf, world.trust(), LATER).sha256 == sha256_hex(world.pdf)
