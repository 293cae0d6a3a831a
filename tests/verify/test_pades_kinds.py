"""Profile ``pades`` on kinds of signatures, containers, chains and files that are rare, old or odd, and in the wild."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.crypt import SimpleEnvelopeKeyDecrypter
from pyhanko.pdf_utils.crypt.pubkey import RecipientEncryptionPolicy
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import signers

from signing_service.errors import FormatError
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.xref import Entry
from signing_service.verify.report import Report
from signing_service.verify.timestamps import read_info
from signing_service.verify.trust import Trust, read_trust
from signing_service.verify.verdict import SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.editing import container_of, patched, with_container
from tests.attacks.judges import pdfsig_accepts
from tests.verify.by_hand import certificate_entry, detached_container, plain_rsa, sha1_container, signed_by_hand
from tests.verify.edits import written
from tests.verify.foreign import SIGNED_AT, Credential, Office, issue, plain_pdf

OLD_DAYS = datetime(2012, 1, 1, tzinfo=UTC)


def judged(pdf: bytes, office: Office, *, at: datetime = SIGNED_AT) -> Report:
    return verify_pdf(pdf, office.trust(), at, profile="pades")


def messages(report: Report) -> str:
    return " | ".join(check.message for check in report.problems)


@pytest.fixture(scope="module")
def rsa_office() -> Office:
    return Office.opened("rsa")


@pytest.fixture(scope="module")
def old_office() -> Office:
    """An office of the time when SHA-1 was good enough."""
    begin, end = datetime(2010, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    root = issue("Old Root", None, since=begin, until=end)
    signer = issue("Old Signer", root, since=begin, until=end)
    return Office(root, signer, issue("Old Time", root, timestamping=True, since=begin, until=end))


def test_a_container_over_a_sha1_digest_passes_while_sha1_did(old_office):
    pdf = signed_by_hand(plain_pdf(), b"/SubFilter /adbe.pkcs7.sha1", lambda data: sha1_container(old_office, data))

    assert judged(pdf, old_office, at=OLD_DAYS).verdict is Verdict.PASSED
    assert "SHA-1 may not be relied on" in messages(judged(pdf, old_office))
    changed = patched(pdf, b" 842 ", b" 841 ", last=False)
    assert "digest in the container" in messages(judged(changed, old_office, at=OLD_DAYS))


def test_a_plain_rsa_signature_passes_while_sha1_did(old_office):
    entries = b"/SubFilter /adbe.x509.rsa_sha1 " + certificate_entry(old_office)
    pdf = signed_by_hand(plain_pdf(), entries, lambda data: plain_rsa(old_office, data))

    report = judged(pdf, old_office, at=OLD_DAYS)

    assert report.verdict is Verdict.PASSED, messages(report)
    assert report.signatures[0].signer == "Old Signer"
    assert "SHA-1 may not be relied on" in messages(judged(pdf, old_office))
    changed = patched(pdf, b" 842 ", b" 841 ", last=False)
    assert judged(changed, old_office, at=OLD_DAYS).verdict is Verdict.FAILED


def test_a_digest_algorithm_named_with_its_rsa_is_understood(rsa_office):
    pdf = rsa_office.sign(plain_pdf(), subfilter="adbe.pkcs7.detached")
    short, long = bytes.fromhex("0609608648016503040201"), bytes.fromhex("06092a864886f70d01010b")  # both 11 octets
    container = container_of(pdf)
    info = asn1_cms.ContentInfo.load(container, strict=False)["content"]["signer_infos"][0]
    signed = container.index(info["signed_attrs"].contents)
    renamed = container[:signed].replace(short, long) + container[signed:]

    report = judged(with_container(pdf, renamed), rsa_office)

    assert judged(pdf, rsa_office).verdict is Verdict.PASSED
    assert renamed != container
    assert report.verdict is Verdict.PASSED, messages(report)


def test_algorithms_other_than_the_protected_ones_are_refused(rsa_office):
    pdf = rsa_office.sign(plain_pdf(), subfilter="adbe.pkcs7.detached")
    container = container_of(pdf)
    info = asn1_cms.ContentInfo.load(container, strict=False)["content"]["signer_infos"][0]
    plain, named = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01010b")
    at = container.index(info["signature"].dump()) - len(info["signature_algorithm"].dump())
    other = plain if named in container[at : at + 20] else named
    changed = container[: at + 2] + other + container[at + 13 :]

    assert "others than the signer protected" in messages(judged(with_container(pdf, changed), rsa_office))


def test_brazils_name_for_cades_is_understood():
    office = Office.opened("ecdsa")
    info = asn1_cms.ContentInfo.load(container_of(office.sign(plain_pdf())))
    assert info["content"]["signer_infos"][0]["signed_attrs"]

    unknown = office.sign(plain_pdf()).replace(b"/ETSI.CAdES.detached", b"/PBAD.PAdES".ljust(20))

    assert "signed digest" in messages(judged(unknown, office))  # understood; the name itself was signed


def test_an_attribute_with_two_values_where_one_is_meant_is_refused():
    office = Office.opened("ecdsa")
    pdf = office.sign(plain_pdf())
    info = asn1_cms.ContentInfo.load(container_of(pdf), strict=False)
    signer = info["content"]["signer_infos"][0]
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native == "content_type":
            attribute["values"].append("1.2.3")

    report = judged(with_container(pdf, info.dump(force=True)), office)

    assert report.verdict is Verdict.FAILED
    assert "has not one value" in messages(report)


def sha1_signed(office: Office) -> x509.Certificate:
    """The signer's certificate as the root would have signed it with SHA-1."""
    old = office.credential.certificate
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number + 1,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    made = builder.sign(office.root.key, hashes.SHA256())
    sha256, sha1 = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")
    body = made.tbs_certificate_bytes.replace(sha256, sha1)
    from cryptography.hazmat.primitives.asymmetric import padding

    from signing_service.verify.der import wrap

    value = office.root.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    der = wrap(0x30, body + wrap(0x30, sha1 + b"\x05\x00") + wrap(0x03, b"\x00" + value))
    return x509.load_der_x509_certificate(der)


def test_a_certificate_signed_over_sha1_is_weak_and_not_unknown(old_office):
    credential = type(old_office.credential)(old_office.credential.key, sha1_signed(old_office))
    office = Office(old_office.root, credential, old_office.authority)
    pdf = office.sign(plain_pdf())

    assert judged(pdf, office, at=OLD_DAYS).verdict is Verdict.PASSED
    report = judged(pdf, office)
    assert report.indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert "is weak: SHA-1" in messages(report)


def test_a_signers_own_certificate_may_be_the_anchor():
    alone = issue("Alone", None)
    office = Office(alone, alone, alone)
    trust = read_trust([alone.certificate.public_bytes(Encoding.PEM)])

    assert verify_pdf(office.sign(plain_pdf()), trust, SIGNED_AT, profile="pades").verdict is Verdict.PASSED
    assert verify_pdf(office.sign(plain_pdf()), Trust(), SIGNED_AT, profile="pades").verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize(("fraction", "microsecond"), [(b"", 0), (b".5", 500_000), (b".120", 120_000)])
def test_a_timestamps_time_may_end_in_zeroes(fraction, microsecond):
    imprint = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + bytes(32)
    time = b"20260601120000" + fraction + b"Z"
    body = b"\x02\x01\x01\x06\x02\x2a\x03" + imprint[:1] + bytes([len(imprint) - 2]) + imprint[2:]
    body += b"\x02\x01\x01\x18" + bytes([len(time)]) + time

    assert read_info(b"\x30" + bytes([len(body)]) + body).time == SIGNED_AT.replace(microsecond=microsecond)


def encrypted_for(reader: Credential) -> bytes:
    """A page that only the holder of a certificate's key can read (ISO 32000-2 7.6.5)."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain_pdf(fields=True))))
    certificate = asn1_x509.Certificate.load(reader.certificate.public_bytes(Encoding.DER))
    writer.encrypt_pubkey([certificate], policy=RecipientEncryptionPolicy(ignore_key_usage=True))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_document_encrypted_for_certificates_is_judged_as_far_as_it_can_be_read():
    office, reader = Office.opened("ecdsa"), issue("Reader", None)
    writer = IncrementalPdfFileWriter(io.BytesIO(encrypted_for(reader)))
    key = asn1_keys.PrivateKeyInfo.load(reader.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    certificate = asn1_x509.Certificate.load(reader.certificate.public_bytes(Encoding.DER))
    writer.encrypt_pubkey(SimpleEnvelopeKeyDecrypter(certificate, key))
    metadata = signers.PdfSignatureMetadata(field_name="Sig1", signer_key_usage=set())
    signer = signers.PdfSigner(metadata, office.credential.signer(office.root.certificate))
    pdf = bytes(signer.sign_pdf(writer).getvalue())

    report = judged(pdf, office)
    changed = judged(patched(pdf, b" 842 ", b" 841 ", last=False), office)

    assert report.verdict is Verdict.PASSED, messages(report)
    assert report.signatures[0].field.startswith("encrypted:")
    assert changed.verdict is Verdict.FAILED


def as_a_word_processor_writes() -> bytes:
    """A second, empty table closes the file; what it lists stands in a stream before the first table."""
    from tests.attacks.shadow import handmade

    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>"
    pages = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
    listed = b"<< /Type /XRef /Size 6 /W [1 4 1] /Index [0 1] /Length 6 >>\nstream\n\0\0\0\0\0\0\nendstream"
    content = b"<< /Length 34 >>\nstream\nBT 60 780 Td (The sum is 1000) Tj ET \nendstream"
    pdf = handmade({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: pages, 3: page, 4: content, 5: listed})
    first, hidden = pdf.rindex(b"xref\n0"), pdf.index(b"5 0 obj")
    second = b"xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (first, hidden)
    return pdf + second + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


def test_a_file_whose_hidden_cross_reference_stands_before_its_first_table_passes(tmp_path):
    office = Office.opened("ecdsa")
    entries = b"/SubFilter /adbe.pkcs7.detached"
    pdf = signed_by_hand(as_a_word_processor_writes(), entries, lambda data: detached_container(office, data))

    report = judged(pdf, office)

    assert pdfsig_accepts(pdf, tmp_path)
    assert report.verdict is Verdict.PASSED, messages(report)
    assert report.signatures[0].revision == 1


def test_an_offset_beyond_what_a_machine_counts_is_an_offset_outside_the_file():
    pdf = as_a_word_processor_writes()
    at = int(pdf[pdf.rindex(b"/XRefStm ") + 9 :].split()[0])

    with pytest.raises(FormatError):
        Document(pdf.replace(b"/XRefStm %d" % at, b"/XRefStm 99999999999999999999"))
    document = Document(pdf)
    with pytest.raises(FormatError):
        document.load(3, Entry("offset", 2**64 - 1, 0), document.snapshots[-1])


@pytest.mark.parametrize(("level", "verdict"), [(None, Verdict.PASSED), (2, Verdict.PASSED), (1, Verdict.FAILED)])
@pytest.mark.parametrize("where", ["catalog", "page"])
def test_an_applications_private_data_may_change_unless_all_is_closed(level, verdict, where):
    office = Office.opened("ecdsa")
    pdf = office.sign(plain_pdf(), certify=level)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    holder = writer.root if where == "catalog" else writer.root["/Pages"]["/Kids"][0].get_object()
    holder["/PieceInfo"] = DictionaryObject({NameObject("/App"): DictionaryObject()})
    writer.update_container(holder) if where == "page" else writer.update_root()

    report = verify_pdf(written(writer), office.trust(), SIGNED_AT, profile="pades")

    assert report.verdict is verdict
