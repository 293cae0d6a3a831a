r"""Step 2, profile ``agreement``: what each delta says, by an allow-list that leaves no byte to its writer.

A delta fills one field (seal, signature, countersignature) or closes the file with a timestamp and validation
material (archive). Everything in it is either determined by the base or a value that the grammar of
``docs/formats.md`` 4 names: times, names, the appearance's drawing, the container.

    >>> for revision in read_revisions(pdf, read_document(pdf)):      # doctest: +SKIP
    ...     print(revision.kind, revision.field, revision.digest.hex())

Clauses: ISO 32000-2 12.8.1 (signature dictionary, ByteRange), 12.8.2.2 (DocMDP); EN 319 142-1 5.4.2 (DSS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from signing_service.agreement.terms import ARCHIVE_FIELDS, COUNTERSIGNATURE_FIELD, SEAL_FIELD
from signing_service.errors import FormatError
from signing_service.verify.base import Base, Field
from signing_service.verify.limits import MAX_CMS_BYTES, inflate
from signing_service.verify.objects import text_string
from signing_service.verify.padding import read_contents, strip_padding
from signing_service.verify.structure import Delta, Document

_SIGNATURE = re.compile(
    rb"<< /Type /Sig /Filter /Adobe\.PPKLite /SubFilter /ETSI\.CAdES\.detached /ByteRange (?P<range>\[[0-9 ]+\] *) "
    rb"/Contents <(?P<contents>[0-9a-f]*)> /M \(D:(?P<time>[0-9]{14})Z\) /Name <(?P<name>[0-9A-Fa-f]*)> "
    rb"/Reason <(?P<reason>[0-9A-Fa-f]*)>(?P<reference> /Reference \[.*\])? >>"
)
_TIMESTAMP = re.compile(
    rb"<< /Type /DocTimeStamp /Filter /Adobe\.PPKLite /SubFilter /ETSI\.RFC3161 "
    rb"/ByteRange (?P<range>\[[0-9 ]+\] *) /Contents <(?P<contents>[0-9a-f]*)> >>"
)
_CERTIFICATION = (
    b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
    b"<< /Type /TransformParams /P 2 /V /1.2 >> >>]"
)
_RANGE_LENGTH = 40  # bytes of "[0 A B C]" with its trailing spaces
_APPEARANCE = re.compile(
    rb"<< /BBox \[0 0 (?P<width>[0-9]{1,5}(?:\.[0-9]{1,6})?) (?P<height>[0-9]{1,5}(?:\.[0-9]{1,6})?)\] "
    rb"/Filter /FlateDecode /FormType 1 /Length (?P<length>[0-9]+) /Resources (?P<resources>[0-9]+) 0 R "
    rb"/Subtype /Form /Type /XObject >>\n"
)
_SIZE_TOLERANCE = 0.02  # points, for both sides together: numbers are written with few decimals
_DSS = re.compile(rb"<< /Certs \[(?P<certs>[0-9R ]*)\] /OCSPs \[(?P<ocsps>[0-9R ]*)\] >>")
_DSS_STREAM = re.compile(rb"<< /Filter /FlateDecode /Length (?P<length>[0-9]+) >>\n")
_FIELD_APPEARANCE = re.compile(rb"<< /AP << /N [1-9][0-9]* 0 R >> ")


@dataclass(frozen=True, slots=True)
class Revision:
    """What one delta did, with what later steps need to judge its container."""

    number: int
    """0 for the seal."""
    kind: str
    """``seal``, ``signature``, ``countersignature`` or ``archive``."""
    field: str
    end: int
    """Bytes of the file up to and with this revision."""
    pdf_sha256: str
    """Of all bytes up to ``end``."""
    digest: bytes
    """SHA-256 of what its ByteRange covers."""
    contents: bytes
    """The container's DER, its padding taken off."""
    contents_size: int
    """Bytes that the container could hold."""
    claimed_time: datetime | None
    """``/M``; only a claim, None in a timestamp."""
    name: str
    reason: str
    appearance_sha256: str | None
    certificates: tuple[bytes, ...]
    """Validation material that an archive delta adds: DER certificates…"""
    ocsp_responses: tuple[bytes, ...]
    """… and DER OCSP responses."""


def read_revisions(pdf: bytes, document: Document) -> Iterator[Revision]:
    """Judge each delta in turn and give its revision; raises FormatError at the first that is not allowed."""
    reader = _DeltaReader(pdf, document.base, document.base.length, document.base.size)
    for number, delta in enumerate(document.deltas):
        yield reader.read(number, delta)


def read_last_revision(pdf: bytes, base: Base, delta: Delta, size: int) -> Revision:
    """Judge one signature's delta on a known-good prefix with ``size`` object numbers; its number is given as 1.

    The caller has seen to it that its field was empty before.
    """
    return _DeltaReader(pdf, base, delta.start, size).read(1, delta)


class _DeltaReader:
    """Holds what must not repeat, and the running hash of the file."""

    def __init__(self, pdf: bytes, base: Base, start: int, size: int) -> None:
        self._base, self._size = base, size
        self._view = memoryview(pdf)
        self._hash = sha256(self._view[:start])
        self._filled: set[str] = set()
        self._by_number = {field.number: field for field in base.fields.values()}
        self._contents_size: int | None = None
        self._certificates: list[int] = []
        self._ocsps: list[int] = []

    def read(self, number: int, delta: Delta) -> Revision:
        rewritten = [item for item in delta.objects if item < self._size]
        new = [item for item in delta.objects if item >= self._size]
        field = self._field(rewritten, number)
        self._filled.add(field.name)
        self._size += len(new)
        if number == 0:
            return self._seal(delta, field, rewritten, new)
        if field.name in ARCHIVE_FIELDS:
            return self._archive(number, delta, field, rewritten, new)
        return self._signature(number, delta, field, rewritten, new)

    def _field(self, rewritten: list[int], number: int) -> Field:
        fields = [self._by_number[item] for item in rewritten if item in self._by_number]
        if len(fields) != 1:
            raise FormatError(f"revision {number} fills {len(fields)} signature fields, not one")
        if (fields[0].name == SEAL_FIELD) != (number == 0):
            raise FormatError(f"revision {number} fills the field {fields[0].name!r}; revision 0 alone is the seal")
        if fields[0].name in self._filled:
            raise FormatError(f"revision {number} fills the field {fields[0].name!r} a second time")
        return fields[0]

    def _seal(self, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if new or set(rewritten) != {field.number, self._base.placeholder}:
            raise FormatError("the seal changes objects other than its field and its placeholder")
        _expect_field(delta, field, self._base.placeholder, None)
        return self._container(0, "seal", delta, field, self._base.placeholder, _SIGNATURE)

    def _signature(self, number: int, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if len(new) != 2 or rewritten != [field.number]:
            raise FormatError(f"revision {number} changes objects other than the field {field.name!r}")
        dictionary, appearance = new
        _expect_field(delta, field, dictionary, appearance)
        body = delta.objects[appearance][1]
        match = _APPEARANCE.match(body)
        if match is None or int(match["resources"]) != self._base.resources:
            raise FormatError(f"appearance of the field {field.name!r} is not of the agreed form")
        if abs(float(match["width"]) - field.width) + abs(float(match["height"]) - field.height) > _SIZE_TOLERANCE:
            raise FormatError(f"appearance of the field {field.name!r} is not of the field's size")
        inflate(_stream_data(body, match.end(), int(match["length"]), f"appearance of the field {field.name!r}"))
        kind = "countersignature" if field.name == COUNTERSIGNATURE_FIELD else "signature"
        appearance_sha256 = sha256(body).hexdigest()
        return self._container(number, kind, delta, field, dictionary, _SIGNATURE, appearance_sha256)

    def _archive(self, number: int, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if not new or set(rewritten) != {field.number, self._base.dss}:
            raise FormatError(f"revision {number} changes objects other than {field.name!r} and the DSS")
        _expect_field(delta, field, new[0], None)
        certificates, ocsps = self._validation_material(delta, new[1:])
        return self._container(
            number, "archive", delta, field, new[0], _TIMESTAMP, certificates=certificates, ocsps=ocsps
        )

    def _validation_material(self, delta: Delta, new: list[int]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """The DSS lists what it listed before, then the new streams: certificates first, then OCSP responses."""
        match = _DSS.fullmatch(delta.objects[self._base.dss][1])
        if match is None:
            raise FormatError("the DSS is not of the agreed form")
        certificates, ocsps = _references(match["certs"]), _references(match["ocsps"])
        count, earlier = len(self._certificates), len(self._ocsps)
        if certificates[:count] != self._certificates or ocsps[:earlier] != self._ocsps:
            raise FormatError("the DSS does not keep what it listed before")
        if certificates[count:] + ocsps[earlier:] != new:
            raise FormatError("the DSS does not list exactly the streams that come with it")
        streams = [_dss_stream(delta.objects[item][1], item) for item in new]
        added = len(certificates) - count
        self._certificates, self._ocsps = certificates, ocsps
        return tuple(streams[:added]), tuple(streams[added:])

    def _container(
        self,
        number: int,
        kind: str,
        delta: Delta,
        field: Field,
        dictionary: int,
        shape: re.Pattern[bytes],
        appearance_sha256: str | None = None,
        certificates: tuple[bytes, ...] = (),
        ocsps: tuple[bytes, ...] = (),
    ) -> Revision:
        offset, body = delta.objects[dictionary]
        match = _match_dictionary(shape, body, kind, field.name)
        values = match.groupdict()
        start, stop = offset + match.start("contents") - 1, offset + match.end("contents") + 1
        expected = b"[0 %d %d %d]" % (start, stop, delta.end - stop)
        if match["range"] != expected.ljust(_RANGE_LENGTH):
            raise FormatError(f"/ByteRange of the field {field.name!r} does not cover its revision exactly")
        padded = read_contents(match["contents"], field.name)
        if self._contents_size not in (None, len(padded)):
            raise FormatError(f"/Contents of the field {field.name!r} has another size than those before it")
        self._contents_size = len(padded)
        digest, whole = self._hash_revision(delta, start, stop)
        return Revision(
            number=number,
            kind=kind,
            field=field.name,
            end=delta.end,
            pdf_sha256=whole,
            digest=digest,
            contents=strip_padding(padded),
            contents_size=len(padded),
            claimed_time=_time(values["time"]) if "time" in values else None,
            name=_hex_text(values.get("name", b"feff")),
            reason=_hex_text(values.get("reason", b"feff")),
            appearance_sha256=appearance_sha256,
            certificates=certificates,
            ocsp_responses=ocsps,
        )

    def _hash_revision(self, delta: Delta, start: int, stop: int) -> tuple[bytes, str]:
        """Hash what the ByteRange covers, and the whole revision; every byte of the file is hashed twice at most."""
        self._hash.update(self._view[delta.start : start])
        covered = self._hash.copy()
        covered.update(self._view[stop : delta.end])
        self._hash.update(self._view[start : delta.end])
        return covered.digest(), self._hash.hexdigest()


def _expect_field(delta: Delta, field: Field, dictionary: int, appearance: int | None) -> None:
    """The field must be the base's, with ``/V`` (and an appearance) put in and nothing else."""
    expected = field.body[: -len(b" >>")] + b" /V %d 0 R >>" % dictionary
    if appearance is not None:
        expected = _FIELD_APPEARANCE.sub(b"<< /AP << /N %d 0 R >> " % appearance, expected, count=1)
    if delta.objects[field.number][1] != expected:
        raise FormatError(f"field {field.name!r} is changed beyond its value and appearance")


def _references(text: bytes) -> list[int]:
    numbers = [int(part) for part in re.findall(rb"([1-9][0-9]{0,9}) 0 R", text)]
    if b" ".join(b"%d 0 R" % number for number in numbers) != text:
        raise FormatError("the DSS holds something other than references")
    return numbers


def _dss_stream(body: bytes, number: int) -> bytes:
    match = _DSS_STREAM.match(body)
    if match is None:
        raise FormatError(f"DSS stream {number} is not of the agreed form")
    return inflate(_stream_data(body, match.end(), int(match["length"]), f"DSS stream {number}"), MAX_CMS_BYTES)


def _stream_data(body: bytes, position: int, length: int, what: str) -> bytes:
    data = body[position + len(b"stream\n") : position + len(b"stream\n") + length]
    if body[position:] != b"stream\n" + data + b"\nendstream" or len(data) != length:
        raise FormatError(f"{what} has another length than it says")
    return data


def _match_dictionary(shape: re.Pattern[bytes], body: bytes, kind: str, field: str) -> re.Match[bytes]:
    match = shape.fullmatch(body)
    certification = (match.groupdict().get("reference") or b"") if match else b""
    if match is None or certification != (_CERTIFICATION if kind == "seal" else b""):
        raise FormatError(f"signature dictionary of the field {field!r} is not of the agreed form")
    return match


def _time(text: bytes) -> datetime:
    try:
        return datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatError("/M is not a time that exists") from error


def _hex_text(digits: Any) -> str:
    try:
        value = bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        raise FormatError("text of a signature dictionary is not hexadecimal") from error
    if not value.startswith(b"\xfe\xff"):
        raise FormatError("text of a signature dictionary is not UTF-16 with its mark")
    return text_string(value)
