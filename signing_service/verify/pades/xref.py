r"""Step 1, profile ``pades``: cross-reference sections of every kind, and the revisions that they make.

    sections = read_sections(pdf)            # newest first, as /Prev chains them
    revisions = group_revisions(pdf, sections)

A *revision* ends at the ``%%EOF`` after a ``startxref`` that names its newest section. A linearised file has two
sections in its first revision; a hybrid file's ``/XRefStm`` belongs to its table (ISO 32000-2 7.5.8.4), and where it
stands before the end of the revision below, as word processors write it, the two are one revision.

Clauses: ISO 32000-2 7.5.4, 7.5.5, 7.5.6, 7.5.8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_OBJECTS, MAX_REVISIONS
from signing_service.verify.objects import Stream, parse_indirect, parse_object, skip_space
from signing_service.verify.pades.streams import Effort, decode_stream

_WHITE = rb"[\x00\t\n\x0c\r ]"
_MARKER = re.compile(rb"startxref" + _WHITE + rb"{1,8}(\d{1,10})" + _WHITE + rb"{1,8}%%EOF")
_HEADER = re.compile(rb"%PDF-[12]\.\d")
_OBJECT = re.compile(rb"(\d{1,10})" + _WHITE + rb"{1,8}(\d{1,5})" + _WHITE + rb"{1,8}obj(?![A-Za-z])")
_SUBSECTION = re.compile(rb"(\d{1,10}) {1,4}(\d{1,10}) {0,4}(?:\r\n|\n|\r)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n|\n|\r)[\n ]?")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an object is: at an offset, or at an index in an object stream; or nowhere."""

    kind: str
    """``offset``, ``compressed`` or ``free``."""
    place: int
    """Offset in the file, or number of the object stream."""
    detail: int
    """Generation, or index in the object stream."""


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference table or stream, with what a hybrid table hides in its stream."""

    offset: int
    entries: Mapping[int, Entry]
    trailer: Mapping[str, Any]
    spans: tuple[tuple[int, int], ...]
    """What of the file the section itself is: from ``xref`` to the trailer's end, or the stream object."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The file as it was after one update: its own sections, newest first, and where it ends."""

    number: int
    """0 for the oldest."""
    sections: tuple[Section, ...]
    end: int
    """Offset after ``%%EOF``."""

    @property
    def trailer(self) -> Mapping[str, Any]:
        """The trailer that counts."""
        return self.sections[0].trailer


def read_sections(pdf: bytes) -> list[Section]:
    """Follow ``/Prev`` from the last ``startxref``; raises FormatError on loops and anything broken."""
    if not _HEADER.match(pdf):
        raise FormatError(
            "the file does not begin with %PDF", hint="bytes before it shift every offset for some readers"
        )
    markers = list(_MARKER.finditer(pdf, max(0, len(pdf) - 2048)))
    if not markers:
        raise FormatError("the file does not end in startxref and %%EOF")
    position: int | None = int(markers[-1][1])
    sections: list[Section] = []
    seen: set[int] = set()
    count, effort = 0, Effort()
    while position is not None:
        if position in seen:
            raise FormatError("cross-reference sections form a loop")
        if len(seen) >= MAX_REVISIONS:
            raise LimitError(f"file has more than {MAX_REVISIONS} cross-reference sections")
        seen.add(position)
        section = read_section(pdf, position, effort)
        sections.append(section)
        count += len(section.entries)
        if count > MAX_OBJECTS:
            raise LimitError(f"cross-reference sections have more than {MAX_OBJECTS} entries")
        previous = section.trailer.get("Prev")
        if previous is not None and (not isinstance(previous, int) or isinstance(previous, bool)):
            raise FormatError("/Prev is not an offset")
        position = previous
    return sections


def read_section(pdf: bytes, offset: int, effort: Effort) -> Section:
    """Read the section at ``offset``, a table (with its hybrid stream) or a stream; raises FormatError, LimitError."""
    if not 0 < offset < len(pdf):
        raise FormatError(f"cross-reference offset {offset} lies outside the file")
    start = skip_space(pdf, offset)
    if start - offset > 8:
        raise FormatError(f"no cross-reference section at {offset}")
    if not pdf.startswith(b"xref", start):
        return _read_stream(pdf, start, offset, effort)
    entries, end = _read_table(pdf, start)
    end = skip_space(pdf, end)
    if not pdf.startswith(b"trailer", end):
        raise FormatError(f"cross-reference table at {offset} has no trailer")
    trailer, end = parse_object(pdf, end + len(b"trailer"))
    if not isinstance(trailer, dict):
        raise FormatError(f"trailer of the table at {offset} is not a dictionary")
    spans = [(start, end)]
    hidden = trailer.get("XRefStm")
    if isinstance(hidden, int):
        stream = _read_stream(pdf, skip_space(pdf, min(hidden, len(pdf))), hidden, effort)
        for number, entry in entries.items():
            if entry.kind != "free" and stream.entries.get(number, entry) != entry:
                raise FormatError(f"a hybrid section lists object {number} at two places")
        entries = {**stream.entries, **{n: entry for n, entry in entries.items() if _counts(n, entry, stream)}}
        spans += stream.spans
    return Section(offset, entries, trailer, tuple(spans))


def _counts(number: int, entry: Entry, stream: Section) -> bool:
    """In a hybrid file an object that the table calls free may be in the stream (ISO 32000-2 7.5.8.4)."""
    return entry.kind != "free" or number not in stream.entries


def _read_table(pdf: bytes, start: int) -> tuple[dict[int, Entry], int]:
    entries: dict[int, Entry] = {}
    position = skip_space(pdf, start + len(b"xref"))
    while (head := _SUBSECTION.match(pdf, position)) is not None:
        first, count = int(head[1]), int(head[2])
        position = head.end()
        if count > MAX_OBJECTS:
            raise LimitError(f"cross-reference table has more than {MAX_OBJECTS} entries")
        for number in range(first, first + count):
            match = _ENTRY.match(pdf, position)
            if match is None:
                raise FormatError(f"cross-reference entry of object {number} is broken")
            position = match.end()
            if number in entries:
                raise FormatError(f"cross-reference table lists object {number} twice")
            kind = "offset" if match[3] == b"n" else "free"
            entries[number] = Entry(kind, int(match[1]), int(match[2]))
        position = skip_space(pdf, position)
    return _shifted(pdf, entries), position


def _shifted(pdf: bytes, entries: dict[int, Entry]) -> dict[int, Entry]:
    """Some writers number the first table from 1 where it begins with the head of the free list, object 0."""
    first = min(entries, default=0)
    if first != 1 or entries[1] != Entry("free", 0, 65535) or 0 in entries:
        return entries
    return {number - 1: entry for number, entry in entries.items()}


def _read_stream(pdf: bytes, start: int, offset: int, effort: Effort) -> Section:
    head = _OBJECT.match(pdf, start)
    if head is None:
        raise FormatError(f"no cross-reference section at {offset}")
    value, _ = parse_indirect(pdf, head.end())
    if not isinstance(value, Stream) or value.dictionary.get("Type") != "XRef":
        raise FormatError(f"object at {offset} is not a cross-reference stream")
    length = value.dictionary.get("Length")
    if not isinstance(length, int) or not 0 <= length <= len(pdf) - value.start:
        raise FormatError(f"cross-reference stream at {offset} has no direct length")
    raw = pdf[value.start : value.start + length]
    entries = _unpack(value.dictionary, decode_stream(value.dictionary, raw, effort), offset, effort)
    end = skip_space(pdf, value.start + length)
    if not pdf.startswith(b"endstream", end):
        raise FormatError(f"cross-reference stream at {offset} has another length than it says")
    end = skip_space(pdf, end + len(b"endstream"))
    if not pdf.startswith(b"endobj", end):
        raise FormatError(f"cross-reference stream at {offset} has no endobj")
    return Section(offset, entries, value.dictionary, ((start, end + len(b"endobj")),))


def _unpack(dictionary: Mapping[str, Any], data: bytes, offset: int, effort: Effort) -> dict[int, Entry]:
    widths, size = dictionary.get("W"), dictionary.get("Size")
    index = dictionary.get("Index", [0, size])
    if (
        not isinstance(widths, list)
        or len(widths) != 3
        or not all(isinstance(width, int) and 0 <= width <= 8 for width in widths)
        or not isinstance(index, list)
        or len(index) % 2
        or not all(isinstance(number, int) and 0 <= number <= 10**10 for number in index)
    ):
        raise FormatError(f"cross-reference stream at {offset} has broken /W or /Index")
    row = sum(widths)
    numbers = [(first, count) for first, count in zip(index[::2], index[1::2], strict=True)]
    total = sum(count for _, count in numbers)
    if total > MAX_OBJECTS:
        raise LimitError(f"cross-reference stream has more than {MAX_OBJECTS} entries")
    if row == 0 or total * row > len(data):
        raise FormatError(f"cross-reference stream at {offset} is shorter than it says")
    effort.spend(total)  # entries of kinds that do not exist count as well
    entries: dict[int, Entry] = {}
    position = 0
    for first, count in numbers:
        for number in range(first, first + count):
            if number in entries:
                raise FormatError(f"cross-reference stream lists object {number} twice")
            entry = _row(data[position : position + row], widths)
            position += row
            if entry is not None:
                entries[number] = entry
    return entries


def _row(row: bytes, widths: list[int]) -> Entry | None:
    first, second = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:first], "big") if first else 1
    place, detail = int.from_bytes(row[first:second], "big"), int.from_bytes(row[second:], "big")
    names = {0: "free", 1: "offset", 2: "compressed"}
    return Entry(names[kind], place, detail) if kind in names else None


def group_revisions(pdf: bytes, sections: list[Section]) -> list[Revision]:
    """Group sections into revisions, oldest first; raises FormatError where they do not follow each other."""
    ends: dict[int, int] = {}
    for marker in _MARKER.finditer(pdf):
        ends.setdefault(int(marker[1]), marker.end())
    last = list(_MARKER.finditer(pdf, max(0, len(pdf) - 2048)))[-1]
    groups: list[tuple[int, list[Section]]] = []
    for section in sections:  # newest first
        end = last.end() if not groups else ends.get(section.offset)
        if end is None or (groups and end == groups[-1][0]):
            groups[-1][1].append(section)
        else:
            groups.append((end, [section]))
    groups.reverse()
    return [Revision(number, tuple(group), end) for number, (end, group) in enumerate(_joined(groups))]


def _joined(groups: list[tuple[int, list[Section]]]) -> list[tuple[int, list[Section]]]:
    """Join a revision with the one below it where its cross-reference data begin in there."""
    joined = groups[:1]
    for end, sections in groups[1:]:
        earlier, below = joined[-1]
        if earlier >= end or sections[0].offset < earlier:
            raise FormatError("revisions of the file do not follow each other")
        if any(span[0] < earlier for span in sections[0].spans):
            joined[-1] = (end, [*sections, *below])
        else:
            joined.append((end, sections))
    return joined
