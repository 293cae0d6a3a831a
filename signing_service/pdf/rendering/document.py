"""The finishing pass: from drawn pages to the base that every delta stands on (docs/formats.md 4).

The pages come from ReportLab with glyphs as numbers of named fonts; here they get what must be exact: embedded
subsets, the shared resources of appearances, every signature field, the placeholder of the seal, the empty DSS,
attachments, metadata, and one classic cross-reference table with an identifier that depends on nothing but content.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String

from signing_service.pdf.rendering.structure import Annotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from signing_service.pdf.faces import Face
    from signing_service.pdf.rendering.painting import FontBook
    from signing_service.pdf.rendering.sheet import LinkArea, Place

PRINTED_AND_LOCKED = 4 | 128  # annotation flags Print and Locked, ISO 32000-1 table 165
SIGNATURES_EXIST_APPEND_ONLY = 3  # SigFlags, ISO 32000-1 table 219


@dataclass(frozen=True, slots=True)
class Widget:
    """A signature field on a page."""

    field: str
    page: int
    """From 0."""
    rectangle: tuple[int, int, int, int]
    """Left, bottom, right, top in points; all 0 for a field that is not seen."""
    tooltip: str
    """What assistive technology says of it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in points."""
        left, bottom, right, top = self.rectangle
        return right - left, top - bottom


@dataclass(frozen=True, slots=True)
class Attachment:
    """An embedded file."""

    name: str
    media_type: str
    description: str
    relationship: str
    """``Source`` or ``Data`` (ISO 19005-3 annex E)."""
    data: bytes


def embed_fonts(pdf: pikepdf.Pdf, book: FontBook, shared: Face, characters: frozenset[str]) -> pikepdf.Object:
    """Put the fonts of the drawn glyphs in place of what ReportLab names; gives the font that appearances share."""
    used, by_character = book.embed(pdf, shared, characters)
    fonts = pdf.make_indirect(Dictionary(used))
    for page in pdf.pages:
        page.obj.Resources = Dictionary(Font=fonts)
        if Name.Trans in page.obj:
            del page.obj[Name.Trans]
    return by_character


def add_links(pdf: pikepdf.Pdf, links: Sequence[LinkArea], places: Mapping[str, Place]) -> None:
    """Make link annotations of the references, each with its place in the structure, in whose order tabs lead."""
    for link in links:
        place = places[link.target]
        target = Array([pdf.pages[place.page].obj, Name.XYZ, 0, round(place.top + 6), 0])
        annotation = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                F=4,
                Border=Array([0, 0, 0]),
                Contents=String(link.words.strip()),
                Rect=Array([round(value, 2) for value in link.rectangle]),
                Dest=target,
            )
        )
        page = pdf.pages[link.page].obj
        page.Annots = Array([*page.get(Name.Annots, []), annotation])
        link.element.kids.append(Annotation(annotation, link.page))
    for sheet in pdf.pages:
        if Name.Annots in sheet.obj:
            sheet.obj.Tabs = Name.S


def add_fields(pdf: pikepdf.Pdf, widgets: Sequence[Widget], resources: Dictionary) -> list[pikepdf.Object]:
    """Give the catalog its /AcroForm, /Perms and /DSS, and each page its widgets, all in their final form."""
    shared = pdf.make_indirect(resources)
    empty = {size: _empty(pdf, size, shared) for size in sorted({widget.size for widget in widgets})}
    fields: list[pikepdf.Object] = [pdf.make_indirect(_field(pdf, one, empty[one.size])) for one in widgets]
    for field, widget in zip(fields, widgets, strict=True):
        page = pdf.pages[widget.page].obj
        page.Annots = Array([*page.get(Name.Annots, []), field])
    form = Dictionary(Fields=Array(fields), SigFlags=SIGNATURES_EXIST_APPEND_ONLY, DR=shared)
    pdf.Root.AcroForm = pdf.make_indirect(form)
    pdf.Root.Perms = Dictionary(DocMDP=pdf.make_indirect(Dictionary()))
    pdf.Root.DSS = pdf.make_indirect(Dictionary())
    return fields


def _empty(pdf: pikepdf.Pdf, size: tuple[int, int], shared: pikepdf.Object) -> pikepdf.Object:
    """The appearance of a field that is not signed: nothing."""
    empty = Stream(pdf, b"")
    empty.Type, empty.Subtype, empty.FormType = Name.XObject, Name.Form, 1
    empty.BBox, empty.Resources = Array([0, 0, *size]), shared
    return pdf.make_indirect(empty)


def _field(pdf: pikepdf.Pdf, widget: Widget, empty: pikepdf.Object) -> Dictionary:
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Sig,
        F=PRINTED_AND_LOCKED,
        T=String(widget.field),
        TU=String(widget.tooltip),
        Rect=Array(list(widget.rectangle)),
        P=pdf.pages[widget.page].obj,
        AP=Dictionary(N=empty),
    )


def add_attachments(pdf: pikepdf.Pdf, attachments: Sequence[Attachment]) -> None:
    """Embed files under a flat name tree and as associated files of the document (ISO 19005-3 6.8)."""
    names: list[pikepdf.Object] = []
    files: list[pikepdf.Object] = []
    for attachment in sorted(attachments, key=lambda one: one.name):
        stream = Stream(pdf, attachment.data)
        stream.Type, stream.Subtype = Name.EmbeddedFile, Name("/" + attachment.media_type)
        stream.Params = Dictionary(Size=len(attachment.data), ModDate=String("D:20000101000000Z"))
        file = pdf.make_indirect(
            Dictionary(
                Type=Name.Filespec,
                F=String(attachment.name),
                UF=String(attachment.name),
                Desc=String(attachment.description),
                AFRelationship=Name("/" + attachment.relationship),
                EF=Dictionary(F=stream, UF=stream),
            )
        )
        names += [String(attachment.name), file]
        files.append(file)
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(names)))
    pdf.Root.AF = Array(files)


def save(pdf: pikepdf.Pdf) -> bytes:
    """Write with a classic cross-reference table and a content-derived /ID; the same input gives the same bytes."""
    buffer = BytesIO()
    pdf.save(
        buffer,
        deterministic_id=True,
        force_version="1.7",
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        recompress_flate=True,
        linearize=False,
        fix_metadata_version=False,
    )
    return buffer.getvalue()
