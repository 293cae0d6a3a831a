"""Uploads of signatures with own certificates: what pyHanko writes is accepted, whatever else is refused, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SigFieldSpec, SigSeedSubFilter

from signing_service.agreement.mandates import Representative
from signing_service.errors import (
    ForbiddenChangeError,
    ForeignCertificateError,
    LimitError,
    NonconformingSignatureError,
    OtherDocumentError,
)
from signing_service.verify.certificate import Certificate
from signing_service.verify.own_certificate import check_names
from signing_service.verify.own_upload import MAX_ADDED, Upload, judge_upload
from signing_service.verify.trust import Trust
from tests.cast import ALES, LIN, NOON, SOMCHAI
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity, rsa_key, self_signed
from tests.pdf.sealed_document import Ceremony

NOW = NOON + timedelta(minutes=5)
NAME = generic.pdf_name


def refusal(error: type[Exception], stored: bytes, uploaded: bytes, expected: Upload, trust: Trust) -> str:
    with pytest.raises(error) as caught:
        judge_upload(stored, uploaded, expected, trust, NOW)
    return str(caught.value)


# --- accepted


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_it_accepts_what_pyhanko_signs(
    stored: bytes, lin: Identity, expected: Upload, trust: Trust, algorithm: str
) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, lin, md_algorithm=algorithm)
    accepted = judge_upload(stored, uploaded, expected, trust, NOW)
    assert accepted.revision.field == LIN.signer
    assert accepted.revision.own_certificate
    assert accepted.path[0].der == lin.der
    assert accepted.timestamp is None
    assert uploaded.endswith(b"startxref\n%d\n%%%%EOF\n" % accepted.startxref)


def test_it_accepts_an_rsa_key_and_no_embedded_root(
    stored: bytes, authority: Authority, expected: Upload, trust: Trust
) -> None:
    identity = authority.issue("Shuyi LIN 1234", key=rsa_key())
    uploaded = pyhanko_signer.sign(stored, LIN.signer, identity, embed_root=False, reason="I agree", location="南京")
    accepted = judge_upload(stored, uploaded, expected, trust, NOW)
    assert accepted.revision.reason == "I agree"


def test_a_name_in_the_own_script_counts(stored: bytes, authority: Authority, expected: Upload, trust: Trust) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, authority.issue("林书怡"))
    assert judge_upload(stored, uploaded, expected, trust, NOW).path[0].subject_text == "林书怡"


def test_an_anchor_in_the_trust_file_counts_for_its_party_alone(
    ceremony: Ceremony, stored: bytes, trust: Trust
) -> None:
    from tests.verify.world import World

    elsewhere = Authority("Minsk Authority")
    uploaded = pyhanko_signer.sign(stored, ALES.signer, elsewhere.issue("Ales Novik"))
    ales = Upload(ALES.signer, Representative(ALES.id, ALES.name, ALES.native_name))
    for party, refused in ((ALES.university.id, False), (SOMCHAI.university.id, True)):
        named = World(ceremony).trust(party_anchors={party: (elsewhere.certificate,)})
        if refused:
            assert "no authority is named" in refusal(ForeignCertificateError, stored, uploaded, ales, named)
        else:
            assert judge_upload(stored, uploaded, ales, named, NOW).path[1].der == elsewhere.der


# --- (0), (1): another document


def test_an_upload_that_adds_too_much_is_refused_before_it_is_read(
    stored: bytes, expected: Upload, trust: Trust
) -> None:
    message = refusal(LimitError, stored, stored + bytes(MAX_ADDED + 1), expected, trust)
    assert "the limit is" in message


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda stored, signed: stored, "has no new signature"),
        (lambda stored, signed: b"not a PDF", "is not a PDF"),
        (lambda stored, signed: signed[: len(stored) // 2], "differs from the agreement at byte"),
        (lambda stored, signed: signed[:900] + b"X" + signed[901:], "differs from the agreement at byte 900"),
    ],
    ids=["unsigned", "no-pdf", "cut-off", "one-byte"],
)
def test_the_upload_must_begin_with_exactly_the_stored_bytes(
    stored: bytes, lin: Identity, expected: Upload, trust: Trust, edit: Callable[[bytes, bytes], bytes], reason: str
) -> None:
    signed = pyhanko_signer.sign(stored, LIN.signer, lin)
    assert reason in refusal(OtherDocumentError, stored, edit(stored, signed), expected, trust)


def test_an_upload_that_continues_an_older_state_says_so(
    ceremony: Ceremony, stored: bytes, lin: Identity, expected: Upload, trust: Trust
) -> None:
    uploaded = pyhanko_signer.sign(ceremony.revisions[0], LIN.signer, lin)
    assert "continues an older state" in refusal(OtherDocumentError, stored, uploaded, expected, trust)


# --- (2): more, or other, than one signature in the own field


def _add_page_text(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    page[NAME("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.update_container(page)


def _add_annotation(writer: IncrementalPdfFileWriter) -> None:
    rectangle = generic.ArrayObject(map(generic.NumberObject, (10, 10, 90, 90)))
    note = generic.DictionaryObject({NAME("/Subtype"): NAME("/FreeText"), NAME("/Rect"): rectangle})
    writer.register_annotation(writer.find_page_for_modification(0)[0], writer.add_object(note))


def _add_unused(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.DictionaryObject({NAME("/Hidden"): generic.NumberObject(1)}))


def _change_dss(writer: IncrementalPdfFileWriter) -> None:
    dss = writer.root["/DSS"]
    dss[NAME("/Certs")] = generic.ArrayObject()
    writer.update_container(dss)


def _add_script(writer: IncrementalPdfFileWriter) -> None:
    action = generic.DictionaryObject({NAME("/S"): NAME("/JavaScript"), NAME("/JS"): generic.TextStringObject("1")})
    writer.root[NAME("/OpenAction")] = writer.add_object(action)
    writer.update_root()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_add_page_text, "more than a signature was added"),
        (_add_annotation, "more than a signature was added"),
        (_add_unused, "to which nothing refers"),
        (_change_dss, "validation material"),
        (_add_script, "more than a signature was added"),
    ],
)
def test_anything_beside_the_signature_is_refused(
    stored: bytes,
    lin: Identity,
    expected: Upload,
    trust: Trust,
    change: Callable[[IncrementalPdfFileWriter], None],
    reason: str,
) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, lin, change=change)
    assert reason in refusal(ForbiddenChangeError, stored, uploaded, expected, trust)


def test_two_signatures_are_refused(stored: bytes, lin: Identity, expected: Upload, trust: Trust) -> None:
    once = pyhanko_signer.sign(stored, LIN.signer, lin)
    twice = pyhanko_signer.sign(once, ALES.signer, lin)
    assert "adds 2 revisions" in refusal(ForbiddenChangeError, stored, twice, expected, trust)


def test_another_partys_field_is_refused(stored: bytes, lin: Identity, expected: Upload, trust: Trust) -> None:
    uploaded = pyhanko_signer.sign(stored, ALES.signer, lin)
    assert "not in yours" in refusal(ForbiddenChangeError, stored, uploaded, expected, trust)


@pytest.mark.parametrize("field", ["countersignature", "archive-1", f"timestamp:{LIN.signer}"])
def test_a_field_that_is_no_representatives_is_refused(
    stored: bytes, lin: Identity, expected: Upload, trust: Trust, field: str
) -> None:
    uploaded = pyhanko_signer.sign(stored, field, lin)
    assert "is no representative's" in refusal(ForbiddenChangeError, stored, uploaded, expected, trust)


def test_a_new_field_is_refused(stored: bytes, lin: Identity, expected: Upload, trust: Trust) -> None:
    spec = SigFieldSpec("Signature1", box=(10, 10, 60, 40))
    uploaded = pyhanko_signer.sign(stored, "Signature1", lin, new_field=spec)
    assert "new field 'Signature1'" in refusal(ForbiddenChangeError, stored, uploaded, expected, trust)


def test_an_update_with_a_cross_reference_stream_is_refused_with_what_to_do(
    stored: bytes, lin: Identity, expected: Upload, trust: Trust
) -> None:
    def as_stream(writer: IncrementalPdfFileWriter) -> None:
        writer.stream_xrefs = True

    uploaded = pyhanko_signer.sign(stored, LIN.signer, lin, change=as_stream)
    with pytest.raises(ForbiddenChangeError, match="cross-reference stream") as caught:
        judge_upload(stored, uploaded, expected, trust, NOW)
    assert "plain cross-reference table" in caught.value.hint


def test_a_signature_that_locks_the_document_is_refused(
    stored: bytes, lin: Identity, expected: Upload, trust: Trust
) -> None:
    def locked(writer: IncrementalPdfFileWriter) -> None:
        fields = (item.get_object() for item in writer.root["/AcroForm"]["/Fields"])
        own = next(field for field in fields if field["/T"] == LIN.signer)
        own[NAME("/Lock")] = FieldMDPSpec(FieldMDPAction.ALL).as_sig_field_lock()
        writer.update_container(own)

    uploaded = pyhanko_signer.sign(stored, LIN.signer, lin, change=locked)
    refusal(ForbiddenChangeError, stored, uploaded, expected, trust)


# --- (3): not PAdES


def test_another_sub_filter_is_refused(stored: bytes, lin: Identity, expected: Upload, trust: Trust) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, lin, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    message = refusal(NonconformingSignatureError, stored, uploaded, expected, trust)
    assert "sub-filter adbe.pkcs7.detached" in message


# --- (4): not this party's certificate


def test_a_certificate_of_another_authority_is_refused(stored: bytes, expected: Upload, trust: Trust) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, Authority("Another Authority").issue("LIN Shuyi"))
    assert "leads to no trusted certificate" in refusal(ForeignCertificateError, stored, uploaded, expected, trust)


def test_a_self_signed_certificate_is_refused(stored: bytes, expected: Upload, trust: Trust) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, self_signed("LIN Shuyi"))
    refusal(ForeignCertificateError, stored, uploaded, expected, trust)


def test_a_certificate_that_has_ended_is_refused(
    stored: bytes, authority: Authority, expected: Upload, trust: Trust
) -> None:
    ended = authority.issue("LIN Shuyi", until=NOON - timedelta(days=1))
    uploaded = pyhanko_signer.sign(stored, LIN.signer, ended)
    assert "expired at 2025-04-10" in refusal(ForeignCertificateError, stored, uploaded, expected, trust)


def test_another_persons_certificate_is_refused(
    stored: bytes, authority: Authority, expected: Upload, trust: Trust
) -> None:
    uploaded = pyhanko_signer.sign(stored, LIN.signer, authority.issue("WANG Lei"))
    message = refusal(ForeignCertificateError, stored, uploaded, expected, trust)
    assert message == "the certificate is of 'WANG Lei', the mandate of 'Lin Shuyi'"


@pytest.mark.parametrize(
    ("own", "others"), [("ธิดา ใจดี", "ธีดา ใจดี"), ("अमित शाह", "अमीत शाह"), ("ខេម រា", "ខាម រា"), ("ガク", "カク")]
)
def test_names_that_differ_in_a_vowel_sign_are_two_persons(authority: Authority, own: str, others: str) -> None:
    person = Representative(LIN.id, LIN.name, own)
    check_names(Certificate.of(authority.issue(own).certificate), person)
    with pytest.raises(ForeignCertificateError):
        check_names(Certificate.of(authority.issue(others).certificate), person)


@pytest.mark.parametrize(("own", "written"), [("José Núñez", "NUNEZ Jose"), ("Фёдор Чуйков", "Федор Чуйков")])
def test_diacritics_and_case_and_order_of_a_name_do_not_count(authority: Authority, own: str, written: str) -> None:
    check_names(Certificate.of(authority.issue(written).certificate), Representative(LIN.id, own, None))


def test_a_party_whose_terms_say_nothing_signs_with_one_time_keys_only(
    ceremony: Ceremony, lin: Identity, trust: Trust
) -> None:
    stored = ceremony.revisions[0]
    somchai = Upload(SOMCHAI.signer, Representative(SOMCHAI.id, SOMCHAI.name, None))
    uploaded = pyhanko_signer.sign(stored, SOMCHAI.signer, lin)
    assert "one-time keys only" in refusal(ForeignCertificateError, stored, uploaded, somchai, trust)
