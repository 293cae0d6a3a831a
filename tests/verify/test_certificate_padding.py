"""A bit that nobody signs: the count of unused bits in a certificate's signature, free where its last bit is zero."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.errors import FormatError
from signing_service.pki.authority import make_credential
from signing_service.verify.certificate import Certificate
from tests.cast import NOON


def test_a_certificate_whose_signature_has_unused_bits_is_refused() -> None:
    root = make_credential("root", "Specimen", NOON, None).certificate
    while root.signature[-1] & 1:  # half of all signatures end in a bit that may pass for padding
        root = make_credential("root", "Specimen", NOON, None).certificate
    der = bytearray(root.public_bytes(Encoding.DER))
    assert Certificate.load(bytes(der)).parsed == root
    der[len(der) - len(root.signature) - 1] = 1
    with pytest.raises(FormatError, match="whole number of octets"):
        Certificate.load(bytes(der))
