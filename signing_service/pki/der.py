"""Strict DER by declaration: decode, encode, and values that are carried through unread.

encode(raw(bytes.fromhex("0500"))) == bytes.fromhex("0500")
"""

from __future__ import annotations

from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1

from signing_service.errors import FormatError

T = TypeVar("T")

NULL = bytes.fromhex("0500")

UNREADABLE = (  # what cryptography raises, at once or on first use, over a certificate or request that it cannot read
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def encode(value: Any) -> bytes:
    """Encode a declared value as DER."""
    return asn1.encode_der(value)


def decode(kind: type[T], der: bytes, what: str) -> T:
    """Decode ``der`` as ``kind``; raises FormatError, naming ``what``, on anything but exactly one DER value."""
    try:
        return asn1.decode_der(kind, der)
    except (ValueError, TypeError, OverflowError) as error:
        raise FormatError(f"{what} is not the DER that it must be: {error}") from error


def raw(der: bytes) -> asn1.TLV:
    """Wrap one finished DER value so that it can be a member of a declared one."""
    return asn1.decode_der(asn1.TLV, der)
