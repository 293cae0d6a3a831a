"""Signatures of kinds that pyHanko does not make, written by hand into an update of its own.

pdf = signed_by_hand(plain_pdf(), b"/SubFilter /adbe.pkcs7.sha1", lambda covered: sha1_container(office, covered))
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from signing_service.verify.der import wrap
from tests.attacks.editing import append, body_of, contents_span, trailer_number
from tests.verify.foreign import Office

_ROOM = 8_192  # hexadecimal digits
_RANGE = b"/ByteRange [0 0000000000 0000000000 0000000000]"


def signed_by_hand(
    pdf: bytes, entries: bytes, container: Callable[[bytes], bytes], *, fields: bytes = b"", form: bytes = b""
) -> bytes:
    """Add a signature field whose dictionary has ``entries``; ``container`` makes /Contents for the covered bytes.

    The form is a new one with that field, the ``fields`` that there are, and what else stands in ``form``.
    """
    size, root = trailer_number(pdf, b"Size"), trailer_number(pdf, b"Root")
    catalog = re.sub(rb"/AcroForm \d+ 0 R", b"", body_of(pdf, root))
    blank = b"<< /Type /Sig /Filter /Adobe.PPKLite %s %s /Contents <%s> >>" % (entries, _RANGE, b"0" * _ROOM)
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Hand) /Rect [0 0 0 0] /F 132 /V %d 0 R >>" % (size + 1)
    listed = b"/AcroForm << /Fields [ %s %d 0 R ] /SigFlags 3 %s >> >>" % (fields, size, form)
    pdf = append(pdf, {root: catalog[: catalog.rindex(b">>")] + listed, size: field, size + 1: blank})
    start, end = contents_span(pdf)
    told = b"/ByteRange [0 %010d %010d %010d]" % (start, end, len(pdf) - end)
    pdf = pdf.replace(_RANGE, told)
    digits = container(pdf[:start] + pdf[end:]).hex().encode().ljust(_ROOM, b"0")
    return pdf[: start + 1] + digits + pdf[end - 1 :]


def sha1_container(office: Office, covered: bytes) -> bytes:
    """``adbe.pkcs7.sha1`` (ISO 32000-1 12.8.3.3.1): SignedData over the SHA-1 digest, which it holds."""
    digest = hashlib.sha1(covered, usedforsecurity=False).digest()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(digest)
    builder = builder.add_signer(office.credential.certificate, office.credential.key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities])


def detached_container(office: Office, covered: bytes) -> bytes:
    """``adbe.pkcs7.detached`` (ISO 32000-2 12.8.3.3)."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(covered)
    builder = builder.add_signer(office.credential.certificate, office.credential.key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities, pkcs7.PKCS7Options.DetachedSignature]
    return builder.sign(Encoding.DER, options)


def plain_rsa(office: Office, covered: bytes) -> bytes:
    """``adbe.x509.rsa_sha1`` (ISO 32000-1 12.8.3.2): a PKCS#1 value in an OCTET STRING."""
    signature = office.credential.key.sign(covered, padding.PKCS1v15(), hashes.SHA1())
    return wrap(0x04, signature)


def certificate_entry(office: Office) -> bytes:
    """The signature dictionary's /Cert."""
    return b"/Cert <%s>" % office.credential.certificate.public_bytes(Encoding.DER).hex().encode()
