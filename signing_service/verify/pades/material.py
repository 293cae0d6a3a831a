"""Step 2, profile ``pades``: what may differ in the validation material and in the metadata.

- ``/DSS``: may come, and grow: certificates, CRLs and OCSP responses, each a stream; what is out of date may leave, but
  no ``/VRI`` entry and not the dictionary itself may go, and nothing else may be in them;
- ``/Metadata``: another stream of XMP, which is well-formed XML without a document type.

Both may be rewritten where they stand, or stand in objects that are new; an object that was something else before
cannot become either.

Clauses: ISO 32000-2 12.8.4.3 (tables 261, 262), 14.3.2; EN 319 142-1 5.4; ISO 16684-1 7.
"""

from __future__ import annotations

import re
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.objects import Ref, Stream
from signing_service.verify.pades.walk import Walk, content

_STREAMS, _ENTRY_STREAMS = {"Certs", "CRLs", "OCSPs"}, {"Cert", "CRL", "OCSP"}
_ENTRY_PLAIN = {"Type", "TU", "TS"}
_SIGNATURE_DIGEST = re.compile(r"[0-9A-Fa-f]{40,128}")  # table 261 says SHA-1 of the signature; some take others
_XMP_ROOTS = ("adobe:ns:meta/ xmpmeta", "http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF")
_MAX_XMP = 4 * 1024 * 1024  # bytes


def material(walk: Walk, before: Any, after: Any, place: str) -> None:
    """The document security store."""
    old, new = walk.older.dictionary(before), walk.newer.resolve(after)
    if not isinstance(new, dict) or not _is_new_or_same(walk, before, after):
        walk.violate("the validation material was taken out, or put in the place of something else")
        return
    walk.permit("validation material was added")
    _arrays(walk, old, new, _STREAMS, place)
    _keys(walk, new, _STREAMS | {"Type", "VRI"}, place)
    if "VRI" in old or "VRI" in new:
        _entries(walk, old.get("VRI"), new.get("VRI"), f"{place}/VRI")


def _entries(walk: Walk, before: Any, after: Any, place: str) -> None:
    """All entries for single signatures that were there, and new ones."""
    old, new = walk.older.dictionary(before), walk.newer.resolve(after)
    if not isinstance(new, dict) or old.keys() - new.keys() or not _is_new_or_same(walk, before, after):
        walk.violate(f"{place} lost entries")
        return
    for key, value in new.items():
        entry = walk.newer.resolve(value)
        if not isinstance(entry, dict) or not (key in old or key == "Type" or _SIGNATURE_DIGEST.fullmatch(key)):
            walk.violate(f"{place}/{key} is not an entry for a signature")
            continue
        if walk.older.resolve(old.get(key)) is not entry:
            _arrays(walk, walk.older.dictionary(old.get(key)), entry, _ENTRY_STREAMS, f"{place}/{key}")
            _keys(walk, entry, _ENTRY_STREAMS | _ENTRY_PLAIN, f"{place}/{key}")


def _keys(walk: Walk, new: dict[str, Any], known: set[str], place: str) -> None:
    if new.keys() - known:
        walk.violate(f"{place} has entries that are no validation material")


def _arrays(walk: Walk, old: dict[str, Any], new: dict[str, Any], keys: set[str], place: str) -> None:
    """Arrays of streams. What stays in one is what it was."""
    for key in sorted(keys & new.keys()):
        items = walk.newer.resolve(new[key])
        if not isinstance(items, list) or not all(_is_stream(walk, item) for item in items):
            walk.violate(f"{place}/{key} is not an array of streams")
            continue
        walk.newer.document.spend(len(items))
        kept = {item.number for item in walk.older.array(old.get(key)) if isinstance(item, Ref)}
        for item in items:
            if item.number in kept:
                walk.visit(content, item, item, f"{place}/{key}")
            elif not _is_new_or_same(walk, None, item):
                walk.violate(f"{place}/{key}: something else was there before")


def _is_stream(walk: Walk, item: Any) -> bool:
    return isinstance(item, Ref) and isinstance(walk.newer.resolve(item), Stream)


def _is_new_or_same(walk: Walk, before: Any, after: Any) -> bool:
    """Whether a value stands where it stood, or in an object that is new, or that nobody changed."""
    return (
        not isinstance(after, Ref)
        or after == before
        or after.number not in walk.tainted
        or walk.older.get(after.number) is None
    )


def metadata(walk: Walk, before: Any, after: Any, place: str) -> None:
    """The document's metadata."""
    if not _is_stream(walk, after) or not _is_new_or_same(walk, before, after):
        walk.violate("the metadata were taken out, or put in the place of something else")
        return
    if walk.newer.document.closed is not None:
        raise walk.newer.document.closed
    if _is_xmp(walk.newer.document.stream_data(walk.newer.located(after.number))):
        walk.permit("the metadata were changed")
    else:
        walk.violate("the metadata were changed into something that is not plain XMP")


def _is_xmp(data: bytes) -> bool:
    """Well-formed XML of the right root; a document type could hide anything in it."""
    from xml.parsers import expat

    parser = expat.ParserCreate(namespace_separator=" ")
    roots: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(name)

    def refuse(*_: object) -> None:
        raise FormatError("metadata have a document type")

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    try:
        parser.Parse(data if len(data) <= _MAX_XMP else b"", True)
    except (expat.ExpatError, FormatError, LookupError, ValueError):  # also an encoding that nobody knows
        return False
    return roots[0] in _XMP_ROOTS
