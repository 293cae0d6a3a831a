"""What people keep and hand on: the trust file, receipts and evidence bundles (docs/formats.md, 9 to 11). ::

    trust = parse_trust_file(Path("trust.json").read_bytes())
    receipt = parse_receipt(Path("receipt.json").read_bytes())
    verify_receipt(receipt, trust)

    bundle = read_bundle(Path("evidence.zip").read_bytes())

Bytes in, bytes out; nothing here reads a file.
"""

from signing_service.evidence.bundle import Bundle, BundledEvent, read_bundle, write_bundle
from signing_service.evidence.receipt import (
    Receipt,
    format_receipt,
    parse_receipt,
    verify_receipt,
    verify_receipt_by_key,
    verify_receipt_in_log,
)
from signing_service.evidence.trust import (
    Predecessor,
    TrustedOfficer,
    TrustFile,
    fingerprint,
    fingerprint_text,
    format_trust_file,
    parse_trust_file,
)

__all__ = [
    "Bundle",
    "BundledEvent",
    "Predecessor",
    "Receipt",
    "TrustFile",
    "TrustedOfficer",
    "fingerprint",
    "fingerprint_text",
    "format_receipt",
    "format_trust_file",
    "parse_receipt",
    "parse_trust_file",
    "read_bundle",
    "verify_receipt",
    "verify_receipt_by_key",
    "verify_receipt_in_log",
    "write_bundle",
]
