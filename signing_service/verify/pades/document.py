"""A PDF as it was after each revision: objects looked up by number, parsed once, never repaired.

    document = Document(pdf)
    newest = document.snapshots[-1]
    newest.resolve(newest.trailer["Root"])["AcroForm"]
    document.changed(3)              # numbers of the objects that revision 3 rewrote, added or freed

An object that two snapshots find at the same place is the same Python object in both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_STEPS, MAX_STREAMS_BYTES, check_size
from signing_service.verify.objects import Ref, Stream, parse_indirect, parse_object, skip_space
from signing_service.verify.pades.entries import EntryHistory
from signing_service.verify.pades.streams import Effort, decode_stream
from signing_service.verify.pades.xref import Entry, Revision, group_revisions, read_sections
from signing_service.verify.verdict import CheckError, SubIndication, unproven

if TYPE_CHECKING:
    from signing_service.verify.pades.encryption import Encryption

_WHITE = rb"[\x00\t\n\x0c\r ]"
_OBJECT = re.compile(rb"(\d{1,10})" + _WHITE + rb"{1,8}(\d{1,5})" + _WHITE + rb"{1,8}obj(?![A-Za-z])")
_MAX_REFERENCE_HOPS = 16
_MAX_STREAM_OBJECTS = 100_000  # in one object stream


@dataclass(frozen=True, slots=True)
class Located:
    """An object with what of the file it is."""

    value: Any
    start: int
    """Offset of its number; -1 inside an object stream."""
    body: int
    """Offset after ``obj``."""
    end: int
    """Offset after ``endobj``."""
    raw: tuple[int, int] | None = None
    """Where a stream's raw bytes are."""
    number: int = -1
    generation: int = 0
    flaw: str = ""
    """What had to be tolerated in reading it: a repeated key, a wrong length. Nobody may add such an object later."""


_MISSING = Located(None, -1, -1, -1)


class Document:
    """All revisions of one file."""

    def __init__(self, pdf: bytes) -> None:
        """Read the cross-reference sections; raises FormatError or LimitError. Objects are read when asked for."""
        check_size(pdf)
        self.pdf = pdf
        self.revisions = group_revisions(pdf, read_sections(pdf))
        self.entries = EntryHistory(self.revisions)
        self.snapshots = [Snapshot(self, revision) for revision in self.revisions]
        self._steps = 0
        self._dependent: dict[int, set[int]] | None = None
        self._cache: dict[tuple[int, Entry], Located] = {}
        self._streams: dict[int, dict[tuple[int, int], Any]] = {}
        self._decoded, self._effort = 0, Effort()
        self._encryption: Encryption | None = None
        self.closed: CheckError | None = None
        """Why an encrypted file cannot be opened; what needs no decryption can still be judged."""
        self._open_encryption()

    def _open_encryption(self) -> None:
        """Open an encrypted file; the objects read on the way, and the dictionary itself, are in the clear."""
        newest = self.snapshots[-1]
        if newest.trailer.get("Encrypt") is not None:
            from signing_service.verify.pades.encryption import open_encryption

            try:
                self._encryption = open_encryption(newest.trailer, newest.resolve)
            except CheckError as error:
                self.closed = error
            clear = set(references(newest.trailer.get("Encrypt")))
            self._cache = {key: found for key, found in self._cache.items() if key[0] in clear}

    def spend(self, steps: int = 1) -> None:
        """Count work; raises CheckError (INDETERMINATE) when a document asks for more than MAX_STEPS of it."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise unproven(SubIndication.GENERIC, "the document is too large for comparing all its revisions")

    def changed(self, number: int) -> set[int]:
        """Object numbers that may differ between revision ``number`` and the one before it; all of revision 0.

        Also the objects of an object stream that was rewritten under them. Raises FormatError where an object that an
        object stream depends on (its length) was rewritten: readers would disagree on when that counts.
        """
        changed = self.entries.changed(number)
        self.spend(len(changed))
        if number:
            for item in sorted(changed & self._depended_on().keys()):
                if not self._depended_on()[item] <= changed:
                    raise FormatError(f"the object stream {min(self._depended_on()[item])} depends on a changed object")
        return changed.union(*(self.entries.members(item, number) for item in changed))

    def _depended_on(self) -> dict[int, set[int]]:
        """Objects that the dictionaries of object streams refer to, with the streams' numbers."""
        if self._dependent is None:
            self._dependent = defaultdict(set)
            for snapshot in self.snapshots:
                for holder in self.entries.holders(snapshot.revision.number):
                    for target in references(snapshot.located(holder).value):
                        self._dependent[target].add(holder)
        return self._dependent

    def load(self, number: int, entry: Entry, snapshot: Snapshot) -> Located:
        """Parse the object at an entry; raises FormatError where it is not there."""
        if entry.kind == "free":
            return _MISSING
        if entry.kind == "compressed":
            holder = snapshot.entry(entry.place)
            if holder is None or holder.kind != "offset":
                raise FormatError(f"object {number} is in an object stream that is not there")
            return Located(self._from_stream(holder.place, entry, number, snapshot), -1, -1, -1)
        key = (number, entry)
        if key not in self._cache:
            self._cache[key] = self._parse(number, entry, snapshot)
        return self._cache[key]

    def _parse(self, number: int, entry: Entry, snapshot: Snapshot) -> Located:
        start = skip_space(self.pdf, min(entry.place, len(self.pdf)))
        head = _OBJECT.match(self.pdf, start)
        if head is None or start - entry.place > 8 or int(head[1]) != number or int(head[2]) != entry.detail:
            raise FormatError(f"object {number} is not where the cross-reference section says")
        flaws: list[str] = []
        value, position = parse_indirect(self.pdf, head.end(), flaws)
        if self._encryption is not None:
            value = self._encryption.decrypted(value, number, entry.detail)
        raw = None
        if isinstance(value, Stream):
            raw = self._stream_span(value, snapshot, flaws)
            position = skip_space(self.pdf, raw[1]) + len(b"endstream")
        end = skip_space(self.pdf, position)
        if self.pdf.startswith(b"endobj", end):
            position = end + len(b"endobj")
        else:
            flaws.append(f"object {number} has no endobj")
        flaw = flaws[0] if flaws else ""
        return Located(value, start, head.end(), position, raw, number, entry.detail, flaw)

    def _stream_span(self, stream: Stream, snapshot: Snapshot, flaws: list[str]) -> tuple[int, int]:
        """Where a stream's raw bytes are: as long as it says, else (a flaw) up to the next ``endstream``."""
        length = snapshot.resolve(stream.dictionary.get("Length"))
        if isinstance(length, int) and 0 <= length <= len(self.pdf) - stream.start:
            position = skip_space(self.pdf, stream.start + length)
            if self.pdf.startswith(b"endstream", position) and position - stream.start - length <= 4:
                return stream.start, stream.start + length
        end = self.pdf.find(b"endstream", stream.start)
        if end < 0:
            raise FormatError("a stream has no end")
        flaws.append("a stream has another length than it says")
        return stream.start, end

    def _from_stream(self, offset: int, entry: Entry, number: int, snapshot: Snapshot) -> Any:
        if offset not in self._streams:
            self._streams[offset] = self._unpack(snapshot.located(entry.place))
        value = self._streams[offset].get((number, entry.detail))
        if isinstance(value, FormatError):
            raise value
        return value

    def _unpack(self, holder: Located) -> dict[tuple[int, int], Any]:
        """Parse every object of an object stream (ISO 32000-2 7.5.7), by number and index: both must be as listed."""
        stream = holder.value
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "ObjStm":
            raise FormatError("an object stream is not one")
        count, first = stream.dictionary.get("N"), stream.dictionary.get("First")
        if self.closed is not None:
            raise self.closed
        data = self.stream_data(holder)
        if not isinstance(count, int) or not isinstance(first, int) or not 0 <= count <= _MAX_STREAM_OBJECTS:
            raise FormatError("an object stream has broken /N or /First")
        pairs = data[:first].split()
        if len(pairs) < 2 * count or not all(part.isdigit() for part in pairs[: 2 * count]):
            raise FormatError("an object stream has a broken index")
        numbers, offsets = pairs[: 2 * count : 2], pairs[1 : 2 * count : 2]
        if len(set(map(int, numbers))) != count:
            raise FormatError("an object stream holds an object twice")
        return {
            (int(number), index): _parsed(data, first + int(offset))
            for index, (number, offset) in enumerate(zip(numbers, offsets, strict=True))
        }

    def stream_data(self, located: Located) -> bytes:
        """Decode a stream; raises FormatError, or LimitError when all streams together grow too large."""
        stream = located.value
        if not isinstance(stream, Stream) or located.raw is None:
            raise FormatError("a stream is needed where there is another object")
        raw = self.pdf[slice(*located.raw)]
        if self._encryption is not None and stream.dictionary.get("Type") != "XRef":
            raw = self._encryption.stream(raw, located.number, located.generation)
        data = decode_stream(stream.dictionary, raw, self._effort)
        self._decoded += len(data)
        if self._decoded > MAX_STREAMS_BYTES:
            raise LimitError(f"streams decompress to more than {MAX_STREAMS_BYTES} bytes together")
        return data


class Snapshot:
    """The document as of one revision."""

    def __init__(self, document: Document, revision: Revision) -> None:
        """A view; it holds nothing of its own."""
        self.document, self.revision = document, revision

    def entry(self, number: int) -> Entry | None:
        """Where an object is as of this revision."""
        return self.document.entries.at(number, self.revision.number)

    @property
    def trailer(self) -> Mapping[str, Any]:
        """The trailer that counts."""
        return self.revision.trailer

    def located(self, number: int) -> Located:
        """An object by its number; a missing one has the value None."""
        entry = self.entry(number)
        return _MISSING if entry is None else self.document.load(number, entry, self)

    def get(self, number: int) -> Any:
        """An object's value by its number."""
        return self.located(number).value

    def resolve(self, value: Any) -> Any:
        """Follow references until there is none; a dangling one gives None (ISO 32000-2 7.3.10)."""
        for _ in range(_MAX_REFERENCE_HOPS):
            if not isinstance(value, Ref):
                return value
            entry = self.entry(value.number)
            if entry is None or (entry.kind == "offset" and entry.detail != value.generation):
                return None
            value = self.get(value.number)
        raise FormatError("references form a loop")

    def dictionary(self, value: Any) -> dict[str, Any]:
        """Resolve to a dictionary; a stream gives its own, anything else an empty one."""
        resolved = self.resolve(value)
        if isinstance(resolved, Stream):
            return resolved.dictionary
        return resolved if isinstance(resolved, dict) else {}

    def array(self, value: Any) -> list[Any]:
        """Resolve to an array; anything else gives an empty one."""
        resolved = self.resolve(value)
        return resolved if isinstance(resolved, list) else []

    @property
    def catalog(self) -> dict[str, Any]:
        """The document catalog; raises FormatError without one."""
        catalog = self.resolve(self.trailer.get("Root"))
        if not isinstance(catalog, dict):
            raise FormatError("the file has no catalog")
        return catalog


def _parsed(data: bytes, position: int) -> Any:
    """An object of an object stream, or what is wrong with it; the others do not suffer."""
    try:
        return parse_object(data, position)[0]
    except FormatError as error:
        return error


def references(value: Any) -> Iterator[int]:
    """The numbers of all objects that a value refers to, not following them."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Ref):
            yield item.number
        elif isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, Stream):
            pending += item.dictionary.values()
