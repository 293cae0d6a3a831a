"""The printed agreement: from source and terms to the base PDF, always the same bytes for the same input.

Example::

    source = parse_source(files)
    terms = source.terms(agreement_id)
    base = render_base(source, terms)  # the unsigned PDF of docs/formats.md 4, ready for the seal

:mod:`~signing_service.pdf.rendering.composition` sets the text and draws it with ReportLab,
:mod:`~signing_service.pdf.rendering.document` finishes the file with pikepdf.
"""

from __future__ import annotations

import os
import unicodedata
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary

from signing_service.agreement.terms import ARCHIVE_FIELDS, SEAL_FIELD
from signing_service.pdf.fonts import UncoveredCharacterError, find_fonts, open_fonts
from signing_service.pdf.inscription import SHARED_CHARACTERS, SHARED_FACE, SHARED_FONT
from signing_service.pdf.rendering.composition import Composer
from signing_service.pdf.rendering.document import Widget, add_attachments, add_fields, add_links, embed_fonts, save
from signing_service.pdf.rendering.metadata import add_metadata
from signing_service.pdf.rendering.provenance import attachments
from signing_service.pdf.rendering.structure import Annotation, Element, write

if TYPE_CHECKING:
    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.fonts import Fonts

__all__ = ["render_base"]

NOT_SEEN = (0, 0, 0, 0)


def render_base(
    source: Source, terms: Terms, *, verification_url: str | None = None, fonts: Fonts | None = None
) -> bytes:
    """Render the agreement; ``verification_url`` is printed as a QR code on the last signature page.

    Raises UncoveredCharacterError, with file and line, where no font has a character; ConfigurationError where
    the fonts are missing.
    """
    fonts = fonts or open_fonts(find_fonts(os.environ))
    try:
        composed = Composer(source, terms, fonts, verification_url).compose()
    except UncoveredCharacterError as error:
        raise UncoveredCharacterError(error.character, _place_of(error.character, source)) from error
    root = composed.structure
    with pikepdf.open(BytesIO(composed.pages)) as pdf:
        by_character = embed_fonts(pdf, composed.sheet.book, fonts.faces[SHARED_FACE], SHARED_CHARACTERS)
        shared = Dictionary(Font=Dictionary({f"/{SHARED_FONT}": by_character}))
        hidden = root.add("Sect")
        widgets = [*composed.sheet.widgets, *_unseen(hidden, source.words[terms.languages[0]].signatures, terms)]
        fields = add_fields(pdf, [widget for widget, _ in widgets], shared)
        for field, (widget, element) in zip(fields, widgets, strict=True):
            element.kids.append(Annotation(field, widget.page))
        add_links(pdf, composed.sheet.links, composed.sheet.places)
        add_attachments(pdf, attachments(source, terms, fonts, verification_url))
        add_metadata(pdf, terms)
        write(pdf, root)
        return save(pdf)


def _place_of(character: str, source: Source) -> str:
    """File and line where a character stands first; empty if only in what is printed beside the text."""
    for name, data in source.files.items():
        for number, line in enumerate(data.decode("utf-8").split("\n"), 1):
            if character in unicodedata.normalize("NFC", line):
                return f"{name}:{number}"
    return ""


def _unseen(section: Element, what: str, terms: Terms) -> list[tuple[Widget, Element]]:
    """The fields of the seal and of all timestamps, on the cover, of no size."""
    fields = []
    for name in (SEAL_FIELD, *ARCHIVE_FIELDS, *terms.timestamp_fields()):
        tooltip = f"{what}: {name}"
        fields.append((Widget(name, 0, NOT_SEEN, tooltip), section.add("Form", alternative=tooltip)))
    return fields
