"""Profile pades accepts what other hands sign properly, and says what was changed, is missing or is weak."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest

from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.verify.edits import (
    filled_in,
    with_empty_field,
    with_note,
    with_other_text,
    with_title,
    with_validation_material,
)
from tests.verify.foreign import KEYS, SIGNED_AT, FieldMDPAction, FieldMDPSpec, Office, issue, plain_pdf

DIGESTS = {"ed25519": "sha512", "ed448": "shake256", "p521": "sha512"}


@pytest.fixture(scope="module")
def office() -> Office:
    return Office.opened("ecdsa")


def judged(pdf: bytes, office: Office, at=SIGNED_AT) -> Report:
    return verify_pdf(pdf, office.trust(), at, profile="pades")


def said(report: Report) -> str:
    return " | ".join(check.message for check in report.problems)


def changes(report: Report) -> list[str]:
    return list(report.signatures[0].changes)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("subfilter", ["ETSI.CAdES.detached", "adbe.pkcs7.detached"])
def test_every_kind_of_key_and_container_passes(kind, subfilter):
    office = Office.opened(kind)
    pdf = office.sign(plain_pdf(), subfilter=subfilter, digest=DIGESTS.get(kind, "sha256"))

    report = judged(pdf, office)

    assert report.verdict is Verdict.PASSED, said(report)
    assert report.signatures[0].signer == "Elsewhere Signer"
    assert report.signatures[0].covers == "file"


def test_rsa_pss_passes():
    office = Office.opened("rsa")

    assert judged(office.sign(plain_pdf(), pss=True), office).verdict is Verdict.PASSED


@pytest.mark.parametrize("object_streams", [False, True])
def test_two_signatures_and_a_document_timestamp_pass(office, object_streams):
    pdf = office.sign(plain_pdf(object_streams=object_streams), timestamp=True)
    pdf = office.stamp(office.sign(pdf, "Sig2", box=(60, 60, 200, 100)))

    report = judged(pdf, office)

    assert report.verdict is Verdict.PASSED, said(report)
    assert [item.kind for item in report.signatures] == ["signature", "signature", "timestamp"]
    assert report.signatures[0].time == SIGNED_AT
    filled = {"the signature field 'Sig2' was filled", "the timestamp field 'Stamp1' was filled"}
    assert filled <= set(changes(report))


@pytest.mark.parametrize("options", [["--linearize"], ["--linearize", "--object-streams=generate"]])
def test_linearised_documents_pass(office, tmp_path, options):
    source, result = tmp_path / "plain.pdf", tmp_path / "linear.pdf"
    source.write_bytes(plain_pdf(fields=True))
    subprocess.run(["qpdf", *options, str(source), str(result)], check=True)

    pdf = office.sign(office.sign(result.read_bytes()), "Sig2")

    assert judged(pdf, office).verdict is Verdict.PASSED


@pytest.mark.parametrize("bits", [["256"], ["128", "--use-aes=y"], ["128", "--use-aes=n"]])
@pytest.mark.parametrize("object_streams", ["disable", "generate"])
def test_documents_encrypted_without_a_password_pass(office, tmp_path, bits, object_streams):
    source, result = tmp_path / "plain.pdf", tmp_path / "encrypted.pdf"
    source.write_bytes(plain_pdf(fields=True))
    weak = ["--allow-weak-crypto"] if bits[-1] == "--use-aes=n" else []
    options = [f"--object-streams={object_streams}", *weak, "--encrypt", "", "owner", *bits, "--"]
    subprocess.run(["qpdf", str(source), str(result), *options], check=True)
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Reason"])

    pdf = office.sign(office.sign(result.read_bytes(), password="", lock=lock), "Sig2", password="")

    report = judged(pdf, office)
    assert report.verdict is Verdict.PASSED, said(report)
    assert [item.field for item in report.signatures] == ["Sig1", "Sig2"]


def test_a_document_that_wants_a_password_is_judged_as_far_as_it_can_be_read(office, tmp_path):
    source, result = tmp_path / "plain.pdf", tmp_path / "encrypted.pdf"
    source.write_bytes(plain_pdf(fields=True))
    for mode, verdict in (("disable", Verdict.PASSED), ("generate", Verdict.INDETERMINATE)):
        options = [f"--object-streams={mode}", "--encrypt", "secret", "owner", "256", "--"]
        subprocess.run(["qpdf", str(source), str(result), *options], check=True)

        pdf = office.sign(result.read_bytes(), password="secret")

        assert judged(pdf, office).verdict is verdict


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_certified_document_may_be_stamped_and_from_level_2_signed(office, level):
    certified = office.sign(plain_pdf(fields=True), certify=level, box=(60, 60, 200, 100))

    assert judged(certified, office).signatures[0].kind == "certification"
    assert judged(office.stamp(certified), office).verdict is Verdict.PASSED
    if level > 1:
        assert judged(office.sign(certified, "Sig2"), office).verdict is Verdict.PASSED


def test_filling_in_a_form_is_permitted_and_reported(office):
    report = judged(filled_in(office.sign(plain_pdf(fields=True)), "Reason", "friendship"), office)

    assert report.verdict is Verdict.PASSED, said(report)
    assert "the field 'Reason' was filled in" in changes(report)
    assert report.signatures[0].covers == "revision"


def test_filling_in_is_refused_where_the_certification_forbids_changes(office):
    report = judged(filled_in(office.sign(plain_pdf(fields=True), certify=1), "Reason", "friendship"), office)

    assert report.verdict is Verdict.FAILED
    assert "field 'Reason'/V was changed" in said(report)


@pytest.mark.parametrize(
    ("action", "names", "field", "verdict"),
    [
        (FieldMDPAction.INCLUDE, ["Reason"], "Reason", Verdict.FAILED),
        (FieldMDPAction.INCLUDE, ["Reason"], "Place", Verdict.PASSED),
        (FieldMDPAction.EXCLUDE, ["Reason"], "Reason", Verdict.PASSED),
        (FieldMDPAction.EXCLUDE, ["Reason"], "Place", Verdict.FAILED),
        (FieldMDPAction.ALL, None, "Place", Verdict.FAILED),
    ],
)
def test_locked_fields_stay_as_they_are(office, action, names, field, verdict):
    signed = office.sign(plain_pdf(fields=True), lock=FieldMDPSpec(action, fields=names))

    assert judged(filled_in(signed, field, "friendship"), office).verdict is verdict


def test_a_field_that_shows_something_else_than_its_value_is_refused(office):
    report = judged(filled_in(office.sign(plain_pdf(fields=True)), "Reason", "1000", shown="9999"), office)

    assert report.verdict is Verdict.FAILED
    assert "does not show its value" in said(report)


def test_validation_material_added_last_is_named_and_accepted(office):
    report = judged(with_validation_material(office.sign(plain_pdf()), office.root.certificate), office)

    assert report.verdict is Verdict.PASSED
    assert "validation material was added" in changes(report)


def test_an_empty_unseen_field_and_a_new_title_are_permitted(office):
    signed = office.sign(plain_pdf())

    assert judged(with_empty_field(signed), office).verdict is Verdict.PASSED
    assert judged(with_title(signed, "Another title"), office).verdict is Verdict.PASSED


def test_content_changed_after_the_newest_signature_is_refused(office):
    report = judged(with_other_text(office.sign(plain_pdf())), office)

    assert report.verdict is Verdict.FAILED
    assert "page 1/Contents was changed" in said(report)


def test_content_changed_between_two_signatures_fails_the_first_one(office):
    report = judged(office.sign(with_other_text(office.sign(plain_pdf())), "Sig2"), office)

    assert [item.verdict for item in report.signatures] == [Verdict.FAILED, Verdict.PASSED]


def test_without_trust_the_signature_is_intact_and_not_proven(office):
    report = verify_pdf(office.sign(plain_pdf()), Trust(), SIGNED_AT, profile="pades")

    assert report.verdict is Verdict.INDETERMINATE
    assert report.indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.signatures[0].intact


def test_a_file_without_signatures_is_indeterminate(office):
    assert judged(plain_pdf(), office).indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_an_expired_certificate_passes_only_with_a_timestamp(office):
    late = SIGNED_AT + timedelta(days=600)
    brief = issue("Brief Signer", office.root, "ecdsa", until=SIGNED_AT + timedelta(days=1))
    signer = Office(office.root, brief, office.authority)

    assert judged(signer.sign(plain_pdf()), office, late - timedelta(days=100)).indication is (
        SubIndication.OUT_OF_BOUNDS_NO_POE
    )
    assert judged(signer.sign(plain_pdf(), timestamp=True), office, late - timedelta(days=100)).exit_code == 0


def test_a_document_timestamp_proves_signatures_whose_own_certificates_expired(office):
    brief = issue("Brief Signer", office.root, "ecdsa", until=SIGNED_AT + timedelta(days=1))
    signer = Office(office.root, brief, office.authority)

    report = judged(office.stamp(signer.sign(plain_pdf())), office, SIGNED_AT + timedelta(days=100))

    assert report.verdict is Verdict.PASSED, said(report)


def test_a_certificate_that_is_not_for_signing_is_refused(office):
    clock = Office(office.root, issue("Clock", office.root, timestamping=True), office.authority)

    assert judged(clock.sign(plain_pdf()), office).indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_sha1_is_weak_and_says_so(office):
    report = judged(
        Office.opened("rsa").sign(plain_pdf(), digest="sha1", subfilter="adbe.pkcs7.detached"), Office.opened("rsa")
    )

    assert report.verdict is Verdict.INDETERMINATE
    assert "SHA-1 may not be relied on after" in said(report)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\nstartxref\n5\n%%EOF", b"PK\x03\x04", bytes(5000)])
def test_what_is_no_pdf_gets_a_verdict(office, data):
    assert judged(data, office).verdict is Verdict.FAILED


@pytest.mark.parametrize(("level", "verdict"), [(3, Verdict.PASSED), (2, Verdict.FAILED)])
def test_a_note_is_permitted_where_the_certification_permits_annotations(office, level, verdict):
    certified = office.sign(plain_pdf(), certify=level)

    assert judged(with_note(certified), office).verdict is verdict
