"""pyHanko as somebody's own software, in this process; the command line has its own tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import cms, keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing_service.pki.timestamps import TimestampAuthority
from tests.own_certificates.authority import Identity


def sign(
    pdf: bytes,
    field: str,
    identity: Identity,
    *,
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    change: Callable[[IncrementalPdfFileWriter], None] = lambda writer: None,
    new_field: SigFieldSpec | None = None,
    embed_root: bool = True,
    room: int | None = None,
    stamper: timestamps.TimeStamper | None = None,
    **metadata: Any,
) -> bytes:
    """Sign ``field``; ``change`` does something else in the same update; ``room``: digits of /Contents."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    meta = signers.PdfSignatureMetadata(field_name=field, subfilter=subfilter, **{"md_algorithm": "sha256", **metadata})
    signer = signers.PdfSigner(
        meta, make_signer(identity, embed_root=embed_root), new_field_spec=new_field, timestamper=stamper
    )
    return bytes(signer.sign_pdf(writer, bytes_reserved=room).getvalue())


class Stamper(timestamps.TimeStamper):
    """A timestamp authority as pyHanko asks one."""

    def __init__(self, authority: TimestampAuthority, now: datetime) -> None:
        super().__init__()
        self._authority, self._now = authority, now

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(self._authority.timestamp(message_digest, self._now).der)


def make_signer(identity: Identity, *, embed_root: bool = True) -> signers.SimpleSigner:
    store = SimpleCertificateStore()
    if embed_root:
        store.register(x509.Certificate.load(identity.issuer.public_bytes(Encoding.DER)))
    encoded = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(identity.der),
        signing_key=keys.PrivateKeyInfo.load(encoded),
        cert_registry=store,
    )
