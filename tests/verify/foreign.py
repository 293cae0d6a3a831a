"""Signed PDFs by another hand: pyHanko signs, with keys and certificates made here. For profile ``pades``.

office = Office.opened("rsa")
pdf = office.sign(plain_pdf(), field="Sig1", subfilter="adbe.pkcs7.detached")
verify_pdf(pdf, office.trust(), SIGNED_AT, profile="pades")
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pikepdf
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing_service.verify.trust import Trust, read_trust

SIGNED_AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_SINCE, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)

KEYS: dict[str, Any] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its certificate."""

    key: Any
    certificate: x509.Certificate

    def signer(self, root: x509.Certificate, *, pss: bool = False) -> signers.SimpleSigner:
        """The same for pyHanko."""
        store = SimpleCertificateStore()
        store.register(_asn1(root))
        der = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        info = asn1_keys.PrivateKeyInfo.load(der)
        return signers.SimpleSigner(_asn1(self.certificate), info, store, prefer_pss=pss, embed_roots=False)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def issue(
    name: str,
    issuer: Credential | None,
    kind: str = "rsa",
    *,
    since: datetime = _SINCE,
    until: datetime = _UNTIL,
    timestamping: bool = False,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    authority: bool = False,
) -> Credential:
    """Make a key and a certificate for ``name``, signed by ``issuer`` or by itself."""
    key = KEYS[kind]()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority or issuer is None, path_length=None), critical=True)
        .add_extension(_usage(authority or issuer is None), critical=True)
    )
    if timestamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signing_key = issuer.key if issuer else key
    plain = isinstance(signing_key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Credential(key, builder.sign(signing_key, None if plain else hashes.SHA256()))


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, slots=True)
class Office:
    """Somebody elsewhere who signs: a root, a signer, a timestamp authority."""

    root: Credential
    credential: Credential
    authority: Credential

    @classmethod
    def opened(cls, kind: str = "ecdsa") -> Office:
        """An office whose signer has a key of ``kind``; made once a session."""
        return _office(kind)

    def trust(self) -> Trust:
        """Trust in the office's root, as PEM."""
        return read_trust([self.root.certificate.public_bytes(Encoding.PEM)])

    def timestamper(self) -> timestamps.DummyTimeStamper:
        """A timestamp authority that answers at SIGNED_AT."""
        store = SimpleCertificateStore()
        store.register(_asn1(self.root.certificate))
        der = self.authority.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return timestamps.DummyTimeStamper(
            _asn1(self.authority.certificate), asn1_keys.PrivateKeyInfo.load(der), store, fixed_dt=SIGNED_AT
        )

    def sign(
        self,
        pdf: bytes,
        field: str = "Sig1",
        *,
        subfilter: str = "ETSI.CAdES.detached",
        digest: str = "sha256",
        pss: bool = False,
        timestamp: bool = False,
        certify: int | None = None,
        box: tuple[int, int, int, int] | None = None,
        lock: FieldMDPSpec | None = None,
        password: str | None = None,
    ) -> bytes:
        """Add a signature as one update."""
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        if password is not None:
            writer.encrypt(password)
        metadata = signers.PdfSignatureMetadata(
            field_name=field,
            md_algorithm=digest,
            subfilter=SigSeedSubFilter("/" + subfilter),
            certify=certify is not None,
            docmdp_permissions=MDPPerm(certify or 2),
            signer_key_usage=set(),
        )
        signer = signers.PdfSigner(
            metadata,
            self.credential.signer(self.root.certificate, pss=pss),
            timestamper=self.timestamper() if timestamp else None,
            new_field_spec=SigFieldSpec(field, box=box, field_mdp_spec=lock) if box or lock else None,
        )
        return bytes(signer.sign_pdf(writer).getvalue())

    def stamp(self, pdf: bytes, field: str = "Stamp1") -> bytes:
        """Add a document timestamp as one update."""
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        stamper = signers.PdfTimeStamper(self.timestamper(), field_name=field)
        return bytes(stamper.timestamp_pdf(writer, "sha256").getvalue())


@cache
def _office(kind: str) -> Office:
    root = issue("Elsewhere Root", None, "rsa")
    signer = issue("Elsewhere Signer", root, kind)
    authority = issue("Elsewhere Time", root, "rsa", timestamping=True)
    return Office(root, signer, authority)


def plain_pdf(*, object_streams: bool = False, text: str = "The sum is 1000 dollars", fields: bool = False) -> bytes:
    """One page of text, unsigned, in either kind of cross-reference data; with two text fields if asked for."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.obj.Contents = pikepdf.Stream(pdf, f"BT /F1 18 Tf 60 780 Td ({text}) Tj ET".encode())
    if fields:
        widgets = [_text_field(pdf, page, font, name, 700 - 40 * at) for at, name in enumerate(("Reason", "Place"))]
        page.obj.Annots = pikepdf.Array(widgets)
        resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.Root.AcroForm = pdf.make_indirect(
            pikepdf.Dictionary(Fields=pikepdf.Array(widgets), DR=resources, DA=pikepdf.String("/F1 12 Tf 0 g"))
        )
    buffer = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if object_streams else pikepdf.ObjectStreamMode.disable
    pdf.save(buffer, object_stream_mode=mode, deterministic_id=True, force_version="1.7")
    return buffer.getvalue()


def _text_field(pdf: pikepdf.Pdf, page: pikepdf.Page, font: pikepdf.Object, name: str, top: int) -> pikepdf.Object:
    appearance = pikepdf.Stream(pdf, b"/Tx BMC EMC", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form)
    appearance.BBox = pikepdf.Array([0, 0, 200, 20])
    appearance.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String(name),
            DA=pikepdf.String("/F1 12 Tf 0 g"),
            F=4,
            P=page.obj,
            Rect=pikepdf.Array([60, top, 260, top + 20]),
            AP=pikepdf.Dictionary(N=pdf.make_indirect(appearance)),
        )
    )


__all__ = ["KEYS", "SIGNED_AT", "FieldMDPAction", "FieldMDPSpec", "Office", "fields", "issue", "plain_pdf", "timedelta"]
