"""Lawful updates, written by hand: every edit on every kind of signed document.

for name, build in VARIANTS.items(): pdf = build()      # "an empty update on certified"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from tests.attacks.certification import page_number, text_field
from tests.attacks.documents import CONTROLS
from tests.attacks.editing import append, body_of, startxref, trailer_number
from tests.attacks.saving import catalog, stream

Edit = Callable[[bytes], bytes]
BASES = ("form", "certified", "annotatable", "closed", "locked")
"""Plainly signed; certified with P=2, P=3, P=1; signed with a lock on one field."""


def _with(body: bytes, more: bytes) -> bytes:
    return body[: body.rindex(b">>")] + more + b" >>"


def on_page(more: bytes) -> Edit:
    """Give the page further entries."""
    return lambda pdf: append(pdf, {page_number(pdf): _with(body_of(pdf, page_number(pdf)), more)})


def on_catalog(more: bytes) -> Edit:
    """Give the catalog an entry, in the place of what it has under the same key."""

    def edit(pdf: bytes) -> bytes:
        number, body = catalog(pdf)
        key = re.escape(more.split()[0])
        body = re.sub(key + rb"\s*(/[\d.]+|<<(?:[^<>]|<<[^<>]*>>)*>>)", b"", body)
        return append(pdf, {number: _with(body, more)})

    return edit


def _listed(pdf: bytes, number: int, key: bytes) -> dict[int, bytes]:
    """The object that lists what is under ``key``, with one more reference."""
    owner = page_number(pdf) if key == b"/Annots" else _form(pdf)
    body, reference = body_of(pdf, owner), b" %d 0 R" % number
    if match := re.search(key + rb" (\d+) 0 R", body):
        inner = body_of(pdf, int(match[1]))
        return {int(match[1]): inner[: inner.rindex(b"]")] + reference + b"]"}
    if key + b" [" in body:
        return {owner: re.sub(key + rb" \[", key + b" [" + reference + b" ", body, count=1)}
    return {owner: _with(body, key + b" [" + reference + b"]")}


def _form(pdf: bytes) -> int:
    number, body = catalog(pdf)
    match = re.search(rb"/AcroForm (\d+) 0 R", body)
    return int(match[1]) if match else number


def with_field(entries: bytes, *, shown: bool, apart: bool = False) -> Edit:
    """Add an empty signature field; ``shown``: its widget is on the page; ``apart``: in an object of its own."""

    def edit(pdf: bytes) -> bytes:
        size, page = trailer_number(pdf, b"Size"), page_number(pdf)
        widget = b"/Type /Annot /Subtype /Widget /Rect [0 0 0 0] /F 132 /P %d 0 R" % page
        field = b"/FT /Sig /T (Later) " + entries
        if apart:
            objects = {
                size: b"<< %s /Kids [%d 0 R] >>" % (field, size + 1),
                size + 1: b"<< %s /Parent %d 0 R >>" % (widget, size),
            }
        else:
            objects = {size: b"<< %s %s >>" % (field, widget)}
        listed = _listed(pdf, size, b"/Fields")
        return append(pdf, objects | listed | (_listed(pdf, max(objects), b"/Annots") if shown else {}))

    return edit


def with_note(*, popup: bool) -> Edit:
    """Add a note, with its pop-up beside it in the page's list or none."""

    def edit(pdf: bytes) -> bytes:
        size = trailer_number(pdf, b"Size")
        note = b"<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (agreed) %s >>"
        if not popup:
            return append(pdf, {size: note % b""} | _listed(pdf, size, b"/Annots"))
        window = b"<< /Type /Annot /Subtype /Popup /Rect [300 600 480 700] /Parent %d 0 R >>" % size
        pdf = append(pdf, {size: note % (b"/Popup %d 0 R" % (size + 1))} | _listed(pdf, size, b"/Annots"))
        return append(pdf, {size + 1: window} | _listed(pdf, size + 1, b"/Annots"))

    return edit


def filled(name: bytes) -> Edit:
    """Fill in a text field with an appearance that shows its value."""

    def edit(pdf: bytes) -> bytes:
        number, first = text_field(pdf, name), trailer_number(pdf, b"Size")
        held = b"/AP << /N %d 0 R >> /V (friendship)" % first
        body = re.sub(rb"/AP\s*<<.*?>>", held, body_of(pdf, number), flags=re.DOTALL)
        look = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]"
        return append(pdf, {number: body, first: stream(b"BT /F1 12 Tf 2 5 Td (friendship) Tj ET", look)})

    return edit


def _new_object(body: bytes) -> Edit:
    return lambda pdf: append(pdf, {trailer_number(pdf, b"Size"): body})


def _information(pdf: bytes) -> bytes:
    size = trailer_number(pdf, b"Size")
    return append(pdf, {size: b"<< /Title (Another title) >>"}, extra=b"/Info %d 0 R" % size)


def _material(pdf: bytes) -> bytes:
    number, body = catalog(pdf)
    size = trailer_number(pdf, b"Size")
    return append(pdf, {number: _with(body, b"/DSS %d 0 R" % size), size: b"<< /Type /DSS /Certs [] >>"})


def _form_entry(more: bytes) -> Edit:
    return lambda pdf: append(pdf, {_form(pdf): _with(body_of(pdf, _form(pdf)), more)})


def _nothing(pdf: bytes) -> bytes:
    section = b"xref\n0 0\ntrailer\n<< /Root %d 0 R /Size %d /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return pdf + section % (
        trailer_number(pdf, b"Root"), trailer_number(pdf, b"Size"), startxref(pdf), len(pdf)
    )  # fmt: skip


EDITS: dict[str, Edit] = {
    "an empty update": _nothing,
    "an update whose table has no section": lambda pdf: append(pdf, {}),
    "an object that nothing reaches": _new_object(b"(Bleh)"),
    "the page written again as it was": on_page(b""),
    "the page's time of change": on_page(b"/LastModified (D:20260601120000Z)"),
    "the page's order of tabs": on_page(b"/Tabs /S"),
    "an application's data on the page": on_page(b"/PieceInfo << /App << >> >>"),
    "an application's data in the catalog": on_catalog(b"/PieceInfo << /App << >> >>"),
    "a newer version": on_catalog(b"/Version /2.0"),
    "a developer's extension": on_catalog(b"/Extensions << /ISO_ << /BaseVersion /2.0 /ExtensionLevel 32001 >> >>"),
    "another title": _information,
    "validation material without content": _material,
    "a form told not to be drawn anew": lambda pdf: _form_entry(b"/NeedAppearances false")(pdf),
    "an empty field": with_field(b"", shown=True),
    "an empty field that no page lists": with_field(b"", shown=False),
    "an empty field with a lock": with_field(b"/Lock << /Type /SigFieldLock /Action /All >>", shown=True),
    "a widget apart from its field": with_field(b"", shown=True, apart=True),
    "a note": with_note(popup=False),
    "a note with its pop-up": with_note(popup=True),
    "a field filled in": filled(b"Reason"),
    "another field filled in": filled(b"Place"),
}
WITHOUT_FIELDS = "annotatable"

VARIANTS: dict[str, Callable[[], bytes]] = {
    f"{name} on {base}": partial(lambda edit, base: edit(CONTROLS[base]()), edit, base)
    for name, edit in EDITS.items()
    for base in BASES
    if base != WITHOUT_FIELDS or "filled in" not in name
}
