"""Other people's programs on a finished file that mixes own certificates and one-time keys."""

from __future__ import annotations

import subprocess
import tempfile
from io import BytesIO
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from signing_service.workflow import download
from tests.own_certificates.authority import Identity
from tests.workflow.world import World


def judged_by_others(world: World, identity: Identity, *, signatures: int, timestamps: int) -> None:
    """pyHanko in strict mode, poppler's pdfsig and qpdf accept the agreement as it stands."""
    pdf = download.pdf(world.service, world.officer, world.agreement)
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    roots = [world.service.keys.root, identity.issuer]
    trusted = [x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
    found = reader.embedded_regular_signatures
    for signature in found:
        context = ValidationContext(trust_roots=trusted, moment=world.clock.now, allow_fetching=False)
        status = validate_pdf_signature(signature, context, ts_validation_context=context)
        assert status.bottom_line, f"{signature.field_name}: {status.pretty_print_details()}"
    assert len(found) == signatures
    assert len(reader.embedded_timestamp_signatures) == timestamps
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agreement.pdf"
        path.write_bytes(pdf)
        told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
        assert told.count("Signature is Valid") == signatures
        assert subprocess.run(["qpdf", "--check", str(path)], capture_output=True, check=False).returncode == 0
