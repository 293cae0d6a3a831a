"""Steps 1 and 2 for a revision that other people's software wrote: a signature with somebody's own certificate.

    reader = OwnReader(pdf, base)                       # reads the cross-reference data of the whole file, once
    update = reader.read(number, start, end, size)      # raises ForbiddenChangeError, which says what else was done

One signature in one signer's field, and only the bookkeeping that such software does. What changed is judged as in
profile ``pades``; on top of that, so that later deltas continue the file as if it were all ours:

1. one update with one classic cross-reference table, each object of it new or rewritten in place, none freed;
2. ``/Root`` and ``/Info`` stay where they are; rewritten are at most the catalog, the information dictionary, XMP, the
   form, and the field with its page; ``/DSS`` and every other field stay as they are;
3. nothing is added that nobody refers to, and nothing that acts, hides or locks;
4. the signature covers the whole file but for its own ``/Contents``, canonical hexadecimal padded with zeroes.

Clauses: ISO 32000-2 7.5.4, 7.5.6, 12.7.5.5, 12.8.1; EN 319 142-1 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing_service.errors import (
    ForbiddenChangeError,
    FormatError,
    LimitError,
    NonconformingSignatureError,
    VerificationError,
)
from signing_service.verify.base import Base, Field
from signing_service.verify.objects import Ref, Stream, text_string
from signing_service.verify.padding import strip_padding
from signing_service.verify.pades.comparison import compare
from signing_service.verify.pades.document import Document, Snapshot, references
from signing_service.verify.pades.graph import ReferenceGraph
from signing_service.verify.pades.policy import Policy
from signing_service.verify.pades.signatures import Found, find_signatures, form_fields, read_time
from signing_service.verify.pades.updates import check_update
from signing_service.verify.pades.xref import Section

SUBFILTER = "ETSI.CAdES.detached"
MAX_NEW_OBJECTS = 4096  # of one update; a picture and some fonts are a few dozen
_TRAILER = {"Root", "Info", "Size", "Prev", "ID"}
_LINE_ENDS = (b"\n", b"\r\n")
_ACTIVE = {"A", "AA", "JS", "OC", "OPI", "Ref", "EF", "XFA", "Lock", "SV", "Launch", "URI", "RichMediaContent"}
_DICTIONARY = {
    "Type", "Filter", "SubFilter", "Contents", "ByteRange", "M", "Name", "Reason", "Location", "ContactInfo",
    "Prop_Build",
}  # fmt: skip
_CLASSIC = "let your software write a plain cross-reference table (PDF 1.4 style, no object streams)"
_ONCE = "sign once, in your own field, and let your software add nothing afterwards"


@dataclass(frozen=True, slots=True)
class OwnUpdate:
    """What such a revision brings."""

    field: Field
    contents: bytes
    """The container, its padding taken off."""
    contents_size: int
    """Bytes that it could hold."""
    start: int
    """Offset of the ``<`` that ByteRange leaves out…"""
    stop: int
    """… and the one after its ``>``."""
    claimed_time: datetime | None
    name: str
    reason: str


class OwnReader:
    """Judges revisions of one file; holds what all of them need."""

    def __init__(self, pdf: bytes, base: Base) -> None:
        """``pdf`` ends with a revision; raises FormatError or LimitError where it cannot be read at all."""
        self._pdf, self._base = pdf, base
        self._document = Document(pdf)
        self._graph = ReferenceGraph(self._document)
        self._by_number = {field.number: field for field in base.fields.values()}
        self._found: list[Found] | None = None

    @property
    def count(self) -> int:
        """How many revisions the file has, the seal being the first."""
        return len(self._document.revisions) - 1

    def read(self, number: int, start: int, end: int, size: int) -> OwnUpdate:
        """Judge revision ``number`` (0: the seal), the bytes from ``start`` to ``end``; ``size``: ``/Size`` before."""
        position = number + 1  # here the base is a revision too
        if position >= len(self._document.revisions):
            raise ForbiddenChangeError("revision %(number)s is no update of its own", hint=_ONCE, number=number)
        try:
            section = self._section(position, start, end)
            self._check_entries(section, start, size)  # (1)
            check_update(self._document, position)
            findings = compare(self._document, position, self._graph, Policy.initial())  # (2)
        except VerificationError:
            raise
        except FormatError as error:
            raise ForbiddenChangeError(
                "the update cannot be read: %(problem)s", hint=error.hint, problem=error.message
            ) from error
        if findings.violations:
            raise ForbiddenChangeError(
                "more than a signature was added: %(change)s", hint=_ONCE, change=findings.violations[0]
            )
        field = self._field(position, section)
        self._check_rewritten(position, section, size, field)  # (2)
        self._check_new(position, section, size)  # (3)
        return self._signature(position, end, field)  # (4)

    def _section(self, position: int, start: int, end: int) -> Section:
        """(1) The update's only section, a classic table."""
        revision = self._document.revisions[position]
        if self._pdf[revision.end : end] not in _LINE_ENDS:
            raise ForbiddenChangeError(
                "the file does not end in %%EOF and a line end", hint="the next signature could not be appended"
            )
        section = revision.sections[0]
        if len(revision.sections) != 1 or not self._pdf.startswith(b"xref", section.spans[0][0]):
            raise ForbiddenChangeError("the update has a cross-reference stream", hint=_CLASSIC)
        if "XRefStm" in section.trailer:
            raise ForbiddenChangeError("the update has a hybrid cross-reference table", hint=_CLASSIC)
        unknown = section.trailer.keys() - _TRAILER
        if unknown:
            raise ForbiddenChangeError("the update's trailer has a key /%(key)s", hint=_ONCE, key=min(unknown))
        if section.offset < start:
            raise ForbiddenChangeError("the update's cross-reference table stands in what was signed before")
        return section

    def _check_entries(self, section: Section, start: int, size: int) -> None:
        """(1) In use, of generation 0, in the update's own bytes, numbered from ``size`` on and below ``/Size``."""
        declared = section.trailer.get("Size")
        if not isinstance(declared, int) or not size <= declared <= size + MAX_NEW_OBJECTS:
            raise ForbiddenChangeError("the update's /Size does not follow from the objects before it")
        for number, entry in section.entries.items():
            if number == 0:
                continue
            if entry.kind != "offset" or entry.detail != 0 or entry.place < start or number >= declared:
                raise ForbiddenChangeError(
                    "object %(number)s of the update is freed, renumbered or not in the update",
                    hint=_CLASSIC,
                    number=number,
                )
        root, info = section.trailer.get("Root"), section.trailer.get("Info")
        if root != Ref(self._base.root, 0) or info not in (None, Ref(self._base.info, 0)):
            raise ForbiddenChangeError("the update has another catalog or information dictionary", hint=_CLASSIC)

    def _field(self, position: int, section: Section) -> Field:
        """The one field that is filled: a signer's, empty before."""
        older, newer = (self._document.snapshots[index] for index in (position - 1, position))
        before = {item.name: item.value for item in form_fields(older)}
        after = {item.name: item.value for item in form_fields(newer)}
        if before.keys() != after.keys():
            added = min(after.keys() - before.keys(), default="")
            raise ForbiddenChangeError(
                "the signature is in a new field %(field)s, not in the one that is there for it",
                hint="choose the existing field in your software",
                field=repr(added),
            )
        filled = [name for name, value in after.items() if value is not None and before[name] is None]
        touched = [self._by_number[number].name for number in section.entries if number in self._by_number]
        if len(filled) != 1 or touched != filled:
            names = ", ".join(sorted({*filled, *touched})) or "none"
            raise ForbiddenChangeError("not one signature field is filled, but %(names)s", hint=_ONCE, names=names)
        if filled[0].count(":") != 1:
            raise ForbiddenChangeError("the field %(field)s is no representative's", hint=_ONCE, field=repr(filled[0]))
        return self._base.fields[filled[0]]

    def _check_rewritten(self, position: int, section: Section, size: int, field: Field) -> None:
        older = self._document.snapshots[position - 1]
        catalog, widget = older.catalog, older.dictionary(Ref(field.number, 0))
        page = older.dictionary(widget.get("P"))
        places = [catalog.get("Metadata"), catalog.get("AcroForm"), widget.get("P"), page.get("Annots")]
        allowed = {self._base.root, self._base.info, field.number}
        allowed |= {place.number for place in places if isinstance(place, Ref)}
        for number in sorted(section.entries):
            if 0 < number < size and number not in allowed:
                message = "object %(number)s was rewritten, which a signature does not need"
                if number == self._base.dss:
                    message = "validation material (/DSS, object %(number)s) was rewritten"
                raise ForbiddenChangeError(message, hint=_ONCE, number=number)
        newer = self._document.snapshots[position]
        if newer.catalog.get("DSS") != catalog.get("DSS"):
            raise ForbiddenChangeError(
                "validation material (/DSS) was added",
                hint="sign without it (no LTV); the archive adds what is needed at the end",
            )

    def _check_new(self, position: int, section: Section, size: int) -> None:
        """(3) Every new object is reached from what the update rewrote, and none acts, hides or locks."""
        newer = self._document.snapshots[position]
        own = {number for number in section.entries if number}
        reached = {number for number in own if number < size}
        pending = sorted(reached)
        while pending:
            number = pending.pop()
            found = {target for target in references(newer.get(number)) if target in own and target not in reached}
            reached |= found
            pending += sorted(found)
        unused = own - reached
        if unused:
            raise ForbiddenChangeError(
                "object %(number)s was added, to which nothing refers", hint=_ONCE, number=min(unused)
            )
        for number in sorted(own):
            active = _ACTIVE.intersection(_keys(newer.get(number)))
            if number >= size and active:
                raise ForbiddenChangeError(
                    "object %(number)s of the update has a /%(key)s", hint=_ONCE, number=number, key=min(active)
                )

    def _signature(self, position: int, end: int, field: Field) -> OwnUpdate:
        """(4) The signature dictionary, which names no permissions of its own."""
        snapshot = self._document.snapshots[position]
        widget = snapshot.dictionary(Ref(field.number, 0))
        if set(snapshot.dictionary(widget.get("AP"))) - {"N"} or widget.keys() & _ACTIVE:
            raise ForbiddenChangeError(
                "the field %(field)s has more than one appearance, or an action", field=repr(field.name)
            )
        found = self._found_in(field.name, position)
        if found.error:
            raise ForbiddenChangeError(
                "the field %(field)s holds no signature: %(problem)s", field=repr(field.name), problem=found.error
            )
        unknown = found.dictionary.keys() - _DICTIONARY
        if unknown:
            raise ForbiddenChangeError(
                "the signature dictionary has a key /%(key)s",
                hint="a signature that certifies or locks the document would keep the others from signing",
                key=min(unknown),
            )
        if found.subfilter != SUBFILTER or found.dictionary.get("Type", "Sig") != "Sig":
            raise ForbiddenChangeError(
                "the signature has the sub-filter %(found)s, not %(wanted)s",
                hint="choose PAdES in your software",
                found=repr(found.subfilter),
                wanted=SUBFILTER,
            )
        start, stop, covered = found.ranges
        if found.revision != position or covered != end:
            raise ForbiddenChangeError("the signature does not cover the whole file")
        digits = self._pdf[start + 1 : stop - 1]
        if digits not in (digits.lower(), digits.upper()) or len(digits) != 2 * len(found.contents):
            raise ForbiddenChangeError("/Contents is not written in plain hexadecimal digits of one case")
        try:
            contents = strip_padding(found.contents)
        except FormatError as error:
            raise NonconformingSignatureError(error.message, hint="DER, then zeroes") from error
        texts = (_text(snapshot, found.dictionary.get(key)) for key in ("Name", "Reason"))
        claimed = read_time(snapshot.resolve(found.dictionary.get("M")))
        return OwnUpdate(field, contents, len(found.contents), start, stop, claimed, *texts)

    def _found_in(self, field: str, position: int) -> Found:
        if self._found is None:
            self._found = find_signatures(self._document)
        for found in self._found:
            if found.field == field and (found.error or found.revision == position):
                return found
        raise ForbiddenChangeError(
            "the signature in the field %(field)s does not cover the file as it is now", field=repr(field)
        )


def _keys(value: Any) -> Iterator[str]:
    """Every key of every dictionary within one object."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Stream):
            item = item.dictionary
        if isinstance(item, dict):
            yield from item
            pending += item.values()
        elif isinstance(item, list):
            pending += item


def _text(snapshot: Snapshot, value: Any) -> str:
    resolved = snapshot.resolve(value)
    try:
        return text_string(resolved) if isinstance(resolved, bytes) else ""
    except FormatError:
        return ""


def open_reader(pdf: bytes, base: Base) -> OwnReader:
    """Give a reader, whatever is wrong with the file being a ForbiddenChangeError; limits stay LimitError."""
    try:
        return OwnReader(pdf, base)
    except LimitError:
        raise
    except FormatError as error:
        raise ForbiddenChangeError(
            "the file cannot be read: %(problem)s", hint=error.hint, problem=error.message
        ) from error
