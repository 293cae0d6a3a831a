"""The printed agreement: from source and terms to the base PDF, always the same bytes for the same input.

Example::

    source = parse_source(files)
    terms = source.terms(agreement_id)
    base = render_base(source, terms)  # the unsigned PDF of docs/formats.md 4, ready for the seal
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary
from reportlab.pdfgen.canvas import Canvas

from signing_service.agreement.terms import ARCHIVE_FIELDS, COUNTERSIGNATURE_FIELD, SEAL_FIELD
from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.pdf.inscription import SHARED_CHARACTERS, SHARED_FACE, SHARED_FONT
from signing_service.pdf.rendering.document import Attachment, Widget, add_attachments, add_fields, save
from signing_service.pdf.rendering.embedding import embed_by_character

if TYPE_CHECKING:
    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms

__all__ = ["render_base"]


def render_base(source: Source, terms: Terms) -> bytes:
    """Render the agreement; raises UncoveredCharacterError where no font has a character."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842), invariant=1, pageCompression=0)
    signers = terms.signers()
    widgets = []
    canvas.drawString(72, 780, "Agreement " + terms.reference)
    canvas.showPage()
    for index, signer in enumerate(signers):
        row = index % 5
        if index and row == 0:
            canvas.showPage()
        bottom = 650 - row * 140
        canvas.drawString(72, bottom + 100, signer.party.name)
        canvas.rect(72, bottom, 450, 90)
        rectangle = (72, bottom, 522, bottom + 90)
        widgets.append(Widget(signer.id, 1 + index // 5, rectangle, f"Signature of {signer.party.name}"))
    canvas.showPage()
    last = 2 + (len(signers) - 1) // 5
    canvas.rect(72, 500, 450, 90)
    canvas.showPage()
    canvas.save()
    widgets.append(Widget(COUNTERSIGNATURE_FIELD, last, (72, 500, 522, 590), "Countersignature"))
    widgets += [Widget(name, 0, (0, 0, 0, 0), "Seal or archive") for name in (SEAL_FIELD, *ARCHIVE_FIELDS)]
    pdf = pikepdf.open(BytesIO(buffer.getvalue()))
    fonts = open_fonts(find_fonts(os.environ))
    shared = embed_by_character(pdf, fonts.faces[SHARED_FACE], SHARED_CHARACTERS)
    add_fields(pdf, widgets, Dictionary(Font=Dictionary({f"/{SHARED_FONT}": shared})))
    attachments = [Attachment("terms.json", "application/json", "The sealed terms", "Data", terms.to_json())]
    add_attachments(pdf, attachments)
    return save(pdf)
