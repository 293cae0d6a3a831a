"""The verifier on documents with own certificates: what it reports, and what a lying service or a changed byte gets."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from signing_service.agreement.mandates import Representative
from signing_service.agreement.terms import timestamp_field
from signing_service.pdf.delta import byte_range_digest, embed, timestamp_delta
from signing_service.pdf.grammar import read_tail
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.verify.own_upload import Upload, judge_upload
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Step, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.cast import ALES, LIN, NOON
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.verify.world import LATER


def stamped(ceremony: Ceremony, signed: bytes, signer: str = LIN.signer) -> bytes:
    """The signed file with the document timestamp that the service adds."""
    delta = timestamp_delta(ceremony.layout, read_tail(signed), timestamp_field(signer))
    token = BuiltInAuthority(ceremony.keystore).timestamp(byte_range_digest(sha256(signed), delta), ceremony.now)
    return signed + embed(delta, token.der)


@pytest.fixture(scope="module")
def signed(stored: bytes, lin: Identity) -> bytes:
    return pyhanko_signer.sign(stored, LIN.signer, lin)


def failures(report: Report) -> list[str]:
    return [check.message for check in report.checks if check.verdict is Verdict.FAILED]


def test_the_report_names_certificate_and_authority(ceremony: Ceremony, signed: bytes, trust: Trust) -> None:
    report = verify_pdf(stamped(ceremony, signed), trust, LATER)
    assert failures(report) == []
    own, stamp = report.signatures[-2:]
    assert (own.kind, own.field, own.assurance) == ("signature", LIN.signer, "own-certificate")
    assert own.identity.endswith("by an authority of the party's: NJUPT Certification Authority")
    assert (own.time, own.time_independent) == (ceremony.now, False)
    assert (stamp.kind, stamp.field) == ("timestamp", f"timestamp:{LIN.signer}")
    assert [check.message for check in report.checks if check.step is Step.APPROVAL][-1] == (
        "signed with an own certificate, as the terms allow"
    )


def test_a_certificate_that_the_service_made_itself_fails(ceremony: Ceremony, stored: bytes, trust: Trust) -> None:
    """With all its keys it can make any certificate but one of the authority that the sealed terms name."""
    own_make = Authority("NJUPT Certification Authority").issue("LIN Shuyi")
    report = verify_pdf(stamped(ceremony, pyhanko_signer.sign(stored, LIN.signer, own_make)), trust, LATER)
    path = [check for check in report.checks if check.step is Step.PATH and check.subject == f"field {LIN.signer}"]
    assert [(check.verdict, "leads to no trusted certificate" in check.message) for check in path] == [
        (Verdict.INDETERMINATE, True)
    ]


def test_a_party_that_the_terms_do_not_name_fails(ceremony: Ceremony, lin: Identity, trust: Trust) -> None:
    """Somchai's field, before Somchai signed in it."""
    pdf = pyhanko_signer.sign(ceremony.revisions[0], "andaman:president", lin)
    assert "the terms let this party sign with one-time keys only" in failures(verify_pdf(pdf, trust, LATER))


def test_a_document_without_such_parties_is_read_as_strictly_as_ever(lin: Identity) -> None:
    plain = Ceremony.published((LIN, ALES))
    report = verify_pdf(pyhanko_signer.sign(plain.pdf, LIN.signer, lin), Trust(), LATER)
    assert any("is not of the agreed form" in message for message in failures(report))


def test_a_signature_without_any_trusted_time_does_not_pass(signed: bytes, trust: Trust) -> None:
    report = verify_pdf(signed, trust, LATER)
    assert any(check.message == "no trusted timestamp says when it was signed" for check in report.checks)


def test_a_timestamp_for_somebody_elses_signature_fails(ceremony: Ceremony, signed: bytes, trust: Trust) -> None:
    report = verify_pdf(stamped(ceremony, signed, ALES.signer), trust, LATER)
    assert any("which no signature of that signer precedes" in message for message in failures(report))


def test_no_changed_bit_of_such_a_revision_is_overlooked(
    ceremony: Ceremony, stored: bytes, signed: bytes, trust: Trust
) -> None:
    """Samples over the whole update, closer in container and trailer; the service's own part has a test of its own."""
    pdf = stamped(ceremony, signed)
    contents = pdf.index(b"/Contents <", len(stored))
    places = [*range(len(stored), len(signed), 397), *range(contents, contents + 2500, 211)]
    places += range(len(signed) - 160, len(signed), 13)
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1
        report = verify_pdf(bytes(changed), trust, LATER)
        assert report.verdict is Verdict.FAILED, f"byte {place}: {changed[place - 20 : place + 20]!r}"


def test_an_expired_certificate_counts_at_the_time_that_is_proven(
    ceremony: Ceremony, stored: bytes, authority: Authority, trust: Trust
) -> None:
    short = authority.issue("LIN Shuyi", until=NOON.replace(day=12))
    report = verify_pdf(stamped(ceremony, pyhanko_signer.sign(stored, LIN.signer, short)), trust, LATER)
    assert failures(report) == []
    late = replace(ceremony, now=NOON.replace(day=13))
    report = verify_pdf(stamped(late, pyhanko_signer.sign(stored, LIN.signer, short)), trust, LATER)
    assert any("expired at 2025-04-12" in check.message for check in report.checks)


def test_a_timestamp_of_its_own_is_enough(ceremony: Ceremony, stored: bytes, lin: Identity, trust: Trust) -> None:
    """Then the service adds none, and the signature may be the file's last revision but for what others add."""
    stamper = pyhanko_signer.Stamper(BuiltInAuthority(ceremony.keystore), NOON)
    pdf = pyhanko_signer.sign(stored, LIN.signer, lin, stamper=stamper)
    representative = Representative(LIN.id, LIN.name, LIN.native_name)
    accepted = judge_upload(stored, pdf, Upload(LIN.signer, representative), trust, LATER)
    assert accepted.timestamp is not None
    assert accepted.timestamp.time == NOON
    report = verify_pdf(pdf, trust, LATER)
    assert failures(report) == []
    assert report.signatures[-1].time == NOON


def test_a_timestamp_of_an_unknown_authority_proves_nothing_and_harms_nothing(
    ceremony: Ceremony, stored: bytes, lin: Identity, trust: Trust
) -> None:
    stamper = pyhanko_signer.Stamper(BuiltInAuthority(keystore_in_memory("Elsewhere")), NOON)
    pdf = pyhanko_signer.sign(stored, LIN.signer, lin, stamper=stamper)
    representative = Representative(LIN.id, LIN.name, LIN.native_name)
    assert judge_upload(stored, pdf, Upload(LIN.signer, representative), trust, LATER).timestamp is None
    report = verify_pdf(stamped(ceremony, pdf), trust, LATER)
    assert failures(report) == []
    assert report.signatures[-2].time == ceremony.now
