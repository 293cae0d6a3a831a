"""What is attached to the PDF so that anybody can build it again: terms, source, and what it was built with."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from signing_service.encoding import canonical_json
from signing_service.pdf.rendering.document import Attachment

if TYPE_CHECKING:
    from signing_service.agreement.source import Source
    from signing_service.agreement.terms import Terms
    from signing_service.pdf.fonts import Fonts

VERSION = 1
LAYOUT = 2  # counted up whenever this package lays the same text out otherwise
LIBRARIES = ("icu4py", "markdown-it-py", "pikepdf", "pyphen", "reportlab", "segno", "uharfbuzz")
RECIPE = "rendering.json"
TERMS = "terms.json"


def recipe(fonts: Fonts, verification_url: str | None) -> dict[str, Any]:
    """Everything but the source that decides the bytes: versions, font digests, the address of the QR code."""
    return {
        "v": VERSION,
        "layout": LAYOUT,
        "verification_url": verification_url,
        "libraries": {name: version(name) for name in LIBRARIES},
        "fonts": fonts.fingerprints(),
    }


def attachments(source: Source, terms: Terms, fonts: Fonts, verification_url: str | None) -> list[Attachment]:
    """Terms, recipe and the source's files."""
    files = [
        Attachment(TERMS, "application/json", "The sealed terms: parties, signers and rules", "Data", terms.to_json()),
        Attachment(
            RECIPE, "application/json", "What this document was made with", "Data",
            canonical_json(recipe(fonts, verification_url)),
        ),
    ]  # fmt: skip
    for name, data in sorted(source.files.items()):
        media_type = "application/toml" if name.endswith(".toml") else "text/markdown"
        files.append(Attachment(name, media_type, "Source of this document", "Source", data))
    return files
