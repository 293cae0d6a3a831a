"""What people do to signed documents, lawfully or not: pyHanko writes the updates."""

from __future__ import annotations

import io
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.validation.dss import DocumentSecurityStore


def filled_in(pdf: bytes, name: str, text: str, shown: str | None = None) -> bytes:
    """Fill in a text field; its new appearance shows ``shown``, or the text."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if field["/T"] == name:
            field["/V"] = pdf_string(text)
            look = generic.StreamObject(
                {
                    pdf_name("/Type"): pdf_name("/XObject"),
                    pdf_name("/Subtype"): pdf_name("/Form"),
                    pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 20))),
                },
                stream_data=f"/Tx BMC q BT /F1 12 Tf 2 5 Td ({shown or text}) Tj ET Q EMC".encode(),
            )
            field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
            writer.update_container(field)
    return written(writer)


def with_empty_field(pdf: bytes, name: str = "Later") -> bytes:
    """Add an empty signature field that shows nothing."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    append_signature_field(writer, SigFieldSpec(name, box=(10, 10, 100, 40)))
    return written(writer)


def with_validation_material(pdf: bytes, *certificates: x509.Certificate, crls: Any = (), ocsps: Any = ()) -> bytes:
    """Add a DSS last, signed by nobody."""
    out = io.BytesIO(pdf)
    certs = [asn1_x509.Certificate.load(item.public_bytes(Encoding.DER)) for item in certificates]
    DocumentSecurityStore.add_dss(out, None, certs=certs, crls=crls, ocsps=ocsps)
    return out.getvalue()


def with_other_text(pdf: bytes, text: str = "The sum is 9999 dollars") -> bytes:
    """Replace the content of the first page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(
        generic.StreamObject(stream_data=f"BT /F1 18 Tf 60 780 Td ({text}) Tj ET".encode())
    )
    writer.update_container(page)
    return written(writer)


def with_note(pdf: bytes) -> bytes:
    """Stick a note on the first page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Text"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (500, 700, 520, 720))),
            pdf_name("/Contents"): pdf_string("agreed"),
        }
    )
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    notes = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
    page["/Annots"] = generic.ArrayObject([*notes, writer.add_object(note)])
    writer.update_container(page)
    return written(writer)


def with_title(pdf: bytes, title: str) -> bytes:
    """Change the document information."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.set_info(generic.DictionaryObject({pdf_name("/Title"): pdf_string(title)}))
    return written(writer)


def written(writer: IncrementalPdfFileWriter) -> bytes:
    """The document with the update."""
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
