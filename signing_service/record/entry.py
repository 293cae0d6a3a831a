"""Entries: what the record shows of an event, and how the event opens it (docs/formats.md, 7).

The event with names and digests stays private; its entry commits to it under a random salt. ::

    >>> event = canonical_json({"v": 1, "type": "withdrawal", "scope": "service", "sequence": 0,
    ...                         "time": "2025-04-11T08:00:30Z"})
    >>> entry = make_entry(event, bytes(32), None)
    >>> parse_entry(entry).time
    '2025-04-11T08:00Z'
    >>> verify_opening(entry, event, bytes(32))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeGuard

from signing_service.encoding import canonical_json, from_hex, parse_canonical_json, parse_time, tagged_sha256
from signing_service.errors import FormatError, RecordError
from signing_service.record.tiles import MAX_ENTRY

VERSION = 1
SERVICE_SCOPE = "service"
SALT_SIZE = 32  # bytes
DIGEST_SIZE = 32  # bytes, SHA-256
COMMITMENT_TAG = "signing-service/event/v1"
MAX_SEQUENCE = 2**53 - 1

_SCOPE = re.compile(r"(?:service|[a-z2-7]{26})\Z")  # an agreement's id is 26 letters of base32
_TYPE = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z\Z")
_MEMBERS = {"v", "scope", "type", "sequence", "previous", "time", "commitment"}


@dataclass(frozen=True, slots=True)
class Entry:
    """The record's leaf data: ``previous`` and ``commitment`` are SHA-256 digests, ``time`` is to the minute."""

    scope: str
    type: str
    sequence: int
    previous: bytes | None
    time: str
    commitment: bytes


def make_entry(event: bytes, salt: bytes, previous: bytes | None) -> bytes:
    """The entry of a canonical JSON ``event``, to be a leaf of the record.

    ``salt``: 32 random bytes. ``previous``: entry_digest of the scope's previous entry, None for the
    first. Raises FormatError where the event lacks a member that entries show.
    """
    return _make_entry(parse_event(event), event, salt, previous)


def make_event_and_entry(members: Mapping[str, Any], salt: bytes, previous: bytes | None) -> tuple[bytes, bytes]:
    """An event of all its ``members`` (v, scope, type, sequence, time and its type's own) as canonical JSON, and its
    entry as make_entry gives it; raises FormatError on members that have no canonical form."""
    event = canonical_json(members)
    _check_event(members)
    return event, _make_entry(members, event, salt, previous)


def _make_entry(members: Mapping[str, Any], event: bytes, salt: bytes, previous: bytes | None) -> bytes:
    entry = Entry(
        scope=members["scope"],
        type=members["type"],
        sequence=members["sequence"],
        previous=previous,
        time=members["time"][:16] + "Z",
        commitment=commitment(event, salt),
    )
    return format_entry(entry)


def commitment(event: bytes, salt: bytes) -> bytes:
    """T("signing-service/event/v1", salt, event), 32 bytes; raises FormatError unless the salt has 32."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"salt has {len(salt)} bytes where {SALT_SIZE} are needed")
    return tagged_sha256(COMMITMENT_TAG, salt, event)


def entry_digest(entry: bytes) -> bytes:
    """What the next entry of the scope names as ``previous``: SHA-256 of the entry (not its leaf hash)."""
    return sha256(entry).digest()


def parse_event(event: bytes) -> dict[str, Any]:
    """Read an event as far as entries show it (v, scope, type, sequence, time); raises FormatError."""
    return check_event(parse_canonical_json(event))


def check_event(members: Any) -> dict[str, Any]:
    """An event's parsed JSON, checked as parse_event does; raises FormatError."""
    if not isinstance(members, dict):
        raise FormatError("event is not a JSON object of version 1")
    _check_event(members)
    return members


def _check_event(members: Mapping[str, Any]) -> None:
    if not is_integer(members.get("v"), VERSION):
        raise FormatError("event is not a JSON object of version 1")
    _check_common(members.get("scope"), members.get("type"), members.get("sequence"))
    parse_time(members.get("time", ""))


def parse_entry(data: bytes) -> Entry:
    """Read an entry; raises FormatError unless it is exactly what format_entry gives."""
    return entry_of(parse_canonical_json(data))


def entry_of(members: Any) -> Entry:
    """The entry of canonical JSON that was parsed already; raises FormatError as parse_entry does."""
    if not isinstance(members, dict) or set(members) != _MEMBERS or not is_integer(members["v"], VERSION):
        raise FormatError("entry does not have exactly the members of version 1")
    if not isinstance(members["time"], str):
        raise FormatError("entry's time is no text")
    entry = Entry(
        scope=members["scope"],
        type=members["type"],
        sequence=members["sequence"],
        previous=None if members["previous"] is None else from_hex(members["previous"], DIGEST_SIZE),
        time=members["time"],
        commitment=from_hex(members["commitment"], DIGEST_SIZE),
    )
    _check_entry(entry)
    return entry


def format_entry(entry: Entry) -> bytes:
    """Write an entry as canonical JSON; raises FormatError on members that parse_entry would refuse."""
    _check_entry(entry)
    data = canonical_json(
        {
            "v": VERSION,
            "scope": entry.scope,
            "type": entry.type,
            "sequence": entry.sequence,
            "previous": None if entry.previous is None else entry.previous.hex(),
            "time": entry.time,
            "commitment": entry.commitment.hex(),
        }
    )
    if len(data) > MAX_ENTRY:
        raise FormatError(f"entry has {len(data)} bytes where at most {MAX_ENTRY} are possible")
    return data


def _check_entry(entry: Entry) -> None:
    """Raise FormatError unless there is a text for exactly this entry."""
    _check_common(entry.scope, entry.type, entry.sequence)
    if not _MINUTE.match(entry.time):
        raise FormatError("entry's time is not of the form 2025-04-11T08:00Z")
    parse_time(entry.time[:16] + ":00Z")
    for digest in (entry.previous, entry.commitment):
        if digest is not None and len(digest) != DIGEST_SIZE:
            raise FormatError(f"entry has a digest of {len(digest)} bytes where {DIGEST_SIZE} are needed")


def is_integer(value: object, expected: int | None = None) -> TypeGuard[int]:
    """Whether a JSON value is an integer (``true`` is none), and the ``expected`` one if given."""
    return isinstance(value, int) and not isinstance(value, bool) and expected in (None, value)


def _check_common(scope: object, kind: object, sequence: object) -> None:
    if not isinstance(scope, str) or not _SCOPE.match(scope):
        raise FormatError(f"scope {scope!r} is neither an agreement's id nor 'service'")
    if not isinstance(kind, str) or not _TYPE.match(kind):
        raise FormatError(f"type {kind!r} is no event type")
    if not is_integer(sequence) or not 0 <= sequence <= MAX_SEQUENCE:
        raise FormatError(f"sequence {sequence!r} is no number from 0 on")


def verify_opening(entry: bytes, event: bytes, salt: bytes) -> None:
    """Raise RecordError unless ``event`` with ``salt`` is what ``entry`` commits to and shows."""
    verify_opened(parse_entry(entry), parse_event(event), event, salt)


def verify_opened(shown: Entry, members: Mapping[str, Any], event: bytes, salt: bytes) -> None:
    """The same for an entry and an event (its ``members`` and its bytes) that were parsed already."""
    if commitment(event, salt) != shown.commitment:
        raise RecordError(f"event {shown.sequence} of {shown.scope} is not what its entry commits to")
    if (members["scope"], members["type"], members["sequence"]) != (shown.scope, shown.type, shown.sequence):
        raise RecordError(f"entry {shown.sequence} of {shown.scope} is not of its event's scope, type or sequence")
    if members["time"][:16] + "Z" != shown.time:
        raise RecordError(f"entry {shown.sequence} of {shown.scope} shows another time than its event")


def verify_sequence(entries: Iterable[bytes]) -> None:
    """Raise RecordError unless ``entries`` are one scope's, all from sequence 0 on, chained without a gap."""
    verify_chain((parse_entry(data), data) for data in entries)


def verify_chain(entries: Iterable[tuple[Entry, bytes]]) -> None:
    """The same for entries that were parsed already, each with its bytes."""
    scope: str | None = None
    previous: bytes | None = None
    for expected, (entry, data) in enumerate(entries):
        if scope not in (None, entry.scope):
            raise RecordError(f"entry of scope {entry.scope} stands among those of {scope}")
        scope = entry.scope
        if entry.sequence != expected:
            problem = "appears twice" if entry.sequence < expected else "is preceded by a gap"
            raise RecordError(f"entry {entry.sequence} of {scope} {problem}")
        if entry.previous != previous:
            raise RecordError(f"entry {entry.sequence} of {scope} does not name its predecessor")
        previous = entry_digest(data)
