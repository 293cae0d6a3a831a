r"""Step 1, profile ``agreement``: the base, the unsigned document that all deltas stand on.

It was written by qpdf as ``docs/formats.md`` 4 says. Each byte between header and cross-reference table belongs
to exactly one object; what signing touches and what could act or cover is read further (:mod:`.base_contents`).
What the pages show is the business of the seal, which signs all of it.

Clauses: ISO 32000-2 7.5.4 (cross-reference table), 7.5.5 (trailer), 12.7.3 (AcroForm), 12.8.6 (Perms).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.base_contents import check_contents
from signing_service.verify.limits import MAX_OBJECTS, inflate
from signing_service.verify.objects import Ref, Stream, parse_indirect, parse_object, text_string

_END = re.compile(rb"startxref[\r\n]{1,2}([1-9][0-9]{0,9})[\r\n]{1,2}%%EOF(?:\r\n|\n)")
_END_LENGTH = 32  # bytes that hold the longest _END
_TABLE = b"xref\n"
_SUBSECTION = re.compile(rb"(0|[1-9][0-9]{0,9}) ([1-9][0-9]{0,9})\n")
_ENTRIES = re.compile(rb"(?:[0-9]{10} [0-9]{5} [fn] \n)*+")
_ENTRY_LENGTH = 20  # bytes, ISO 32000-2 7.5.4
_IN_USE = ord("n")
_TRAILER = re.compile(rb"trailer ?\n?")
_FIELD = re.compile(rb"<< /AP << /N ([1-9][0-9]*) 0 R >> .* >>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """A signature field of the base."""

    name: str
    number: int
    """Its object number."""
    body: bytes
    """Its object, from after ``obj`` to before ``endobj``, as the base has it."""
    width: float
    """Of its ``/Rect``, in points, as its appearance's ``/BBox`` must say again…"""
    height: float


@dataclass(frozen=True, slots=True)
class Base:
    """The unsigned document: everything that its deltas may refer to."""

    length: int
    """Bytes, up to and with its last ``%%EOF`` and line feed."""
    startxref: int
    size: int
    root: int
    info: int
    identifier: tuple[bytes, bytes]
    fields: Mapping[str, Field]
    placeholder: int
    """The object that the seal becomes (``/Perms /DocMDP``)."""
    dss: int
    resources: int
    """The resource dictionary that all appearances share (``/AcroForm /DR``)."""
    terms: bytes
    """The attachment ``terms.json``."""


def read_startxref(pdf: bytes, end: int) -> int:
    """Give the offset of the table that the revision ending at ``end`` names; raises FormatError."""
    tail = pdf[max(0, end - _END_LENGTH) : end]
    at = tail.rfind(b"startxref")
    match = _END.fullmatch(tail, at) if at >= 0 else None
    if match is None:
        raise FormatError(f"no startxref and %%EOF where a revision ends, at {end}")
    startxref = int(match[1])
    if startxref >= end or not pdf.startswith(b"xref", startxref):
        raise FormatError(f"startxref {startxref} names no cross-reference table")
    return startxref


def read_section(pdf: bytes, startxref: int) -> tuple[dict[int, tuple[int, bool]], int]:
    """Read a classic cross-reference section: object number to (offset, in use), and the offset after it.

    Raises FormatError unless each entry has exactly 20 bytes, runs ascend and every generation is 0
    (65535 for the head of the free list).
    """
    entries: dict[int, tuple[int, bool]] = {}
    if not pdf.startswith(_TABLE, startxref):
        raise FormatError(f"no cross-reference table in canonical spelling at {startxref}")
    position = startxref + len(_TABLE)
    while (subsection := _SUBSECTION.match(pdf, position)) is not None:
        first, count = int(subsection[1]), int(subsection[2])
        position = subsection.end()
        if len(entries) + count > MAX_OBJECTS:
            raise LimitError(f"file has more than {MAX_OBJECTS} objects")
        if entries and first <= next(reversed(entries)):
            raise FormatError(f"cross-reference section at {startxref} is not in ascending order")
        end = position + count * _ENTRY_LENGTH
        run = _ENTRIES.match(pdf, position, end)
        if run is None or run.end() != end:
            broken = first + ((run.end() if run else position) - position) // _ENTRY_LENGTH
            raise FormatError(f"cross-reference entry of object {broken} is broken")
        for number in range(first, first + count):
            in_use = pdf[position + 17] == _IN_USE
            if pdf[position + 11 : position + 16] != (b"00000" if in_use or number else b"65535"):
                raise FormatError(f"cross-reference entry of object {number} has a generation")
            entries[number] = (int(pdf[position : position + 10]), in_use)
            position += _ENTRY_LENGTH
    return entries, position


def read_base(pdf: bytes) -> Base:
    """Read the unsigned document; raises FormatError unless it is what deltas can be appended to."""
    reader = _BaseReader(pdf)
    base = reader.read()
    reader.check_contents(base)
    return base


def read_known_base(pdf: bytes) -> Base:
    """Read what deltas need of an unsigned document that was looked through before it was published."""
    return _BaseReader(pdf).read()


class _BaseReader:
    """Reads the few objects of the base that signing touches."""

    def __init__(self, pdf: bytes) -> None:
        self._pdf = pdf
        self._parsed: dict[int, Any] = {}  # each object is read once
        self._startxref = read_startxref(pdf, len(pdf))
        self._entries, position = read_section(pdf, self._startxref)
        word = _TRAILER.match(pdf, position)
        if word is None:
            raise FormatError("the base has no trailer after its cross-reference table")
        self._trailer, end = parse_object(pdf, word.end())
        if pdf[end:].strip(b"\n") != b"startxref\n%d\n%%%%EOF" % self._startxref:
            raise FormatError("the base has bytes after its trailer")
        self._check_regions()

    def _check_regions(self) -> None:
        """Every byte between header and table belongs to exactly one object, at the offset in the table."""
        if list(self._entries) != list(range(len(self._entries))):
            raise FormatError("cross-reference table of the base is not one run from 0")
        used = sorted((offset, number) for number, (offset, in_use) in self._entries.items() if in_use)
        if not used:
            raise FormatError("the base has no objects")
        self._ends: dict[int, int] = {}
        for (offset, number), (following, _) in zip(used, [*used[1:], (self._startxref, 0)], strict=True):
            if not self._pdf.startswith(b"%d 0 obj\n" % number, offset) or offset >= following:
                raise FormatError(f"object {number} is not where the cross-reference table says")
            region_end = following
            while self._pdf[region_end - 1 : region_end] == b"\n":
                region_end -= 1
            if not self._pdf.endswith(b"\nendobj", offset, region_end):
                raise FormatError(f"object {number} of the base does not end where the next begins")
            self._ends[number] = region_end - len(b"\nendobj")

    def _body_range(self, reference: object, what: str) -> tuple[int, int]:
        if not isinstance(reference, Ref) or reference.generation or reference.number not in self._ends:
            raise FormatError(f"{what} of the base is not an object of it")
        start = self._entries[reference.number][0] + len(b"%d 0 obj\n" % reference.number)
        return start, self._ends[reference.number]

    def _number(self, reference: object, what: str) -> int:
        self._body_range(reference, what)
        return reference.number if isinstance(reference, Ref) else 0

    def _resolve(self, value: Any, what: str) -> Any:
        if not isinstance(value, Ref):
            return value
        if value.number in self._parsed and not value.generation:
            return self._parsed[value.number]
        start, end = self._body_range(value, what)
        parsed, position = parse_indirect(self._pdf, start)
        if not isinstance(parsed, Stream) and position != end:
            raise FormatError(f"{what} of the base has bytes after its object")
        self._parsed[value.number] = parsed
        return parsed

    def _dictionary(self, value: Any, what: str) -> dict[str, Any]:
        resolved = self._resolve(value, what)
        if not isinstance(resolved, dict):
            raise FormatError(f"{what} of the base is not a dictionary")
        return resolved

    def read(self) -> Base:
        trailer = self._dictionary(self._trailer, "trailer")
        root, info, size = trailer.get("Root"), trailer.get("Info"), trailer.get("Size")
        if size != len(self._entries) or set(trailer) - {"Root", "Info", "Size", "ID"}:
            raise FormatError("trailer of the base has another /Size than its table or keys beyond the usual")
        if not isinstance(root, Ref) or not isinstance(info, Ref):
            raise FormatError("trailer of the base names no /Root or no /Info")
        catalog = self._dictionary(root, "catalog")
        permissions = self._dictionary(catalog.get("Perms"), "/Perms")
        form = self._dictionary(catalog.get("AcroForm"), "/AcroForm")
        if form.get("SigFlags") != 3 or set(permissions) != {"DocMDP"}:
            raise FormatError("the base lacks /SigFlags 3 or a /DocMDP of its own")
        dss, placeholder = catalog.get("DSS"), permissions["DocMDP"]
        if self._dictionary(dss, "/DSS"):
            raise FormatError("/DSS of the base is not empty")
        fields = self._fields(form.get("Fields"))
        return Base(
            length=len(self._pdf),
            startxref=self._startxref,
            size=len(self._entries),
            root=root.number,
            info=info.number,
            identifier=self._identifier(trailer.get("ID")),
            fields=fields,
            placeholder=self._number(placeholder, "/DocMDP"),
            dss=self._number(dss, "/DSS"),
            resources=self._number(form.get("DR"), "/DR"),
            terms=self._attachment(catalog, b"terms.json"),
        )

    def check_contents(self, base: Base) -> None:
        """Raise FormatError unless the document holds nothing but what a base consists of."""
        catalog = self._dictionary(Ref(base.root, 0), "catalog")
        check_contents(catalog, {field.number: field.name for field in base.fields.values()}, self._resolve)

    @staticmethod
    def _identifier(value: Any) -> tuple[bytes, bytes]:
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, bytes) for part in value):
            raise FormatError("/ID of the base is not two strings")
        return value[0], value[1]

    def _fields(self, value: Any) -> dict[str, Field]:
        references = self._resolve(value, "/Fields")
        if not isinstance(references, list):
            raise FormatError("/Fields of the base is not an array")
        fields: dict[str, Field] = {}
        for reference in references:
            field = self._dictionary(reference, "field")
            start, end = self._body_range(reference, "field")
            name, body = field.get("T"), self._pdf[start:end]
            if not isinstance(name, bytes) or field.get("FT") != "Sig" or "V" in field or "Kids" in field:
                raise FormatError(f"object {reference} of the base is not an empty signature field")
            if not _FIELD.fullmatch(body):
                raise FormatError(f"field object {reference} of the base cannot be filled by the grammar")
            text = text_string(name)
            if self._stream(self._dictionary(field["AP"], "/AP").get("N"), f"appearance of {text!r}"):
                raise FormatError(f"field {text!r} of the base shows something before it is signed")
            if text in fields:
                raise FormatError(f"the base has two fields {text!r}")
            fields[text] = Field(text, reference.number, body, *_size(field.get("Rect")))
        return fields

    def _attachment(self, catalog: dict[str, Any], wanted: bytes) -> bytes:
        names = self._dictionary(catalog.get("Names"), "/Names")
        embedded = self._dictionary(names.get("EmbeddedFiles"), "/EmbeddedFiles")
        pairs = self._resolve(embedded.get("Names"), "attachments")
        if not isinstance(pairs, list) or len(pairs) % 2:
            raise FormatError("attachments of the base are not a flat name tree")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if isinstance(key, bytes) and text_string(key) == wanted.decode():
                files = self._dictionary(self._dictionary(value, "attachment").get("EF"), "/EF")
                return self._stream(files.get("F"), wanted.decode())
        raise FormatError(f"the base has no attachment {wanted.decode()}")

    def _stream(self, reference: Any, what: str) -> bytes:
        stream = self._resolve(reference, what)
        if not isinstance(stream, Stream):
            raise FormatError(f"{what} of the base is not a stream")
        length = self._resolve(stream.dictionary.get("Length"), "/Length")
        end = self._body_range(reference, what)[1]
        if not isinstance(length, int) or self._pdf[stream.start + length : end] not in (
            b"endstream",
            b"\nendstream",
        ):
            raise FormatError(f"{what} of the base has another length than it says")
        raw = self._pdf[stream.start : stream.start + length]
        filters = self._resolve(stream.dictionary.get("Filter"), "/Filter")
        if filters is None:
            return raw
        if filters not in ("FlateDecode", ["FlateDecode"]):
            raise FormatError(f"{what} of the base has a filter other than FlateDecode")
        return inflate(raw) if raw else b""  # qpdf leaves an empty stream empty


def _size(rectangle: Any) -> tuple[float, float]:
    if not isinstance(rectangle, list) or not all(isinstance(value, int | float) for value in rectangle):
        raise FormatError("a field of the base has no /Rect of four numbers")
    left, bottom, right, top = (rectangle + [0] * 4)[:4]
    return abs(right - left), abs(top - bottom)
