"""Apache PDFBox with Bouncy Castle as somebody's own software (Debian's libpdfbox2-java, libbcpkix-java).

``python -m tests.own_certificates.pdfbox_signer IN OUT FIELD KEY.pk8 CERTIFICATE… [--signing-time] [--new-field]``

A process of its own, because a Java machine that was once started in a process cannot be ended. Nothing is compiled:
JPype calls the libraries from Python. Certificates are DER files, the signer's first.
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import Any

import jpype
import pikepdf
from pikepdf import Dictionary, Name

JARS = ("pdfbox2", "fontbox2", "commons-logging", "bcpkix", "bcprov", "bcutil")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("source", "target", "field", "key"):
        parser.add_argument(name)
    parser.add_argument("certificates", nargs="+")
    parser.add_argument("--signing-time", action="store_true")
    parser.add_argument("--new-field", action="store_true")
    options = parser.parse_args()
    jpype.startJVM("-Djava.awt.headless=true", classpath=[f"/usr/share/java/{jar}.jar" for jar in JARS])
    certificates = [Path(path).read_bytes() for path in options.certificates]
    signed = sign(options, Path(options.key).read_bytes(), certificates)
    Path(options.target).write_bytes(signed)


def sign(options: argparse.Namespace, key: bytes, certificates: list[bytes]) -> bytes:
    """Fill the field, let PDFBox write the update, let Bouncy Castle make the container."""
    java = jpype.JPackage("java")
    model = jpype.JPackage("org").apache.pdfbox.pdmodel
    document = model.PDDocument.load(java.io.File(options.source))
    kind = model.interactive.digitalsignature.PDSignature
    signature = kind()
    signature.setFilter(kind.FILTER_ADOBE_PPKLITE)
    signature.setSubFilter(kind.SUBFILTER_ETSI_CADES_DETACHED)
    signature.setSignDate(java.util.Calendar.getInstance())
    look = model.interactive.digitalsignature.SignatureOptions()
    look.setVisualSignature(java.io.ByteArrayInputStream(_look()))
    if not options.new_field:
        unmended = jpype.JObject(None, model.fixup.PDDocumentFixup)
        form = document.getDocumentCatalog().getAcroForm(unmended)
        form.getField(options.field).getCOSObject().setItem("V", signature)
    document.addSignature(signature, look)
    out = java.io.ByteArrayOutputStream()
    external = document.saveIncrementalForExternalSigning(out)
    data = external.getContent().readAllBytes()
    external.setSignature(_container(bytes(data), key, certificates, signing_time=options.signing_time))
    return bytes(out.toByteArray())


def _look() -> bytes:
    """A page with a signature field: PDFBox takes the visible signature from there."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    drawing = pdf.make_stream(b"1 w 2 2 216 36 re S", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 220, 40])
    widget = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="look", F=132, Rect=[0, 0, 220, 40])
    widget.AP = Dictionary(N=drawing)
    page.obj.Annots = pikepdf.Array([pdf.make_indirect(widget)])
    pdf.Root.AcroForm = Dictionary(Fields=page.obj.Annots, SigFlags=3)
    out = BytesIO()
    pdf.save(out)
    return out.getvalue()


def _container(data: bytes, key: bytes, certificates: list[bytes], *, signing_time: bool) -> Any:
    java, bouncy = jpype.JPackage("java"), jpype.JPackage("org").bouncycastle
    factory = java.security.cert.CertificateFactory.getInstance("X.509")
    chain = [factory.generateCertificate(java.io.ByteArrayInputStream(der)) for der in certificates]
    private = java.security.KeyFactory.getInstance("EC").generatePrivate(java.security.spec.PKCS8EncodedKeySpec(key))
    signer = bouncy.operator.jcajce.JcaContentSignerBuilder("SHA256withECDSA").build(private)
    digests = bouncy.operator.jcajce.JcaDigestCalculatorProviderBuilder().build()
    builder = bouncy.cms.jcajce.JcaSignerInfoGeneratorBuilder(digests)
    builder.setSignedAttributeGenerator(_attributes(chain[0], signing_time=signing_time))
    generator = bouncy.cms.CMSSignedDataGenerator()
    generator.addSignerInfoGenerator(builder.build(signer, chain[0]))
    generator.addCertificates(bouncy.cert.jcajce.JcaCertStore(java.util.Arrays.asList(chain)))
    made = generator.generate(bouncy.cms.CMSProcessableByteArray(data), False)
    return made.toASN1Structure().getEncoded("DER")


def _attributes(certificate: Any, *, signing_time: bool) -> Any:
    """Bouncy Castle's usual signed attributes and ESS; without the time unless it is wanted."""
    java, bouncy = jpype.JPackage("java"), jpype.JPackage("org").bouncycastle
    digest = java.security.MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())
    holder = bouncy.cert.jcajce.JcaX509CertificateHolder(certificate)
    issuer = bouncy.asn1.x509.GeneralNames(bouncy.asn1.x509.GeneralName(holder.getIssuer()))
    serial = bouncy.asn1.x509.IssuerSerial(issuer, holder.getSerialNumber())
    sha256 = jpype.JObject(None, bouncy.asn1.x509.AlgorithmIdentifier)
    named = bouncy.asn1.ess.SigningCertificateV2(bouncy.asn1.ess.ESSCertIDv2(sha256, digest, serial))
    oid = bouncy.asn1.pkcs.PKCSObjectIdentifiers.id_aa_signingCertificateV2
    table = java.util.Hashtable()
    table.put(oid, bouncy.asn1.cms.Attribute(oid, bouncy.asn1.DERSet(named)))
    usual = bouncy.cms.DefaultSignedAttributeTableGenerator(bouncy.asn1.cms.AttributeTable(table))
    if signing_time:
        return usual

    @jpype.JImplements(bouncy.cms.CMSAttributeTableGenerator)
    class Timeless:
        @jpype.JOverride
        def getAttributes(self, parameters: Any) -> Any:
            return usual.getAttributes(parameters).remove(bouncy.asn1.cms.CMSAttributes.signingTime)

    return Timeless()


if __name__ == "__main__":
    main()
