"""Cases of pyHanko's own test suite where its verdict and ours differed: mended, or explained beside a control."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing_service.verify.report import Report
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.judges import pyhanko_accepts
from tests.verify.edits import written
from tests.verify.foreign import SIGNED_AT, Credential, Office, issue, plain_pdf


@pytest.fixture(scope="module")
def office() -> Office:
    return Office.opened("ecdsa")


def judged(pdf: bytes, office: Office, at=SIGNED_AT) -> Report:
    return verify_pdf(pdf, office.trust(), at, profile="pades")


def said(report: Report) -> str:
    return " | ".join(check.message for check in report.problems)


def pyhanko(pdf: bytes, office: Office, at=SIGNED_AT) -> bool:
    return pyhanko_accepts(pdf, [office.root.certificate], at)


def with_deep_field(pdf: bytes, name: str) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    append_signature_field(writer, SigFieldSpec(name))
    return written(writer)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("Group.Second", Verdict.FAILED, False),
        ("Second", Verdict.PASSED, True),
        ("Other.Second", Verdict.PASSED, False),  # it has no rule for a group that is new as a whole
    ],
)
def test_a_field_of_a_certified_document_gains_no_other_part(office, name, ours, theirs):
    certified = office.sign(with_deep_field(plain_pdf(), "Group.First"), certify=2)
    pdf = office.sign(certified, name)

    report = judged(pdf, office)

    assert report.verdict is ours, said(report)
    assert pyhanko(pdf, office) is theirs
    if ours is Verdict.FAILED:
        assert "the field 'Group' of a certified document gained another part" in said(report)


def clock(office: Office, *purposes: x509.ObjectIdentifier) -> Credential:
    usage = ((x509.ExtendedKeyUsage(purposes), True),) if purposes else ()
    return issue("Clock", office.root, "rsa", extensions=usage)


ANSWERING = ExtendedKeyUsageOID.OCSP_SIGNING


@pytest.mark.parametrize("purposes", [(), (ANSWERING,)], ids=["for nothing in particular", "for OCSP"])
def test_who_is_certified_for_something_else_makes_no_timestamps(office, purposes):
    usurper = Office(office.root, office.credential, clock(office, *purposes))
    pdf = usurper.sign(plain_pdf(), timestamp=True)

    report = judged(pdf, office)

    assert report.indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    assert "'Clock' is not for timestamping alone" in said(report)
    assert not pyhanko(pdf, office)
    assert judged(office.sign(plain_pdf(), timestamp=True), office).verdict is Verdict.PASSED
    assert pyhanko(office.sign(plain_pdf(), timestamp=True), office)


def test_a_timestamp_of_an_unknown_authority_counts_for_nothing_and_against_nothing(office):
    """PyHanko refuses the signature then; EN 319 102-1 5.5.4 goes on without the timestamp."""
    elsewhere = issue("Far Root", None)
    signer = Office(office.root, office.credential, issue("Far Time", elsewhere, timestamping=True))
    pdf = signer.sign(plain_pdf(), timestamp=True)

    report = judged(pdf, office)

    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].time is None
    assert not pyhanko(pdf, office)


def test_an_authority_that_is_an_anchor_has_no_purpose_there(office):
    """PyHanko's caller can qualify anchors, ours cannot: the timestamp proves nothing, the signature is as before."""
    usurper = Office(office.root, office.credential, clock(office, ANSWERING))
    pdf = usurper.sign(plain_pdf(), timestamp=True)
    pem = [item.public_bytes(Encoding.PEM) for item in (
        office.root.certificate, usurper.authority.certificate)]  # fmt: skip

    report = verify_pdf(pdf, read_trust(pem), SIGNED_AT, profile="pades")

    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].time is None


def test_a_trusted_timestamp_proves_an_expired_signature_without_an_archive_timestamp(office):
    """PyHanko's archival validation says NO_POE; without any timestamp, both say that the certificate expired."""
    later = SIGNED_AT + timedelta(days=100)
    brief = issue("Brief Signer", office.root, "ecdsa", until=SIGNED_AT + timedelta(days=1))
    signer = Office(office.root, brief, office.authority)

    assert judged(signer.sign(plain_pdf(), timestamp=True), office, later).verdict is Verdict.PASSED
    assert judged(signer.sign(plain_pdf()), office, later).indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_an_object_that_nothing_reaches_may_be_added_whatever_is_closed(office):
    """PyHanko refuses it only where its caller asks for that (``ignore_orphaned_objects=False``)."""
    closed = office.sign(plain_pdf(), certify=1)
    writer = IncrementalPdfFileWriter(io.BytesIO(closed))
    writer.add_object(generic.pdf_string("Bleh"))
    reached = IncrementalPdfFileWriter(io.BytesIO(closed))
    reached.root["/Bleh"] = reached.add_object(generic.pdf_string("Bleh"))
    reached.update_root()

    assert judged(written(writer), office).verdict is Verdict.PASSED
    assert judged(written(reached), office).verdict is Verdict.FAILED
    assert pyhanko(written(writer), office)
    assert not pyhanko(written(reached), office)


def test_a_document_timestamp_alone_is_judged_as_what_it_is(office):
    """PyHanko refuses it where it is asked for a signature, and says nothing about changes after it."""
    stamped = office.stamp(plain_pdf())

    assert judged(stamped, office).verdict is Verdict.PASSED
    assert pyhanko(stamped, office)
    assert judged(stamped.replace(b"595", b"596"), office).verdict is Verdict.FAILED


def test_an_update_names_the_catalog_itself(office):
    """PyHanko takes it from an older trailer; table 15 requires it, and readers that go by the newest see nothing."""
    pdf = office.sign(plain_pdf())
    before = int(pdf.rsplit(b"startxref", 1)[1].split()[0])
    size = int(pdf.rsplit(b"/Size", 1)[1].split()[0])
    update = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size %d /Prev %d %s>>\nstartxref\n%d\n%%%%EOF\n"
    root = pdf.rsplit(b"/Root", 1)[1].split(b"R")[0] + b"R "

    without, with_it = (pdf + update % (size, before, more, len(pdf)) for more in (b"", b"/Root" + root))

    assert judged(without, office).verdict is Verdict.FAILED
    assert "the file has no catalog" in said(judged(without, office))
    assert judged(with_it, office).verdict is Verdict.PASSED


def test_a_hybrid_update_whose_stream_lies_in_the_revision_below_is_refused(office):
    """No writer makes it; pyHanko takes it only where it is told to be lenient, as it does other hybrid files."""
    pdf = office.sign(plain_pdf())
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    data = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XRef"),
            pdf_name("/W"): generic.ArrayObject(map(generic.NumberObject, (1, 3, 2))),
            pdf_name("/Index"): generic.ArrayObject(map(generic.NumberObject, (0, 1))),
            pdf_name("/Size"): generic.NumberObject(99),
        },
        stream_data=b"\x00\x00\x00\x00\xff\xff",
    )
    number = writer.add_object(data).idnum
    below = written(writer)
    place = below.rindex(b"%d 0 obj" % number)
    last = int(below.rsplit(b"startxref", 1)[1].split()[0])
    root = below.rsplit(b"/Root", 1)[1].split(b"R")[0] + b"R "
    update = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 99 /Prev %d /Root%s %s>>\nstartxref\n%d\n%%%%EOF\n"
    plain, hybrid = (below + update % (last, root, more, len(below)) for more in (b"", b"/XRefStm %d " % place))

    assert judged(plain, office).verdict is Verdict.PASSED
    assert judged(hybrid, office).verdict is Verdict.FAILED
    assert not pyhanko(hybrid, office)


def test_an_offset_that_leads_nowhere_is_not_repaired(office):
    """PyHanko repairs it where it is told to be lenient: readers that repair disagree on what the document is."""
    pdf = office.sign(plain_pdf())
    start = pdf.rsplit(b"startxref", 1)[1].split()[0]
    broken = pdf[: pdf.rindex(start)] + b"%d" % (int(start) + 9) + pdf[pdf.rindex(start) + len(start) :]

    assert judged(pdf, office).verdict is Verdict.PASSED
    assert judged(broken, office).verdict is Verdict.FAILED
    assert not pyhanko(broken, office)


def test_a_revocation_that_the_file_does_not_bring_is_not_looked_for_and_the_report_says_so(office):
    """PyHanko's cases fetch it, or are given it by their caller; with a list in the file see test_revocation."""
    report = judged(office.sign(plain_pdf()), office)

    assert report.verdict is Verdict.PASSED
    assert any("the file brings no revocation data for it" in check.message for check in report.checks)


def test_without_anchors_nothing_is_proven_whatever_is_encrypted(office):
    """A case of pyHanko's that trusts nobody; names of fields in such a document are encrypted too."""
    pdf = office.sign(plain_pdf())

    report = verify_pdf(pdf, read_trust([]), SIGNED_AT, profile="pades")

    assert report.indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_no_caller_forbids_algorithms_that_may_be_relied_on(digest):
    """PyHanko's cases forbid SHA-512 or RSA by a rule of their caller's; our table is that of ETSI TS 119 312."""
    pdf = Office.opened("rsa").sign(plain_pdf(), digest=digest)
    weak = Office.opened("rsa").sign(plain_pdf(), digest="sha1", subfilter="adbe.pkcs7.detached")

    assert judged(pdf, Office.opened("rsa")).verdict is Verdict.PASSED
    assert judged(weak, Office.opened("rsa")).indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
