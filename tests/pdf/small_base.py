"""A tiny base that obeys docs/formats.md 4, drawn without the renderer: one page, a box for each signer."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String

from signing_service.agreement.rules import EntryIntoForce, Rules, SignatureRule
from signing_service.agreement.terms import Party, SignerRole, Terms
from signing_service.pdf.grammar import ARCHIVE_FIELDS, COUNTERSIGNATURE_FIELD, SEAL_FIELD, Layout
from tests.cast import ALLIANCE, REPRESENTATIVES, Person

AGREEMENT = "aebagbafaydqqcikbmga2dqpca"
BOX_WIDTH, BOX_HEIGHT = 220, 40  # points
CONTENTS_SIZE = 8192  # bytes


def terms_for(
    people: tuple[Person, ...] = REPRESENTATIVES,
    assurance: str = "service",
    own_certificates: Mapping[str, tuple[bytes, ...]] | None = None,
) -> Terms:
    """Terms under which each of ``people`` signs; guests only attest.

    ``own_certificates``: by party, the authorities (DER) under which its people may use certificates of their own.
    """
    parties: dict[str, Party] = {}
    for person in people:
        university = person.university
        assert university is not None
        roles = parties[university.id].signers if university.id in parties else ()
        parties[university.id] = Party(
            university.id,
            university.name,
            university.native_name,
            university.native_language,
            university.country,
            university.time_zone,
            university.guest,
            (*roles, SignerRole(person.role, {"en": person.role.capitalize()})),
            (own_certificates or {}).get(university.id),
        )
    rules = Rules(
        signatures=SignatureRule("all"),
        entry_into_force=EntryIntoForce("on-countersignature"),
        minimum_assurance=assurance,
    )
    return Terms(AGREEMENT, "12C12U/2025", "1.0", {"en": ALLIANCE}, ("en",), None, tuple(parties.values()), rules)


def make_base(terms: Terms) -> bytes:
    """Give the unsigned PDF for ``terms``."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
    page.obj.Contents = Stream(pdf, b"BT /F1 14 Tf 60 800 Td (Agreement) Tj ET")
    shared = pdf.make_indirect(Dictionary(Font=Dictionary(F1=font)))
    names = [signer.id for signer in terms.signers()]
    fields = [
        _field(pdf, name, shared, (50 + 250 * (index % 2), 740 - 45 * (index // 2)))
        for index, name in enumerate([*names, COUNTERSIGNATURE_FIELD])
    ]
    fields += [_field(pdf, name, shared, None) for name in (SEAL_FIELD, *ARCHIVE_FIELDS, *terms.timestamp_fields())]
    page.obj.Annots = Array(fields)
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(fields), SigFlags=3, DR=shared))
    pdf.Root.Perms = Dictionary(DocMDP=pdf.make_indirect(Dictionary()))
    pdf.Root.DSS = pdf.make_indirect(Dictionary())
    pdf.attachments["terms.json"] = terms.to_json()
    pdf.docinfo["/Title"] = "Agreement"
    buffer = BytesIO()
    pdf.save(
        buffer,
        deterministic_id=True,
        force_version="1.7",
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        linearize=False,
    )
    return buffer.getvalue()


def _field(pdf: pikepdf.Pdf, name: str, shared: pikepdf.Object, corner: tuple[int, int] | None) -> pikepdf.Object:
    width, height = (BOX_WIDTH, BOX_HEIGHT) if corner else (0, 0)
    left, bottom = corner or (0, 0)
    empty = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, width, height]))
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(name),
            F=132,
            P=pdf.pages[0].obj,
            Rect=Array([left, bottom, left + width, bottom + height]),
            AP=Dictionary(N=pdf.make_indirect(empty)),
        )
    )


def draw_box(layout: Layout, field: str, text: str) -> bytes:
    """Give the body of an appearance stream that shows ``text``."""
    slot = layout.field(field)
    packed = zlib.compress(b"q BT /F1 10 Tf 6 16 Td (%s) Tj ET Q" % text.encode("ascii"))
    return (
        (
            f"<< /BBox [0 0 {slot.width} {slot.height}] /Filter /FlateDecode /FormType 1 /Length {len(packed)} "
            f"/Resources {layout.resources} 0 R /Subtype /Form /Type /XObject >>\nstream\n"
        ).encode("ascii")
        + packed
        + b"\nendstream"
    )
