"""What a field's author made a must for the signature in it: kept or broken, ours beside pyHanko's verdict."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import (
    MDPPerm,
    SeedLockDocument,
    SeedSignatureType,
    SeedValueDictVersion,
    SigCertConstraintFlags,
    SigCertConstraints,
    SigCertKeyUsage,
    SigFieldSpec,
    SigSeedSubFilter,
    SigSeedValFlags,
    SigSeedValueSpec,
    append_signature_field,
)

from signing_service.verify.verdict import SubIndication, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.judges import pyhanko_accepts
from tests.verify.edits import written
from tests.verify.foreign import SIGNED_AT, Office, issue, plain_pdf

OFFICE = Office.opened("ecdsa")
_NAMES = {"SUBJECT_DN": SigCertConstraintFlags.SUBJECT_DN, "KEY_USAGE": SigCertConstraintFlags.KEY_USAGE}


def certificate(office: Office) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(office.credential.certificate.public_bytes(Encoding.DER))


def root(office: Office) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(office.root.certificate.public_bytes(Encoding.DER))


def named(name: str) -> SigSeedValueSpec:
    subject = asn1_x509.Name.build({"common_name": name})
    return SigSeedValueSpec(cert=SigCertConstraints(flags=_NAMES["SUBJECT_DN"], subject_dn=subject))


def used(pattern: str) -> SigSeedValueSpec:
    usage = [SigCertKeyUsage.read_from_sv_string(pattern)]
    return SigSeedValueSpec(cert=SigCertConstraints(flags=_NAMES["KEY_USAGE"], key_usage=usage))


def by(**constraints: Any) -> SigSeedValueSpec:
    flags = {"subjects": SigCertConstraintFlags.SUBJECT, "issuers": SigCertConstraintFlags.ISSUER}
    return SigSeedValueSpec(cert=SigCertConstraints(flags=flags[next(iter(constraints))], **constraints))


def locked(how: SeedLockDocument) -> SigSeedValueSpec:
    version = SeedValueDictVersion.PDF_2_0
    return SigSeedValueSpec(flags=SigSeedValFlags.LOCK_DOCUMENT, lock_document=how, sv_dict_version=version)


STRANGER = Office(issue("Stranger Root", None, "ecdsa"), issue("Stranger", None, "ecdsa"), OFFICE.authority)
REASONS, SUBFILTER, DIGEST = SigSeedValFlags.REASONS, SigSeedValFlags.SUBFILTER, SigSeedValFlags.DIGEST_METHOD
STAMPED = SigSeedValueSpec(timestamp_required=True, timestamp_server_url="http://x")
CADES, DETACHED = SigSeedSubFilter.PADES, SigSeedSubFilter.ADOBE_PKCS7_DETACHED

# What is demanded, how it is signed, and what is said of it; "" where it is kept.
CASES: dict[str, tuple[SigSeedValueSpec, dict[str, Any], str]] = {
    "one of the reasons": (SigSeedValueSpec(flags=REASONS, reasons=["agreed"]), {"reason": "agreed"}, ""),
    "another reason": (SigSeedValueSpec(flags=REASONS, reasons=["agreed"]), {"reason": "seen"}, "one of certain"),
    "no reason": (SigSeedValueSpec(flags=REASONS, reasons=["agreed"]), {}, "one of certain reasons"),
    "a forbidden reason": (SigSeedValueSpec(flags=REASONS, reasons=["."]), {"reason": "seen"}, "that no reason"),
    "only a preference": (SigSeedValueSpec(reasons=["agreed"]), {"reason": "seen"}, ""),
    "the sub-filter": (SigSeedValueSpec(flags=SUBFILTER, subfilters=[CADES]), {}, ""),
    "another sub-filter": (SigSeedValueSpec(flags=SUBFILTER, subfilters=[DETACHED]), {}, "sub-filter adbe.pkcs7"),
    "the digest": (SigSeedValueSpec(flags=DIGEST, digest_methods=["SHA256"]), {}, ""),
    "another digest": (SigSeedValueSpec(flags=DIGEST, digest_methods=["SHA512"]), {}, "the digest method"),
    "a timestamp": (STAMPED, {"timestamp": True}, ""),
    "no timestamp": (STAMPED, {}, "a timestamp"),
    "an approval": (SigSeedValueSpec(seed_signature_type=SeedSignatureType(None)), {}, ""),
    "a certification instead": (
        SigSeedValueSpec(seed_signature_type=SeedSignatureType(None)),
        {"certify": 2},
        "an approval",
    ),
    "a certification": (SigSeedValueSpec(seed_signature_type=SeedSignatureType(MDPPerm(2))), {"certify": 2}, ""),
    "one of another level": (
        SigSeedValueSpec(seed_signature_type=SeedSignatureType(MDPPerm(2))),
        {"certify": 3},
        "of level 2",
    ),
    "an approval instead": (SigSeedValueSpec(seed_signature_type=SeedSignatureType(MDPPerm(2))), {}, "of level 2"),
    "closed to changes": (locked(SeedLockDocument.LOCK), {"certify": 1}, ""),
    "left open": (locked(SeedLockDocument.LOCK), {}, "a document closed to changes"),
    "closed in spite of all": (locked(SeedLockDocument.DO_NOT_LOCK), {"certify": 1}, "a document open to changes"),
    "no revocation data": (
        SigSeedValueSpec(flags=SigSeedValFlags.ADD_REV_INFO, add_rev_info=True),
        {},
        "revocation data",
    ),
    "the signer": (by(subjects=[certificate(OFFICE)]), {}, ""),
    "another signer": (by(subjects=[certificate(STRANGER)]), {}, "is not one that the field's author named"),
    "the issuer": (by(issuers=[root(OFFICE)]), {}, ""),
    "another issuer": (by(issuers=[root(STRANGER)]), {}, "from none of the issuers"),
    "the name": (named("Elsewhere Signer"), {}, ""),
    "another name": (named("Somebody Else"), {}, "has another subject"),
    "the key usage": (used("11"), {}, ""),
    "another key usage": (used("X01"), {}, "has another key usage"),
}


def signed(seed: SigSeedValueSpec, how: Mapping[str, Any]) -> bytes:
    """A field with seed values, signed by somebody who does not look at them."""
    writer = IncrementalPdfFileWriter(io.BytesIO(plain_pdf()))
    append_signature_field(writer, SigFieldSpec("Sig1", seed_value_dict=seed))
    metadata = signers.PdfSignatureMetadata(
        field_name="Sig1",
        md_algorithm="sha256",
        subfilter=CADES,
        reason=how.get("reason"),
        certify="certify" in how,
        docmdp_permissions=MDPPerm(how.get("certify", 2)),
        signer_key_usage=set(),
    )
    signer = signers.PdfSigner(
        metadata,
        OFFICE.credential.signer(OFFICE.root.certificate),
        timestamper=OFFICE.timestamper() if "timestamp" in how else None,
    )
    return bytes(signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(written(writer)))).getvalue())


@pytest.mark.parametrize("case", CASES)
def test_a_required_seed_value_is_kept_or_the_signature_is_not_proven(case, monkeypatch):
    seed, how, problem = CASES[case]
    with monkeypatch.context() as blind:
        blind.setattr(SigSeedValueSpec, "from_pdf_object", lambda *_: SigSeedValueSpec())
        pdf = signed(seed, how)

    report = verify_pdf(pdf, OFFICE.trust(), SIGNED_AT, profile="pades")

    assert pyhanko_accepts(pdf, [OFFICE.root.certificate], SIGNED_AT) == (problem == "")
    assert report.verdict is (Verdict.INDETERMINATE if problem else Verdict.PASSED)
    assert all(problem in check.message and "(seed value)" in check.message for check in report.problems)
    assert report.indication is (SubIndication.SIG_CONSTRAINTS_FAILURE if problem else None)
