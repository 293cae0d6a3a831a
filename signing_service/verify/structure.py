r"""Step 1, profile ``agreement``: the file is a base and a row of deltas, and no byte is left over.

The grammar is ``docs/formats.md`` 4. The reader walks the cross-reference sections from the end of the file
to the base, and for every delta regenerates the cross-reference section and trailer from what the grammar
determines; they must be equal, byte for byte. What stands inside the objects is step 2 (:mod:`.changes`).

Where the sealed terms let somebody sign with a certificate of their own, an update may be other software's
(``foreign``): here only its place is read, the rest is :mod:`.own_update`.

    >>> document = read_document(pdf)          # doctest: +SKIP
    >>> document.base.fields["njupt:president"].number, len(document.deltas)
    (31, 15)

Clauses: ISO 32000-2 7.5.4 (cross-reference table), 7.5.5 (trailer), 7.5.6 (incremental updates).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from signing_service.agreement.terms import TIMESTAMP_PREFIX
from signing_service.errors import FormatError, LimitError
from signing_service.verify.base import Base, read_base, read_section, read_startxref
from signing_service.verify.limits import MAX_REVISIONS, check_size

_FOREIGN_TRAILER = re.compile(rb"/(Prev|Size)[\x00\t\n\x0c\r ]+([1-9][0-9]{0,9})(?![0-9.])")
_FOREIGN_END = rb"startxref[\r\n]{1,2}%d[\r\n]{1,2}%%%%EOF(?:\r\n|\n)"
_MAX_TRAILER_BYTES = 4096
_DELTA_TRAILER = re.compile(
    rb"trailer\n<< /ID \[<[0-9a-f]*><[0-9a-f]*>\] /Info [0-9]+ 0 R /Prev ([0-9]+) /Root [0-9]+ 0 R "
    rb"/Size ([1-9][0-9]{0,9}) >>\nstartxref\n"
)


@dataclass(frozen=True, slots=True)
class Delta:
    """One incremental update, its objects not yet judged."""

    start: int
    end: int
    objects: Mapping[int, tuple[int, bytes]]
    """Object number to (offset of the body in the file, body), in ascending order; empty in a foreign one."""
    size: int = 0
    """``/Size`` before it."""
    foreign: bool = False
    """Whether it is not in the grammar's words: then only a signature with an own certificate may be in it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A base and its deltas, which together are the whole file."""

    base: Base
    deltas: tuple[Delta, ...]
    startxref: int
    """Of its newest cross-reference section…"""
    size: int
    """… and its ``/Size``: what the next delta begins with."""


@dataclass(frozen=True, slots=True)
class _Section:
    """Where an update stands, and what its trailer says."""

    start: int
    startxref: int
    previous: int
    end: int
    size: int
    """``/Size`` after it."""
    foreign: bool


def read_document(pdf: bytes) -> Document:
    """Split ``pdf`` into its base and deltas; raises FormatError or LimitError on any other shape."""
    check_size(pdf)
    sections: list[_Section] = []
    end = len(pdf)
    while (section := _section_ending_at(pdf, end)) is not None:
        sections.append(section)
        if len(sections) > MAX_REVISIONS:
            raise LimitError(f"file has more than {MAX_REVISIONS} revisions")
        end = section.start
    base = read_base(pdf[:end])
    deltas, size, expected = [], base.size, base.startxref
    for section in reversed(sections):
        if section.previous != expected:
            raise FormatError(f"/Prev {section.previous} does not name the preceding cross-reference section")
        delta, size = _read_section(pdf, base, section, size)
        deltas.append(delta)
        expected = section.startxref
    return Document(base, tuple(deltas), expected, size)


def read_last_delta(pdf: bytes, base: Base, start: int) -> Delta:
    """Read the delta that ``pdf`` adds to its first ``start`` bytes.

    Requires that those bytes are known to be well-formed. Raises FormatError as read_document does.
    """
    check_size(pdf)
    section, before = _section_ending_at(pdf, len(pdf)), _section_ending_at(pdf, start)
    startxref, size = (before.startxref, before.size) if before else (base.startxref, base.size)
    if section is None or section.previous != startxref or section.start != start:
        raise FormatError("the last update does not follow the newest revision")
    return _read_section(pdf, base, section, size)[0]


def _section_ending_at(pdf: bytes, end: int) -> _Section | None:
    """Find the update that ends at ``end``; None where that is the base."""
    startxref = read_startxref(pdf, end)
    at = pdf.find(b"trailer", startxref, end)
    match = _DELTA_TRAILER.match(pdf, at, end) if at >= 0 else None
    if match is None:
        return _foreign(pdf, startxref, at, end)
    start, previous = _first_offset(pdf, startxref), int(match[1])
    if not previous < start < startxref:
        raise FormatError(f"incremental update that ends at {end} does not follow its predecessor")
    return _Section(start, startxref, previous, end, int(match[2]), foreign=False)


def _foreign(pdf: bytes, startxref: int, trailer: int, end: int) -> _Section | None:
    """An update with a trailer of another spelling begins where the revision before it ends; the base has no /Prev."""
    found = _FOREIGN_TRAILER.findall(pdf[trailer : min(end, trailer + _MAX_TRAILER_BYTES)]) if trailer >= 0 else []
    values = {key: int(value) for key, value in found}
    if b"Prev" not in values:
        return None
    previous = values[b"Prev"]
    ends = [match.end() for match in re.finditer(_FOREIGN_END % previous, pdf[previous:startxref])]
    if len(found) != 2 or len(ends) != 1 or b"Size" not in values:
        raise FormatError(f"incremental update that ends at {end} does not follow its predecessor")
    return _Section(previous + ends[0], startxref, previous, end, values[b"Size"], foreign=True)


def _read_section(pdf: bytes, base: Base, section: _Section, size: int) -> tuple[Delta, int]:
    """Read one update of a file with ``size`` object numbers before it; gives it and the new size."""
    if not section.foreign:
        return _read_delta(pdf, base, section, size)
    if not any(name.startswith(TIMESTAMP_PREFIX) for name in base.fields) or section.size < size:
        raise FormatError(f"incremental update that ends at {section.end} is not of the agreed form")
    return Delta(section.start, section.end, {}, size, foreign=True), section.size


def _first_offset(pdf: bytes, startxref: int) -> int:
    entries, _ = read_section(pdf, startxref)
    if not entries:
        raise FormatError(f"cross-reference section at {startxref} is empty")
    return next(iter(entries.values()))[0]


def _read_delta(pdf: bytes, base: Base, section: _Section, size: int) -> tuple[Delta, int]:
    """Read one delta in the grammar's words."""
    start, startxref = section.start, section.startxref
    entries, _ = read_section(pdf, startxref)
    numbers = sorted(entries)
    offsets = [entries[number][0] for number in numbers] + [startxref]
    new = [number for number in numbers if number >= size]
    if new != list(range(size, size + len(new))):
        raise FormatError(f"new objects of the update at {start} are not numbered from {size}")
    if offsets[0] != start or offsets != sorted(set(offsets)):
        raise FormatError(f"objects of the update at {start} do not stand in ascending order")
    objects: dict[int, tuple[int, bytes]] = {}
    for index, number in enumerate(numbers):
        head = b"%d 0 obj\n" % number
        region = pdf[offsets[index] : offsets[index + 1]]
        if not region.startswith(head) or not region.endswith(b"\nendobj\n"):
            raise FormatError(f"object {number} is not where the cross-reference section says")
        objects[number] = (offsets[index] + len(head), region[len(head) : -len(b"\nendobj\n")])
    before, size = size, size + len(new)
    expected = write_tail(dict(zip(numbers, offsets, strict=False)), base, section.previous, size, startxref)
    if pdf[startxref : section.end] != expected:
        raise FormatError(f"cross-reference section or trailer of the update at {start} is not canonical")
    return Delta(start, section.end, objects, before), size


def write_tail(offsets: Mapping[int, int], base: Base, previous: int, size: int, startxref: int) -> bytes:
    """Write what the grammar determines after the objects: cross-reference section, trailer, end."""
    numbers = sorted(offsets)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    lines = [b"xref\n"]
    for run in runs:
        lines.append(b"%d %d\n" % (run[0], len(run)))
        lines += [b"%010d 00000 n \n" % offsets[number] for number in run]
    first, second = (part.hex().encode() for part in base.identifier)
    lines.append(
        b"trailer\n<< /ID [<%s><%s>] /Info %d 0 R /Prev %d /Root %d 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n"
        % (first, second, base.info, previous, base.root, size, startxref)
    )
    return b"".join(lines)
