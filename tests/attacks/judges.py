"""Other people's verifiers: pyHanko, poppler's pdfsig, openssl. Each answers whether it accepts a file."""

from __future__ import annotations

import io
import logging
import re
import subprocess
from datetime import datetime
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

_SIGNED = re.compile(r"Signature Validation: (.*)")


def pyhanko_accepts(pdf: bytes, roots: list[x509.Certificate], at: datetime) -> bool:
    """Whether pyHanko (strict reading) finds a signature, and its bottom line is good for every one."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    anchors = [asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
    try:
        found = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_signatures
        verdicts = []
        for signature in found:
            context = ValidationContext(trust_roots=anchors, moment=at, allow_fetching=False)
            stamped = signature.sig_object_type == "/DocTimeStamp"
            if stamped:
                status = validate_pdf_timestamp(signature, context)
                verdicts.append(status.intact and status.valid and status.trusted)
            else:
                verdicts.append(validate_pdf_signature(signature, context, context).bottom_line)
    except Exception:  # FINDINGS: untyped exceptions escape
        return False
    return bool(verdicts) and all(verdicts)


def pdfsig_accepts(pdf: bytes, folder: Path) -> bool:
    """Whether pdfsig calls every signature valid; it knows nothing of trust here, nor of document timestamps."""
    path = folder / "judged.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=30)
    verdicts = _SIGNED.findall(done.stdout)
    return bool(verdicts) and all(verdict.startswith("Signature is Valid") for verdict in verdicts)


def openssl_accepts(
    container: bytes, content: bytes, roots: list[x509.Certificate], at: datetime, folder: Path
) -> bool:
    """Whether ``openssl cms`` verifies a detached container over ``content`` with these roots."""
    files = {"container.der": container, "content.bin": content}
    files["roots.pem"] = b"".join(root.public_bytes(Encoding.PEM) for root in roots)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "container.der"]
    command += ["-content", "content.bin", "-CAfile", "roots.pem", "-purpose", "any", "-out", "verified.bin"]
    command += ["-attime", str(int(at.timestamp()))]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=30).returncode == 0
