"""Opened entries, a JSON line each: ``events.jsonl`` of bundles, and the feed (docs/formats.md, 10 and 12). ::

    data = format_event_lines(events)
    events = parse_event_lines(data, "events.jsonl")     # FormatError names the line
    lines = read_event_lines(data, "events.jsonl")       # the same with what they say, parsed once
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from signing_service.encoding import (
    canonical_json,
    from_base64url,
    parse_canonical_json,
    parse_canonical_members,
    to_base64url,
)
from signing_service.errors import FormatError
from signing_service.record.entry import SALT_SIZE, Entry, check_event, entry_of, is_integer

_MEMBERS = {"index", "entry", "event", "salt"}


@dataclass(frozen=True, slots=True)
class BundledEvent:
    """An entry at its index in the record, with the event and salt that open it, or None for both."""

    index: int
    entry: bytes
    event: bytes | None = None
    salt: bytes | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line that was read: its bytes, and what entry and event say."""

    item: BundledEvent
    entry: Entry
    event: Mapping[str, Any] | None
    """None where the entry is not opened."""


def format_event_lines(events: Iterable[BundledEvent]) -> bytes:
    """Write the lines; nothing for no event."""
    return b"".join(_format_line(event) for event in events)


def parse_event_lines(data: bytes, name: str) -> tuple[BundledEvent, ...]:
    """Read the lines, one or more, of a resource called ``name``; raises FormatError. Nothing is verified yet."""
    return tuple(line.item for line in read_event_lines(data, name))


def read_event_lines(data: bytes, name: str) -> tuple[EventLine, ...]:
    """The same, with what the lines say."""
    if not data.endswith(b"\n"):
        raise FormatError(f"{name} does not end in a line feed")
    return tuple(_read_line(f"{name}:{number}", line) for number, line in enumerate(data[:-1].split(b"\n"), 1))


def _format_line(event: BundledEvent) -> bytes:
    line = {
        "index": event.index,
        "entry": parse_canonical_json(event.entry),
        "event": None if event.event is None else parse_canonical_json(event.event),
        "salt": None if event.salt is None else to_base64url(event.salt),
    }
    return canonical_json(line) + b"\n"


def _read_line(place: str, line: bytes) -> EventLine:
    members, encoded = parse_canonical_members(line)
    if set(members) != _MEMBERS:
        raise FormatError(f"{place}: not exactly the members entry, event, index, salt")
    index, opened = members["index"], members["event"] is not None
    if not is_integer(index) or opened != (members["salt"] is not None):
        raise FormatError(f"{place}: index is no number, or event and salt are not both there")
    entry = entry_of(members["entry"])
    if not opened:
        return EventLine(BundledEvent(index, encoded["entry"]), entry, None)
    event, salt = check_event(members["event"]), from_base64url(members["salt"])
    if len(salt) != SALT_SIZE:
        raise FormatError(f"{place}: salt does not have {SALT_SIZE} bytes")
    return EventLine(BundledEvent(index, encoded["entry"], encoded["event"], salt), entry, event)
