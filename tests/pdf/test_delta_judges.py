"""Other people's programs judge whole documents that our deltas made: pyHanko, poppler's pdfsig, qpdf."""

from __future__ import annotations

import asyncio
import re
import subprocess
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

from tests.cast import ALES, DANIYAR, LIN, NOON, SAULE, SOMCHAI
from tests.pdf.sealed_document import Ceremony

SIGNERS = (LIN, SOMCHAI, ALES, DANIYAR, SAULE)


@cache
def held() -> Ceremony:
    return Ceremony.held(SIGNERS)


def root_of(ceremony: Ceremony) -> x509.Certificate:
    return x509.Certificate.load(ceremony.keystore.root.public_bytes(Encoding.DER))


def pyhanko_reads(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(pdf), strict=True)


def context(ceremony: Ceremony) -> ValidationContext:
    """The root alone is trusted, as of a moment when every certificate was valid; nothing is fetched."""
    return ValidationContext(trust_roots=[root_of(ceremony)], moment=NOON + timedelta(minutes=9), allow_fetching=False)


@pytest.mark.parametrize("name", ["seal", *(person.signer for person in SIGNERS), "countersignature"])
def test_pyhanko_accepts_each_signature_of_the_finished_document(name: str) -> None:
    ceremony = held()
    [embedded] = [one for one in pyhanko_reads(ceremony.pdf).embedded_regular_signatures if one.field_name == name]
    status = validate_pdf_signature(embedded, context(ceremony), context(ceremony))
    assert status.bottom_line
    assert status.docmdp_ok
    assert status.coverage is SignatureCoverageLevel.ENTIRE_REVISION
    assert status.modification_level in (ModificationLevel.FORM_FILLING, ModificationLevel.LTA_UPDATES)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted


def test_pyhanko_sees_the_seal_certify_with_form_filling_permitted() -> None:
    reader = pyhanko_reads(held().pdf)
    seal = reader.embedded_regular_signatures[0]
    assert seal.field_name == "seal"
    assert seal.docmdp_level is not None
    assert seal.docmdp_level.value == 2
    assert [one for one in reader.embedded_regular_signatures[1:] if one.docmdp_level is not None] == []


def test_the_archive_timestamp_covers_the_entire_file() -> None:
    ceremony = held()
    [embedded] = pyhanko_reads(ceremony.pdf).embedded_timestamp_signatures
    status = validate_pdf_timestamp(embedded, context(ceremony))
    assert status.valid
    assert status.trusted
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE


def test_in_every_revision_the_newest_signature_covers_the_entire_file() -> None:
    ceremony = held()
    for revision in ceremony.revisions:
        newest = pyhanko_reads(revision).embedded_signatures[-1]
        newest.compute_integrity_info()
        assert newest.coverage is SignatureCoverageLevel.ENTIRE_FILE


def lta_specification(ceremony: Ceremony) -> PdfSignatureValidationSpec:
    """Hard-fail on revocation, for certificates of signers and of timestamps, from what the document carries."""
    rule = RevocationCheckingRule.CHECK_IF_DECLARED
    certificates = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root_of(ceremony)]),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
    )
    gathering = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            certificates, ts_cert_validation_policy=certificates, revinfo_gathering_policy=gathering
        )
    )


def lta_verdict(ceremony: Ceremony, embedded: EmbeddedPdfSignature) -> str:
    result = asyncio.run(ades_lta_validation(embedded, lta_specification(ceremony)))
    return result.ades_subindic.status.name


def test_pyhanko_validates_for_the_long_term_after_every_one_time_certificate_expired() -> None:
    """The proof that OCSP responses and archive timestamp suffice: the ceremony is long past when this runs."""
    ceremony = held()
    embedded = pyhanko_reads(ceremony.pdf).embedded_regular_signatures
    assert [lta_verdict(ceremony, one) for one in embedded] == ["PASSED"] * 7


def test_without_the_archive_delta_long_term_validation_fails() -> None:
    """The control of the test above."""
    ceremony = held()
    embedded = pyhanko_reads(ceremony.revisions[-2]).embedded_regular_signatures
    assert {lta_verdict(ceremony, one) for one in embedded[1:]} == {"INDETERMINATE"}


def test_a_second_archive_timestamp_keeps_everything_valid() -> None:
    ceremony = Ceremony.held((LIN, SOMCHAI))
    ceremony.now += timedelta(days=300)
    ceremony.archive()
    reader = pyhanko_reads(ceremony.pdf)
    assert [one.field_name for one in reader.embedded_timestamp_signatures] == ["archive-1", "archive-2"]
    assert [lta_verdict(ceremony, one) for one in reader.embedded_regular_signatures] == ["PASSED"] * 4
    assert b"archive-2" in ceremony.base


def test_pyhanko_refuses_a_changed_byte() -> None:
    ceremony = held()
    spoilt = ceremony.pdf.replace(b"/Reason <feff00", b"/Reason <feff01", 1)
    assert spoilt != ceremony.pdf
    embedded = PdfFileReader(BytesIO(spoilt), strict=False).embedded_regular_signatures[0]
    assert not validate_pdf_signature(embedded, context(ceremony), context(ceremony)).intact


def test_pdfsig_finds_every_signature_valid(tmp_path: Path) -> None:
    path = tmp_path / "agreement.pdf"
    path.write_bytes(held().pdf)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid.") == len(SIGNERS) + 2  # seal and countersignature
    assert said.count("Signature has not yet been verified.") == 1  # the document timestamp, which it can't check
    assert "Invalid" not in said
    assert "not total document signed" in said.lower()  # all but the newest cover their revision
    assert len(re.findall(r"Signed Ranges: \[0 - ", said)) == len(SIGNERS) + 3


def test_qpdf_finds_every_revision_clean(tmp_path: Path) -> None:
    for number, revision in enumerate(held().revisions):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(revision)
        done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "No syntax or stream encoding errors found" in done.stdout


def test_pikepdf_shows_each_persons_box_filled_and_the_others_empty() -> None:
    ceremony = Ceremony.published((LIN, SOMCHAI))
    ceremony.sign(LIN)
    with pikepdf.open(BytesIO(ceremony.pdf)) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert str(fields["njupt:president"].V.Name) == "Lin Shuyi"
        assert b"Lin Shuyi" in fields["njupt:president"].AP.N.read_bytes()
        assert "/V" not in fields["andaman:president"]
        assert fields["andaman:president"].AP.N.read_bytes() == b""
