"""Which trust files there have been: who holds an older fingerprint on paper finds it, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from signing_service.encoding import canonical_json, from_hex, parse_canonical_json, parse_time, sha256_hex
from signing_service.errors import NotFoundError
from signing_service.evidence.trust import fingerprint_text, format_trust_file, parse_trust_file
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
    sha256: str
    data: bytes | None
    """Exactly the file's bytes; None of a first one that cannot be made again from its successor."""
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
        present = current_bytes(session)
    events = [parse_canonical_json(one.event) for one in found if one.event is not None]
    first = _first(events[0]["file"]) if events else (sha256_hex(present), present)
    versions = [TrustVersion(1, _printed(first[0]), *first, None, "first", ()), *_successors(events)]
    return versions[::-1]


def earlier_trust_file(service: Service, sha256: str) -> bytes:
    """The bytes of one of them, by its SHA-256; raises NotFoundError."""
    found = next((one.data for one in trust_history(service) if one.sha256 == sha256), None)
    if found is None:
        raise NotFoundError("there is no such trust file")
    return found


def _first(second: dict[str, Any]) -> tuple[str, bytes | None]:
    """Digest and bytes of the file that ``init`` made, which is no event: its successor without what this one added."""
    successor = parse_trust_file(canonical_json(second) + b"\n")
    digest = second["predecessor"]["sha256"]
    keys = [one.key for one in successor.retired_record_keys] or [successor.record_key]
    plain = replace(successor, predecessor=None, record_key=keys[0], retired_record_keys=())
    for file in (replace(plain, officers=()), plain):
        if sha256_hex(data := format_trust_file(file)) == digest:
            return digest, data
    return digest, None


def _printed(sha256: str) -> str:
    return fingerprint_text(from_hex(sha256, 32))


def _successors(events: list[dict[str, Any]]) -> Iterator[TrustVersion]:
    before: list[dict[str, Any]] = []
    for number, event in enumerate(events, 2):
        officers = event["file"]["officers"]
        changed = tuple(one["name"] for one in officers if one not in before)
        digest, data = event["sha256"], canonical_json(event["file"]) + b"\n"
        since, change = parse_time(event["time"]), _change(event["reason"])
        yield TrustVersion(number, _printed(digest), digest, data, since, change, changed)
        before = officers


def _change(reason: str) -> Change:
    """Whoever replaces the record's key gives a reason in words of their own."""
    if reason == "officer-added":
        return "officer-added"
    return "officer-removed" if reason == "officer-removed" else "record-key"
