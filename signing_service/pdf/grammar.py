"""The grammar of a delta (docs/formats.md 4): what of the base a delta needs to know, and how a delta is written.

    layout = read_layout(base, contents_size=8192)       # once, at publication; layout.to_json() is stored
    tail = read_tail(base)                               # afterwards each delta gives the next tail
    data, offsets = write_update(layout, tail, {number: body, …})

Appending is constant work however long the file is: no byte of it is read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from signing_service.encoding import canonical_json, parse_canonical_json
from signing_service.errors import FormatError

SEAL_FIELD = "seal"
COUNTERSIGNATURE_FIELD = "countersignature"
ARCHIVE_FIELDS = tuple(f"archive-{n}" for n in range(1, 9))

MAX_PDF_BYTES = 10**10 - 1  # bytes; what ten digits of a cross-reference entry can address (ISO 32000-2 7.5.4)
MIN_CONTENTS_BYTES, MAX_CONTENTS_BYTES = 2048, 65536  # bytes of DER that /Contents may be made for

FIELD_START = re.compile(rb"<< /AP << /N ([1-9][0-9]*) 0 R >> ")
FIELD_END = b" >>"

_TAIL = re.compile(rb"\nstartxref\n([1-9][0-9]{0,9})\n%%EOF\n\Z")
_TAIL_BYTES = 64  # more than startxref, offset and %%EOF can take
_SIZE = re.compile(rb"/Size ([1-9][0-9]{0,9})\b")


@dataclass(frozen=True, slots=True)
class FieldSlot:
    """A signature field of the base."""

    number: int
    """Its object number."""
    body: bytes
    """Its object between ``obj`` and ``endobj``, still unfilled."""
    page: int
    """Index of its page, from 0."""
    width: str
    """Width of its rectangle in points, as a PDF number; ``0`` where nothing shows."""
    height: str

    def filled(self, signature: int, appearance: int | None) -> bytes:
        """Give the body with ``/V`` naming object ``signature`` and, if given, ``/N`` object ``appearance``."""
        start = b"" if appearance is None else b"<< /AP << /N %d 0 R >> " % appearance
        kept = self.body if appearance is None else FIELD_START.sub(b"", self.body, count=1)
        return start + kept[: -len(FIELD_END)] + b" /V %d 0 R" % signature + FIELD_END


@dataclass(frozen=True, slots=True)
class Layout:
    """All that deltas need of the base, fixed at publication."""

    root: int
    """Object number of the catalog; this and the following numbers are of generation 0."""
    info: int
    identifier: str
    """``/ID`` as two lower-case hexadecimal strings in angle brackets, without white space between them."""
    fields: Mapping[str, FieldSlot]
    placeholder: int
    """The object that becomes the seal's signature dictionary."""
    dss: int
    resources: int
    """The resource dictionary that all appearances share."""
    contents_size: int
    """Bytes of DER that each ``/Contents`` has room for."""

    def field(self, name: str) -> FieldSlot:
        """Give the field called ``name``; raises FormatError if the base has none."""
        try:
            return self.fields[name]
        except KeyError:
            raise FormatError(f"the document has no signature field {name!r}") from None

    def to_json(self) -> bytes:
        """Encode as canonical JSON."""
        fields = {
            name: {
                "number": slot.number,
                "body": slot.body.decode("latin-1"),
                "page": slot.page,
                "width": slot.width,
                "height": slot.height,
            }
            for name, slot in self.fields.items()
        }
        return canonical_json(
            {
                "v": 1,
                "root": self.root,
                "info": self.info,
                "id": self.identifier,
                "fields": fields,
                "placeholder": self.placeholder,
                "dss": self.dss,
                "resources": self.resources,
                "contents_size": self.contents_size,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Decode what :meth:`to_json` gave; raises FormatError on anything else."""
        value = parse_canonical_json(data)
        try:
            if value["v"] != 1:
                raise FormatError("layout has an unknown version")
            fields = {name: _slot_from_json(slot) for name, slot in value["fields"].items()}
            return cls(
                root=value["root"],
                info=value["info"],
                identifier=value["id"],
                fields=fields,
                placeholder=value["placeholder"],
                dss=value["dss"],
                resources=value["resources"],
                contents_size=value["contents_size"],
            )
        except (KeyError, TypeError, AttributeError, UnicodeError) as error:
            raise FormatError(f"layout lacks a member or has one of the wrong kind: {error}") from error


def _slot_from_json(value: Any) -> FieldSlot:
    return FieldSlot(value["number"], value["body"].encode("latin-1"), value["page"], value["width"], value["height"])


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the next delta begins."""

    length: int
    """Bytes of the document so far."""
    startxref: int
    """Offset of its newest cross-reference section."""
    size: int
    """Its ``/Size``: the next free object number."""


def read_tail(pdf: bytes) -> Tail:
    """Read where a delta to ``pdf`` begins; raises FormatError unless it ends as docs/formats.md 4 says."""
    end = _TAIL.search(pdf[-_TAIL_BYTES:])
    if end is None:
        raise FormatError("document does not end in startxref, an offset and %%EOF with a line feed")
    startxref = int(end[1])
    trailer = pdf.rfind(b"trailer", startxref)
    size = _SIZE.search(pdf, max(trailer, 0))
    if not pdf.startswith(b"xref\n", startxref) or trailer < 0 or size is None:
        raise FormatError("document has no classic cross-reference table with a trailer where startxref points")
    return Tail(len(pdf), startxref, int(size[1]))


def write_update(layout: Layout, tail: Tail, bodies: Mapping[int, bytes]) -> tuple[bytes, dict[int, int]]:
    """Write one incremental update and give it with the offset of each object's body within it.

    ``bodies`` are the objects to write; those from ``tail.size`` on are new and must be numbered without a gap.
    The caller appends the result to exactly the ``tail.length`` bytes that ``tail`` describes.
    """
    numbers = sorted(bodies)
    new = [number for number in numbers if number >= tail.size]
    size = tail.size + len(new)
    if not numbers or new != list(range(tail.size, size)):
        raise FormatError("new objects of a delta are not numbered from the document's /Size on")
    chunks: list[bytes] = []
    objects: dict[int, int] = {}
    body_offsets: dict[int, int] = {}
    position = 0
    for number in numbers:
        head = b"%d 0 obj\n" % number
        objects[number] = tail.length + position
        body_offsets[number] = position + len(head)
        chunks += (head, bodies[number], b"\nendobj\n")
        position += len(head) + len(bodies[number]) + len(b"\nendobj\n")
    startxref = tail.length + position
    if startxref > MAX_PDF_BYTES:
        raise FormatError("document is too large for a cross-reference table")
    chunks.append(_cross_references(objects))
    chunks.append(
        b"trailer\n<< /ID [%s] /Info %d 0 R /Prev %d /Root %d 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n"
        % (layout.identifier.encode("ascii"), layout.info, tail.startxref, layout.root, size, startxref)
    )
    return b"".join(chunks), body_offsets


def tail_after(tail: Tail, update: bytes, new_objects: int) -> Tail:
    """Give the tail of the document that ``tail`` describes after ``update`` with that many new objects."""
    startxref = int(update[update.rfind(b"startxref\n") + 10 : -len(b"\n%%EOF\n")])
    return Tail(tail.length + len(update), startxref, tail.size + new_objects)


def _cross_references(offsets: Mapping[int, int]) -> bytes:
    """Write the section: one subsection for each run of consecutive numbers (ISO 32000-2 7.5.4)."""
    lines = [b"xref\n"]
    numbers = list(offsets)
    start = 0
    for index in range(1, len(numbers) + 1):
        if index < len(numbers) and numbers[index] == numbers[index - 1] + 1:
            continue
        lines.append(b"%d %d\n" % (numbers[start], index - start))
        lines += [b"%010d 00000 n \n" % offsets[number] for number in numbers[start:index]]
        start = index
    return b"".join(lines)
