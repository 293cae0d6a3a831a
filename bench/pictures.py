"""Draw the pictures of the printed agreement in docs/images: ``make images``.

Sheets of all pages of a 12-party and a 40-party agreement, and the 12-party one's cover, an article page and a page
of signatures at reading size. The signatures shown are those of the demo alliance's people, who do not exist.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from signing_service.agreement.terms import Terms
from signing_service.pdf.appearance import AppearanceInput, TypedMark, draw_appearance
from signing_service.pdf.delta import signature_delta
from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.pdf.grammar import read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pdf.pictures import count_pages, picture_of_page
from signing_service.pdf.rendering import render_base
from signing_service.resources import templates
from tests.agreement import alliance
from tests.pdf.assembly import of_parties

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
ADDRESS = "https://sign.example.org/verify"
DAY = datetime(2025, 4, 11, 6, 30, 0, tzinfo=UTC)
SHEET_COLUMNS, SHEET_PAGE = 7, 260  # pages a row, pixels a page
PAGE = 900  # pixels
GAP = 10  # pixels


def main() -> None:
    """Draw all pictures."""
    twelve = signed(render_base(alliance.source(), alliance.terms(), verification_url=ADDRESS), alliance.terms())
    forty = of_parties(40)
    sheet(twelve, "agreement-12-parties.png")
    sheet(render_base(forty, forty.terms(alliance.AGREEMENT), verification_url=ADDRESS), "agreement-40-parties.png")
    for name, page in (("cover", 0), ("articles", 2), ("articles-zh", 8), ("parties", 13), ("signatures", 15)):
        (FOLDER / f"{name}.png").write_bytes(picture_of_page(twelve, page, width=PAGE))


def signed(pdf: bytes, terms: Terms) -> bytes:
    """The base with every representative's visible signature in place."""
    layout, fonts = read_layout(pdf, contents_size=8192), open_fonts(find_fonts(os.environ))
    people = tomllib.loads((templates() / "agreement" / "people.toml").read_text())["representatives"]
    for person in people:
        body = draw_appearance(content(person, terms), fonts, layout.resources)
        field = f"{person['party']}:{person['role']}"
        pdf += signature_delta(layout, read_tail(pdf), field, name="", reason="", time=DAY, appearance=body).data
    return pdf


def content(person: dict[str, Any], terms: Terms) -> AppearanceInput:
    """What a person's signature shows."""
    signer = terms.signer(f"{person['party']}:{person['role']}")
    native = person.get("native_name")
    return AppearanceInput(
        width=427, height=74, name=person["name"], native_name=native, party=signer.party.name,
        role=signer.role.title["en"], time=DAY, time_zone=signer.party.time_zone,
        mark=TypedMark(native or person["name"]), assurance="passkey",
    )  # fmt: skip


def sheet(pdf: bytes, name: str) -> None:
    """All pages of a PDF in one picture."""
    pages = [Image.open(BytesIO(picture_of_page(pdf, page, width=SHEET_PAGE))) for page in range(count_pages(pdf))]
    rows = -(-len(pages) // SHEET_COLUMNS)
    wide, high = SHEET_PAGE + GAP, pages[0].height + GAP
    whole = Image.new("RGB", (SHEET_COLUMNS * wide + GAP, rows * high + GAP), (214, 217, 224))
    for index, page in enumerate(pages):
        whole.paste(page.convert("RGB"), (GAP + index % SHEET_COLUMNS * wide, GAP + index // SHEET_COLUMNS * high))
    whole.quantize(48).save(FOLDER / name, optimize=True)


if __name__ == "__main__":
    main()
