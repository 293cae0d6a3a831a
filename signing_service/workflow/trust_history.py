"""Which trust files there have been: who holds an older fingerprint on paper finds it, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from signing_service.encoding import from_hex, parse_canonical_json, parse_time
from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import openings
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current_bytes

Change = Literal["first", "officer-added", "officer-removed", "record-key"]


@dataclass(frozen=True, slots=True)
class TrustVersion:
    """One trust file of the service."""

    number: int
    """From 1, the one that ``init`` made."""
    fingerprint: str
    """As printed."""
    since: datetime | None
    """UTC; None of the first, which is no event."""
    change: Change
    """In what it differs from the one before it."""
    officers: tuple[str, ...]
    """The names of the officers whom the change is about."""


def trust_history(service: Service) -> list[TrustVersion]:
    """All trust files, the newest first, by the record's ``trust-file`` events."""
    with service.database.read() as session:
        found = openings.of_type(session, SERVICE_SCOPE, "trust-file")
        present = fingerprint(current_bytes(session))
    events = [parse_canonical_json(one.event) for one in found if one.event is not None]
    first = from_hex(events[0]["file"]["predecessor"]["sha256"], 32) if events else present
    versions = [TrustVersion(1, fingerprint_text(first), None, "first", ()), *_successors(events)]
    return versions[::-1]


def _successors(events: list[dict[str, Any]]) -> Iterator[TrustVersion]:
    before: list[dict[str, Any]] = []
    for number, event in enumerate(events, 2):
        officers = event["file"]["officers"]
        changed = tuple(one["name"] for one in officers if one not in before)
        printed = fingerprint_text(from_hex(event["sha256"], 32))
        yield TrustVersion(number, printed, parse_time(event["time"]), _change(event["reason"]), changed)
        before = officers


def _change(reason: str) -> Change:
    """Whoever replaces the record's key gives a reason in words of their own."""
    if reason == "officer-added":
        return "officer-added"
    return "officer-removed" if reason == "officer-removed" else "record-key"
