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
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from signing_service.agreement.terms import (
    ARCHIVE_FIELDS,
    COUNTERSIGNATURE_FIELD,
    SEAL_FIELD,
    TIMESTAMP_PREFIX,
    timestamp_field,
)
from signing_service.errors import FormatError
from signing_service.verify.algorithms import hash_algorithm
from signing_service.verify.base import Base, Field
from signing_service.verify.delta_words import (
    dss_stream,
    expect_filled,
    hex_text,
    match_dictionary,
    read_moment,
    read_references,
    stream_data,
)
from signing_service.verify.limits import inflate
from signing_service.verify.padding import read_contents, strip_padding
from signing_service.verify.structure import Delta, Document

if TYPE_CHECKING:
    from hashlib import _Hash

    from signing_service.verify.own_update import OwnReader

_SIGNATURE = re.compile(
    rb"<< /Type /Sig /Filter /Adobe\.PPKLite /SubFilter /ETSI\.CAdES\.detached /ByteRange (?P<range>\[[0-9 ]+\] *) "
    rb"/Contents <(?P<contents>[0-9a-f]*)> /M \(D:(?P<time>[0-9]{14})Z\) /Name <(?P<name>[0-9A-Fa-f]*)> "
    rb"/Reason <(?P<reason>[0-9A-Fa-f]*)>(?P<reference> /Reference \[.*\])? >>"
)
_TIMESTAMP = re.compile(
    rb"<< /Type /DocTimeStamp /Filter /Adobe\.PPKLite /SubFilter /ETSI\.RFC3161 "
    rb"/ByteRange (?P<range>\[[0-9 ]+\] *) /Contents <(?P<contents>[0-9a-f]*)> >>"
)
_RANGE_LENGTH = 40  # bytes of "[0 A B C]" with its trailing spaces
_APPEARANCE = re.compile(
    rb"<< /BBox \[0 0 (?P<width>[0-9]{1,5}(?:\.[0-9]{1,6})?) (?P<height>[0-9]{1,5}(?:\.[0-9]{1,6})?)\] "
    rb"/Filter /FlateDecode /FormType 1 /Length (?P<length>[0-9]+) /Resources (?P<resources>[0-9]+) 0 R "
    rb"/Subtype /Form /Type /XObject >>\n"
)
_SIZE_TOLERANCE = 0.02  # points, for both sides together: numbers are written with few decimals
_DSS = re.compile(
    rb"<< /Certs \[(?P<certs>[0-9R ]*)\](?: /CRLs \[(?P<crls>[0-9R ]+)\])? /OCSPs \[(?P<ocsps>[0-9R ]*)\] >>"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """What one delta did, with what later steps need to judge its container."""

    number: int
    """0 for the seal."""
    kind: str
    """``seal``, ``signature``, ``countersignature``, ``timestamp`` or ``archive``."""
    field: str
    end: int
    """Bytes of the file up to and with this revision."""
    pdf_sha256: str
    """Of all bytes up to ``end``."""
    digest: bytes
    """SHA-256 of what its ByteRange covers; with an own certificate by the hash that its container names."""
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
    """… DER OCSP responses…"""
    crls: tuple[bytes, ...] = ()
    """… and DER revocation lists."""
    own_certificate: bool = False
    """Whether other software wrote it, around a signature with the representative's own certificate."""


def read_revisions(pdf: bytes, document: Document) -> Iterator[Revision]:
    """Judge each delta in turn and give its revision; raises FormatError at the first that is not allowed."""
    reader = _DeltaReader(pdf, document.base, sha256(memoryview(pdf)[: document.base.length]))
    reader.foreign_end = max((delta.end for delta in document.deltas if delta.foreign), default=0)
    for number, delta in enumerate(document.deltas):
        yield reader.read(number, delta)


def read_last_revision(pdf: bytes, base: Base, delta: Delta, hashed: _Hash) -> Revision:
    """Judge one signature's delta on a known-good prefix, which ``hashed`` (SHA-256) has taken in; its number is 1.

    The caller has seen to it that its field was empty before.
    """
    return _DeltaReader(pdf, base, hashed).read(1, delta)


class _DeltaReader:
    """Holds what must not repeat, and the running hash of the file."""

    def __init__(self, pdf: bytes, base: Base, hashed: _Hash) -> None:
        self._pdf, self._base = pdf, base
        self._view = memoryview(pdf)
        self.foreign_end = 0  # of the last revision that other software wrote
        self._own: OwnReader | None = None
        self._stamped = ""  # the signer whose own-certificate signature came just before
        self._hash = hashed
        self._filled: set[str] = set()
        self._by_number = {field.number: field for field in base.fields.values()}
        self._contents_size: int | None = None
        self._certificates: list[int] = []
        self._ocsps: list[int] = []
        self._crls: list[int] = []

    def read(self, number: int, delta: Delta) -> Revision:
        before, self._stamped = self._stamped, ""
        if delta.foreign:
            return self._own_signature(number, delta)
        rewritten = [item for item in delta.objects if item < delta.size]
        new = [item for item in delta.objects if item >= delta.size]
        field = self._field(rewritten, number)
        self._fill(field, number)
        if number == 0:
            return self._seal(delta, field, rewritten, new)
        if field.name in ARCHIVE_FIELDS:
            return self._archive(number, delta, field, rewritten, new)
        if field.name.startswith(TIMESTAMP_PREFIX):
            return self._timestamp(number, delta, field, rewritten, new, before)
        return self._signature(number, delta, field, rewritten, new)

    def _fill(self, field: Field, number: int) -> None:
        if (field.name == SEAL_FIELD) != (number == 0):
            raise FormatError(f"revision {number} fills the field {field.name!r}; revision 0 alone is the seal")
        if field.name in self._filled:
            raise FormatError(f"revision {number} fills the field {field.name!r} a second time")
        self._filled.add(field.name)

    def _own_signature(self, number: int, delta: Delta) -> Revision:
        """A signature that other software wrote; the reader of such revisions is made when the first one comes."""
        from signing_service.verify.own_container import read_own_signature
        from signing_service.verify.own_update import open_reader

        if self._own is None:
            self._own = open_reader(self._pdf[: self.foreign_end], self._base)
        update = self._own.read(number, delta.start, delta.end, delta.size)
        self._fill(update.field, number)
        self._stamped = update.field.name
        used = hash_algorithm(read_own_signature(update.contents).digest_algorithm)
        digest, whole = self._hash_revision(delta, update.start, update.stop)
        if used.name != "sha256":
            digest = used.digest(self._view[: update.start], self._view[update.stop : delta.end])
        return Revision(
            number=number,
            kind="signature",
            field=update.field.name,
            end=delta.end,
            pdf_sha256=whole,
            digest=digest,
            contents=update.contents,
            contents_size=update.contents_size,
            claimed_time=update.claimed_time,
            name=update.name,
            reason=update.reason,
            appearance_sha256=None,
            certificates=(),
            ocsp_responses=(),
            own_certificate=True,
        )

    def _timestamp(
        self, number: int, delta: Delta, field: Field, rewritten: list[int], new: list[int], before: str
    ) -> Revision:
        if field.name != timestamp_field(before):
            raise FormatError(f"revision {number} fills {field.name!r}, which no signature of that signer precedes")
        if len(new) != 1 or rewritten != [field.number]:
            raise FormatError(f"revision {number} changes objects other than the field {field.name!r}")
        expect_filled(delta.objects[field.number][1], field, new[0], None)
        return self._container(number, "timestamp", delta, field, new[0], _TIMESTAMP)

    def _field(self, rewritten: list[int], number: int) -> Field:
        fields = [self._by_number[item] for item in rewritten if item in self._by_number]
        if len(fields) != 1:
            raise FormatError(f"revision {number} fills {len(fields)} signature fields, not one")
        return fields[0]

    def _seal(self, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if new or set(rewritten) != {field.number, self._base.placeholder}:
            raise FormatError("the seal changes objects other than its field and its placeholder")
        expect_filled(delta.objects[field.number][1], field, self._base.placeholder, None)
        return self._container(0, "seal", delta, field, self._base.placeholder, _SIGNATURE)

    def _signature(self, number: int, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if len(new) != 2 or rewritten != [field.number]:
            raise FormatError(f"revision {number} changes objects other than the field {field.name!r}")
        dictionary, appearance = new
        expect_filled(delta.objects[field.number][1], field, dictionary, appearance)
        body = delta.objects[appearance][1]
        match = _APPEARANCE.match(body)
        if match is None or int(match["resources"]) != self._base.resources:
            raise FormatError(f"appearance of the field {field.name!r} is not of the agreed form")
        if abs(float(match["width"]) - field.width) + abs(float(match["height"]) - field.height) > _SIZE_TOLERANCE:
            raise FormatError(f"appearance of the field {field.name!r} is not of the field's size")
        inflate(stream_data(body, match.end(), int(match["length"]), f"appearance of the field {field.name!r}"))
        kind = "countersignature" if field.name == COUNTERSIGNATURE_FIELD else "signature"
        appearance_sha256 = sha256(body).hexdigest()
        return self._container(number, kind, delta, field, dictionary, _SIGNATURE, appearance_sha256)

    def _archive(self, number: int, delta: Delta, field: Field, rewritten: list[int], new: list[int]) -> Revision:
        if not new or set(rewritten) != {field.number, self._base.dss}:
            raise FormatError(f"revision {number} changes objects other than {field.name!r} and the DSS")
        expect_filled(delta.objects[field.number][1], field, new[0], None)
        material = self._validation_material(delta, new[1:])
        return self._container(number, "archive", delta, field, new[0], _TIMESTAMP, material=material)

    def _validation_material(self, delta: Delta, new: list[int]) -> tuple[tuple[bytes, ...], ...]:
        """The DSS lists what it listed before, then the new streams: certificates, OCSP responses, revocation lists."""
        match = _DSS.fullmatch(delta.objects[self._base.dss][1])
        if match is None:
            raise FormatError("the DSS is not of the agreed form")
        listed = [read_references(match[name] or b"") for name in ("certs", "ocsps", "crls")]
        earlier = [self._certificates, self._ocsps, self._crls]
        if any(now[: len(before)] != before for now, before in zip(listed, earlier, strict=True)):
            raise FormatError("the DSS does not keep what it listed before")
        added = [now[len(before) :] for now, before in zip(listed, earlier, strict=True)]
        if [number for numbers in added for number in numbers] != new:
            raise FormatError("the DSS does not list exactly the streams that come with it")
        self._certificates, self._ocsps, self._crls = listed
        return tuple(tuple(dss_stream(delta.objects[item][1], item) for item in numbers) for numbers in added)

    def _container(
        self,
        number: int,
        kind: str,
        delta: Delta,
        field: Field,
        dictionary: int,
        shape: re.Pattern[bytes],
        appearance_sha256: str | None = None,
        material: tuple[tuple[bytes, ...], ...] = ((), (), ()),
    ) -> Revision:
        offset, body = delta.objects[dictionary]
        match = match_dictionary(shape, body, kind, field.name)
        values = {name: match[name] for name in ("time", "name", "reason") if name in shape.groupindex}
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
            claimed_time=read_moment(values["time"]) if "time" in values else None,
            name=hex_text(values.get("name", b"feff")),
            reason=hex_text(values.get("reason", b"feff")),
            appearance_sha256=appearance_sha256,
            certificates=material[0],
            ocsp_responses=material[1],
            crls=material[2],
        )

    def _hash_revision(self, delta: Delta, start: int, stop: int) -> tuple[bytes, str]:
        """Hash what the ByteRange covers, and the whole revision; every byte of the file is hashed twice at most."""
        self._hash.update(self._view[delta.start : start])
        covered = self._hash.copy()
        covered.update(self._view[stop : delta.end])
        self._hash.update(self._view[start : delta.end])
        return covered.digest(), self._hash.hexdigest()
