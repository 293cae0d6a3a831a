"""pyHanko's long-term validation of a whole PDF as a program, so that a test can run it under another clock. ::

    faketime 2044-01-01 python -m tests.workflow.long_term agreement.pdf root.pem

Prints the verdict on each signature, a line each; nothing is fetched.
"""

from __future__ import annotations

import asyncio
import sys
from io import BytesIO
from pathlib import Path

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager


def main(pdf: Path, root: Path) -> None:
    """Print ``<field> <verdict>`` for every signature, and how many timestamps the document has."""
    anchor = x509.Certificate.load(pem.unarmor(root.read_bytes())[2])
    reader = PdfFileReader(BytesIO(pdf.read_bytes()), strict=True)
    for embedded in reader.embedded_regular_signatures:
        result = asyncio.run(ades_lta_validation(embedded, specification(anchor)))
        print(embedded.field_name, result.ades_subindic.status.name)
    print("timestamps", len(reader.embedded_timestamp_signatures))


def specification(root: x509.Certificate) -> PdfSignatureValidationSpec:
    """The root alone is trusted; revocation data come from the document."""
    rule = RevocationCheckingRule.CHECK_IF_DECLARED
    certificates = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root]),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
    )
    gathering = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            certificates, ts_cert_validation_policy=certificates, revinfo_gathering_policy=gathering
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
