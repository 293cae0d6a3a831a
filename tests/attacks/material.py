"""Attacks through what anybody may add: validation material, metadata, appearances that are held twice."""

from __future__ import annotations

import re
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, approval, office
from tests.attacks.editing import append, body_of, trailer_number
from tests.attacks.saving import catalog, page_contents, stream
from tests.verify.foreign import plain_pdf

_ENTRY = b"A" * 40
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
_BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


def _with_catalog(pdf: bytes, entry: bytes, objects: dict[int, bytes]) -> bytes:
    """Rewrite the catalog with one more entry, in place of the one of that name."""
    number, body = catalog(pdf)
    name = entry.split()[0]
    body = re.sub(name + rb"\s+(\d+ 0 R|null)", b"", body)
    return append(pdf, {number: body[: body.rindex(b">>")] + entry + b" >>", **objects})


@cache
def material() -> bytes:
    """A signed page with validation material, an entry of it for one signature, and metadata."""
    pdf, first = approval(), trailer_number(approval(), b"Size")
    der = office().root.certificate.public_bytes(Encoding.DER)
    pdf = _with_catalog(pdf, b"/Metadata %d 0 R" % first, {first: _metadata(_XMP)})
    store = b"<< /Certs [ %d 0 R ] /VRI << /%s << /Cert [ %d 0 R ] >> >> >>" % (first + 2, _ENTRY, first + 2)
    return _with_catalog(pdf, b"/DSS %d 0 R" % (first + 1), {first + 1: store, first + 2: stream(der)})


def _metadata(data: bytes) -> bytes:
    return stream(data, b"/Type /Metadata /Subtype /XML")


@cache
def shared() -> bytes:
    """A page with a visible field, signed once; the empty field's appearance dictionary is the catalog's too."""
    first = trailer_number(plain_pdf(fields=True), b"Size")
    base = _with_catalog(plain_pdf(fields=True), b"/Piece %d 0 R" % first, {first: b"<< /N %d 0 R >>" % (first + 1)})
    form = stream(b"q Q", b"/Type /XObject /Subtype /Form /BBox [0 0 100 40]")
    base = append(base, {first: b"<< /N %d 0 R >>" % (first + 1), first + 1: form})
    return office().sign(_with_signature_field(base, first))


def _with_signature_field(pdf: bytes, appearance: int) -> bytes:
    size = trailer_number(pdf, b"Size")
    widget = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [60 60 160 100] /F 132 /AP %d 0 R >>" % appearance
    )
    form = max(int(found[1]) for found in re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/Fields", pdf, re.DOTALL))
    body = re.sub(rb"/Fields \[", b"/Fields [ %d 0 R " % size, body_of(pdf, form))
    return append(pdf, {size: widget, form: body})


CONTROLS["material"] = material
CONTROLS["shared"] = shared


def _store(pdf: bytes) -> tuple[int, bytes]:
    number = int(re.findall(rb"/DSS (\d+) 0 R", pdf)[-1])
    return number, body_of(pdf, number)


@attack("material", on="material", pades="validation material was taken out")
def the_material_is_taken_out():
    number, body = catalog(material())
    return append(material(), {number: re.sub(rb"/DSS \d+ 0 R", b"", body)})


@attack("material", on="material", pades="VRI lost entries")
def an_entry_for_one_signature_is_taken_out():
    number, body = _store(material())
    return append(material(), {number: re.sub(rb"/VRI << .* >>(?= >>)", b"/VRI << >>", body)})


@attack("material", on="material", pades="has entries that are no validation material")
def something_else_is_put_into_the_material():
    number, body = _store(material())
    return append(material(), {number: body[: body.rindex(b">>")] + b"/Page 5 0 R >>"})


@attack("material", on="material", pades="is not an array of streams")
def the_material_is_no_streams():
    number, body = _store(material())
    return append(material(), {number: re.sub(rb"/Certs \[[^]]*\]", b"/Certs [ (certificate) ]", body)})


@attack("material", on="material", pades="Certs was changed")
def a_certificate_in_the_material_is_another_one():
    _, body = _store(material())
    held = int(re.findall(rb"/Certs \[ (\d+)", body)[0])
    other = office().credential.certificate.public_bytes(Encoding.DER)
    return append(material(), {held: stream(other)})


@attack("material", on="approval", pades="put in the place of something else")
def the_material_takes_the_place_of_an_object():
    pdf, number = approval(), page_contents(approval())
    return _with_catalog(pdf, b"/DSS %d 0 R" % number, {number: b"<< /Certs [ ] >>"})


@attack("material", on="material", pades="metadata were changed into something that is not plain XMP")
def the_metadata_are_no_xml():
    return _other_metadata(b"this is no XML")


@attack("material", on="material", pades="metadata were changed into something that is not plain XMP")
def the_metadata_bring_entities():
    return _other_metadata(_BOMB + _XMP)


@attack("material", on="material", pades="metadata were changed into something that is not plain XMP")
def the_metadata_are_some_other_xml():
    return _other_metadata(b"<html/>")


@attack("material", on="material", pades="metadata were changed into something that is not plain XMP")
def the_metadata_are_in_an_unknown_encoding():
    return _other_metadata(b'<?xml version="1.0" encoding="utf-0"?>' + _XMP)


@attack("material", on="material", pades="metadata were taken out")
def the_metadata_are_null():
    return _with_catalog(material(), b"/Metadata null", {})


def _other_metadata(data: bytes) -> bytes:
    number = int(re.findall(rb"/Metadata (\d+) 0 R", material())[-1])
    return append(material(), {number: _metadata(data)})


@attack("material", on="shared", pades="its appearance dictionary is used for something else too")
def a_field_lets_go_of_an_appearance_that_is_held_elsewhere():
    return office().sign(shared(), "Second")


@attack("material", on="form", pades="/Kids was changed")
def a_field_gains_an_empty_list_of_kids():
    pdf = CONTROLS["form"]()
    number = [
        int(found[1]) for found in re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(Reason\)", pdf, re.DOTALL)
    ][-1]
    body = body_of(pdf, number)
    return append(pdf, {number: body[: body.rindex(b">>")] + b"/Kids [ ] >>"})
