"""Deltas: the bytes that a seal, a signature, a countersignature or an archive timestamp appends.

    delta = signature_delta(layout, tail, "njupt:president", name="…", reason="…", time=now, appearance=body)
    digest = byte_range_digest(prefix, delta)            # prefix: the document so far, or its running SHA-256
    appended = embed(delta, cms)                         # document + appended is the next revision
    tail = delta.tail

The container's room is left as zeroes until :func:`embed`; ByteRange leaves out exactly ``<0…0>``.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from signing_service.errors import FormatError, LimitError
from signing_service.pdf.grammar import SEAL_FIELD, Layout, Tail, tail_after, write_update

BYTE_RANGE_LENGTH = 40  # characters of "[0 A B C]" and the spaces behind it

_SIGNATURE = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange "
_TIMESTAMP = b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange "
_CERTIFICATION = (
    b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP "
    b"/TransformParams << /Type /TransformParams /P 2 /V /1.2 >> >>]"
)
_APPEARANCE = re.compile(
    rb"<< /BBox \[0 0 ([0-9.]+) ([0-9.]+)\] /Filter /FlateDecode /FormType 1 /Length ([0-9]+) "
    rb"/Resources ([0-9]+) 0 R /Subtype /Form /Type /XObject >>\nstream\n"
)
_STREAM_END = b"\nendstream"


class RunningHash(Protocol):
    """A SHA-256 that has read the document so far; it is copied, never changed."""

    def copy(self) -> RunningHash:
        """Give an independent copy."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Read on."""

    def digest(self) -> bytes:
        """Give the digest of what was read."""


@dataclass(frozen=True, slots=True)
class Dss:
    """Validation material that the document's DSS lists already."""

    certificates: tuple[int, ...] = ()
    """Object numbers of certificate streams, in order."""
    ocsps: tuple[int, ...] = ()
    crls: tuple[int, ...] = ()

    def to_body(self) -> bytes:
        """The dictionary; ``/CRLs`` stands in it only where there are some."""
        crls = b" /CRLs [%s]" % _references(self.crls) if self.crls else b""
        return b"<< /Certs [%s]%s /OCSPs [%s] >>" % (_references(self.certificates), crls, _references(self.ocsps))


@dataclass(frozen=True, slots=True)
class Delta:
    """An incremental update whose container is still empty."""

    data: bytes
    """The bytes to append, with zeroes in ``/Contents``."""
    contents_offset: int
    """Offset in ``data`` of the first of the container's hexadecimal digits."""
    contents_size: int
    """Bytes of DER that the container holds, two digits each."""
    start: int
    """Bytes of the document that ``data`` follows."""
    tail: Tail
    """Where the delta after this one begins."""
    dss: Dss | None = None
    """What the DSS lists afterwards; only of an archive delta."""

    @property
    def covered(self) -> tuple[memoryview, memoryview]:
        """The two parts of ``data`` that ByteRange covers: all but the container and its angle brackets."""
        view = memoryview(self.data)
        return view[: self.contents_offset - 1], view[self.contents_offset + 2 * self.contents_size + 1 :]


def seal_delta(layout: Layout, tail: Tail, name: str, reason: str, time: datetime) -> Delta:
    """Give the delta of the seal: certification with DocMDP P=2 and without appearance."""
    return _delta(
        layout,
        tail,
        {layout.field(SEAL_FIELD).number: layout.field(SEAL_FIELD).filled(layout.placeholder, None)},
        layout.placeholder,
        _SIGNATURE,
        _claims(name, reason, time) + _CERTIFICATION,
    )


def signature_delta(
    layout: Layout, tail: Tail, field: str, *, name: str, reason: str, time: datetime, appearance: bytes
) -> Delta:
    """Give the delta of a signature or countersignature in ``field``.

    ``appearance`` is the whole body of the appearance stream (docs/formats.md 4); raises FormatError if it is of
    another form, size or resource dictionary than the field needs.
    """
    slot = layout.field(field)
    _check_appearance(appearance, (slot.width, slot.height), layout.resources, field)
    bodies = {slot.number: slot.filled(tail.size, tail.size + 1), tail.size + 1: appearance}
    return _delta(layout, tail, bodies, tail.size, _SIGNATURE, _claims(name, reason, time))


def archive_delta(
    layout: Layout,
    tail: Tail,
    field: str,
    certificates: Sequence[bytes],
    ocsps: Sequence[bytes],
    earlier: Dss | None = None,
    crls: Sequence[bytes] = (),
) -> Delta:
    """Give the delta of an archive timestamp in ``field``, with validation material (DER) that the DSS gains.

    ``earlier`` is what the previous archive delta left in the DSS; its streams are listed first.
    """
    earlier = earlier or Dss()
    slot = layout.field(field)
    first, second = tail.size + 1, tail.size + 1 + len(certificates)
    third = second + len(ocsps)
    dss = Dss(
        earlier.certificates + tuple(range(first, second)),
        earlier.ocsps + tuple(range(second, third)),
        earlier.crls + tuple(range(third, third + len(crls))),
    )
    bodies = {layout.dss: dss.to_body(), slot.number: slot.filled(tail.size, None)}
    for number, der in enumerate([*certificates, *ocsps, *crls], start=first):
        bodies[number] = _stream(der)
    return _delta(layout, tail, bodies, tail.size, _TIMESTAMP, b"", dss)


def timestamp_delta(layout: Layout, tail: Tail, field: str) -> Delta:
    """Give the delta of the document timestamp that follows an own-certificate signature."""
    slot = layout.field(field)
    return _delta(layout, tail, {slot.number: slot.filled(tail.size, None)}, tail.size, _TIMESTAMP, b"")


def _delta(
    layout: Layout,
    tail: Tail,
    bodies: dict[int, bytes],
    dictionary: int,
    start: bytes,
    end: bytes,
    dss: Dss | None = None,
) -> Delta:
    """Write the update; ``start`` and ``end`` are the signature dictionary around ByteRange and Contents."""
    hexadecimal = b"0" * (2 * layout.contents_size)
    before = start + b" " * BYTE_RANGE_LENGTH + b" /Contents <"
    bodies[dictionary] = before + hexadecimal + b">" + end + b" >>"
    update, offsets = write_update(layout, tail, bodies)
    contents = offsets[dictionary] + len(before)
    following = contents + len(hexadecimal) + 1
    byte_range = b"[0 %d %d %d]" % (tail.length + contents - 1, tail.length + following, len(update) - following)
    at = offsets[dictionary] + len(start)
    data = update[:at] + byte_range.ljust(BYTE_RANGE_LENGTH) + update[at + BYTE_RANGE_LENGTH :]
    new_objects = sum(number >= tail.size for number in bodies)
    return Delta(data, contents, layout.contents_size, tail.length, tail_after(tail, update, new_objects), dss)


def byte_range_digest(prefix: bytes | RunningHash, delta: Delta) -> bytes:
    """SHA-256 of what the delta's ByteRange covers; ``prefix`` is the document so far or its running hash.

    Raises FormatError if the document's length is not the one that the delta was written for.
    """
    if isinstance(prefix, bytes):
        if len(prefix) != delta.start:
            raise FormatError(f"delta follows {delta.start} bytes, not {len(prefix)}")
        running: RunningHash = hashlib.sha256(prefix)
    else:
        running = prefix.copy()
    for part in delta.covered:
        running.update(part)
    return running.digest()


def embed(delta: Delta, der: bytes) -> bytes:
    """Give the delta's bytes with ``der`` in its container; raises LimitError if it is too small for that."""
    if len(der) > delta.contents_size:
        raise LimitError(
            f"signature has {len(der)} bytes where the document leaves {delta.contents_size}",
            hint="a timestamp authority sends longer tokens than when the agreement was published",
        )
    start = delta.contents_offset
    digits = der.hex().encode("ascii")
    return delta.data[:start] + digits + delta.data[start + len(digits) :]


def _claims(name: str, reason: str, time: datetime) -> bytes:
    moment = time.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ").encode("ascii")
    return b" /M (%s) /Name %s /Reason %s" % (moment, text_string(name), text_string(reason))


def text_string(text: str) -> bytes:
    """Write a text string as UTF-16BE with byte-order mark in lower-case hexadecimal (ISO 32000-2 7.9.2.2)."""
    return b"<feff%s>" % text.encode("utf-16-be").hex().encode("ascii")


def _references(numbers: Sequence[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _stream(data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    return b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s%s" % (len(packed), packed, _STREAM_END)


def _check_appearance(body: bytes, size: tuple[str, str], resources: int, field: str) -> None:
    head = _APPEARANCE.match(body)
    if head is None or head.end() + int(head[3]) + len(_STREAM_END) != len(body) or not body.endswith(_STREAM_END):
        raise FormatError(f"appearance for {field} is not a stream of the agreed form")
    if (head[1].decode("ascii"), head[2].decode("ascii")) != size:
        raise FormatError(f"appearance for {field} is not {size[0]} by {size[1]} points")
    if int(head[4]) != resources:
        raise FormatError(f"appearance for {field} does not use the shared resources")
