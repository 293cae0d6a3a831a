r"""Step 1, profile ``agreement``: the file is a base and a row of deltas, and no byte is left over.

The grammar is ``docs/formats.md`` 4. The reader walks the cross-reference sections from the end of the file
to the base, and for every delta regenerates the cross-reference section and trailer from what the grammar
determines; they must be equal, byte for byte. What stands inside the objects is step 2 (:mod:`.changes`).

    >>> document = read_document(pdf)          # doctest: +SKIP
    >>> document.base.fields["njupt:president"].number, len(document.deltas)
    (31, 15)

Clauses: ISO 32000-2 7.5.4 (cross-reference table), 7.5.5 (trailer), 7.5.6 (incremental updates).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from signing_service.errors import FormatError, LimitError
from signing_service.verify.base import Base, read_base, read_section, read_startxref
from signing_service.verify.limits import MAX_REVISIONS, check_size

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
    """Object number to (offset of the body in the file, body), in ascending order."""


@dataclass(frozen=True, slots=True)
class Document:
    """A base and its deltas, which together are the whole file."""

    base: Base
    deltas: tuple[Delta, ...]


def read_document(pdf: bytes) -> Document:
    """Split ``pdf`` into its base and deltas; raises FormatError or LimitError on any other shape."""
    check_size(pdf)
    sections: list[tuple[int, int, int, int]] = []  # start, offset of xref, size before, end
    end = len(pdf)
    while True:
        startxref = read_startxref(pdf, end)
        previous = _previous(pdf, startxref, end)
        if previous is None:
            break
        start = _first_offset(pdf, startxref)
        if not previous < start < startxref:
            raise FormatError(f"incremental update that ends at {end} does not follow its predecessor")
        sections.append((start, startxref, previous, end))
        if len(sections) > MAX_REVISIONS:
            raise LimitError(f"file has more than {MAX_REVISIONS} revisions")
        end = start
    base = read_base(pdf[:end])
    deltas, size, expected = [], base.size, base.startxref
    for start, startxref, previous, end in reversed(sections):
        if previous != expected:
            raise FormatError(f"/Prev {previous} does not name the preceding cross-reference section")
        delta, size = _read_delta(pdf, base, start, startxref, previous, end, size)
        deltas.append(delta)
        expected = startxref
    return Document(base, tuple(deltas))


def read_last_delta(pdf: bytes, base: Base, start: int) -> tuple[Delta, int]:
    """Read the delta that ``pdf`` adds to its first ``start`` bytes; give it and the ``/Size`` before it.

    Requires that those bytes are known to be well-formed. Raises FormatError as read_document does.
    """
    check_size(pdf)
    before, startxref = read_startxref(pdf, start), read_startxref(pdf, len(pdf))
    previous = _previous(pdf, startxref, len(pdf))
    if previous != before or _first_offset(pdf, startxref) != start:
        raise FormatError("the last update does not follow the newest revision")
    trailer = _DELTA_TRAILER.match(pdf, pdf.find(b"trailer", before, start), start)
    size = int(trailer[2]) if trailer else base.size
    delta, _ = _read_delta(pdf, base, start, startxref, previous, len(pdf), size)
    return delta, size


def _previous(pdf: bytes, startxref: int, end: int) -> int | None:
    """Give the /Prev of the section at ``startxref``; None where it is the base's."""
    at = pdf.find(b"trailer", startxref, end)
    match = _DELTA_TRAILER.match(pdf, at, end) if at >= 0 else None
    return int(match[1]) if match else None


def _first_offset(pdf: bytes, startxref: int) -> int:
    entries, _ = read_section(pdf, startxref)
    if not entries:
        raise FormatError(f"cross-reference section at {startxref} is empty")
    return next(iter(entries.values()))[0]


def _read_delta(
    pdf: bytes, base: Base, start: int, startxref: int, previous: int, end: int, size: int
) -> tuple[Delta, int]:
    """Read one delta of a file with ``size`` object numbers before it; gives it and the new size."""
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
    size += len(new)
    expected = write_tail(dict(zip(numbers, offsets, strict=False)), base, previous, size, startxref)
    if pdf[startxref:end] != expected:
        raise FormatError(f"cross-reference section or trailer of the update at {start} is not canonical")
    return Delta(start, end, objects), size


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
