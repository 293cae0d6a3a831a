"""Changing PDFs as an attacker does: updates written by hand, dictionaries patched in place, containers swapped.

pdf = append(pdf, {4: b"<< … >>"})               # a valid incremental update
pdf = patched(pdf, b"/ByteRange", b"/ByteRangf")  # same length, in place
pdf = with_container(pdf, der)                    # another container in the last /Contents
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_TRAILER_KEY = {name: re.compile(rb"/" + name + rb" (\d+)( \d+ R)?") for name in (b"Root", b"Info", b"Size")}
_CONTENTS = re.compile(rb"/Contents\s*<([0-9a-fA-F]*)>")


def startxref(pdf: bytes) -> int:
    """The offset of the newest cross-reference section."""
    match = _START.search(pdf)
    assert match is not None
    return int(match[1])


def trailer_number(pdf: bytes, name: bytes) -> int:
    """A number from the newest trailer or cross-reference stream: /Root, /Info or /Size."""
    match = _TRAILER_KEY[name].search(pdf, startxref(pdf))
    assert match is not None
    return int(match[1])


def append(
    pdf: bytes,
    objects: Mapping[int, bytes],
    *,
    root: int | None = None,
    table: bool = True,
    trailer: bool = True,
    previous: int | None = None,
    entries: Mapping[int, int] | None = None,
    freed: tuple[int, ...] = (),
    extra: bytes = b"",
    junk: bytes = b"",
) -> bytes:
    """Append an incremental update; parts of it may be left out, or point where an attacker wants.

    ``entries``: object numbers to offsets in the file as it is, for objects that were hidden there.
    """
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    offsets: dict[int, int] = dict(entries or {})
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    out += junk
    start = len(out)
    size = max([trailer_number(pdf, b"Size") - 1, *offsets]) + 1
    if table:
        out += b"xref\n"
        for number in sorted({*offsets, *freed}):
            line = b"0000000000 00001 f \n" if number in freed else b"%010d 00000 n \n" % offsets[number]
            out += b"%d 1\n%s" % (number, line)
    if trailer:
        out += b"trailer\n<< /Root %d 0 R /Prev %d /Size %d %s >>\n" % (
            root or trailer_number(pdf, b"Root"),
            startxref(pdf) if previous is None else previous,
            size,
            extra,
        )
        out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def body_of(pdf: bytes, number: int) -> bytes:
    """The newest classic object with this number, from after ``obj`` to before ``endobj``."""
    start = max(pdf.rfind(b"\n%d 0 obj" % number), pdf.rfind(b"\r%d 0 obj" % number))
    start = pdf.index(b"obj", start) + 3
    return pdf[start : pdf.index(b"endobj", start)].strip()


def patched(pdf: bytes, old: bytes, new: bytes, *, last: bool = True) -> bytes:
    """Replace one occurrence, keeping every offset; ``new`` is padded with spaces."""
    assert len(new) <= len(old), "a patch must not be longer than what it replaces"
    at = pdf.rindex(old) if last else pdf.index(old)
    return pdf[:at] + new.ljust(len(old)) + pdf[at + len(old) :]


def container_of(pdf: bytes) -> bytes:
    """The last container, padding included."""
    return bytes.fromhex(list(_CONTENTS.finditer(pdf))[-1][1].decode())


def with_container(pdf: bytes, der: bytes) -> bytes:
    """The document with ``der`` in its last /Contents, padded with zeroes."""
    match = list(_CONTENTS.finditer(pdf))[-1]
    digits = der.hex().encode().ljust(len(match[1]), b"0")
    assert len(digits) == len(match[1]), "the container is too small"
    return pdf[: match.start(1)] + digits + pdf[match.end(1) :]


def contents_span(pdf: bytes) -> tuple[int, int]:
    """Where the last /Contents string stands, with its angle brackets."""
    match = list(_CONTENTS.finditer(pdf))[-1]
    return match.start(1) - 1, match.end(1) + 1
