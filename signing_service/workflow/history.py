"""Everything that happened under an agreement, in words, from the record's own events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.encoding import parse_canonical_json, parse_time
from signing_service.store import agreements, openings
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event."""

    index: int
    """Of its entry in the record."""
    type: str
    time: datetime
    text: str


def history(service: Service, officer_id: str, agreement_id: str) -> list[HistoryLine]:
    """An agreement's events, oldest first; an erased one says so. Raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        found = openings.of_scope(session, agreement_id)
    lines = []
    for opening in found:
        if opening.event is None:
            entry = parse_canonical_json(opening.entry)
            moment = parse_time(entry["time"][:-1] + ":00Z")
            lines.append(HistoryLine(opening.index, opening.type, moment, f"{opening.type}: erased"))
            continue
        event = parse_canonical_json(opening.event)
        lines.append(HistoryLine(opening.index, opening.type, parse_time(event["time"]), describe(terms, event)))
    return lines


def describe(terms: Terms, event: Mapping[str, Any]) -> str:
    """An event of an agreement as one English sentence."""
    kind = event["type"]
    if kind == "publication":
        return f"sealed and published; revision 0 has the digest {event['pdf_sha256']}"
    if kind == "mandate":
        mandate = event["mandate"]
        who = _signer(terms, f"{mandate['party']}:{mandate['role']}")
        return f"{mandate['representative']['name']} may act for {who}, by {mandate['organ']}"
    if kind == "enrolment":
        return f"a passkey for approvals was enrolled for {_signer(terms, event['signer'])}"
    if kind == "confirmation":
        return f"an officer confirmed that passkey for {_signer(terms, event['signer'])} ({event['method']})"
    if kind == "revocation":
        return f"a passkey for approvals of {_signer(terms, event['signer'])} was revoked ({event['reason']})"
    if kind == "issuance":
        return f"a one-time certificate was issued for the {event['act']} of {_signer(terms, event['signer'])}"
    if kind in ("signature", "countersignature"):
        clock = "" if event["timestamp"]["independent"] else " (time not independent)"
        who = _signer(terms, event["signer"])
        return f"{kind} of {who} at {event['timestamp']['time']}{clock}: revision {event['revision']}"
    if kind == "refusal":
        return f"{_signer(terms, event['signer'])} declined: {event['reason']}"
    if kind == "archive-timestamp":
        return f"archive timestamp at {event['timestamp']['time']}: revision {event['revision']}"
    if kind == "withdrawal":
        return f"withdrawn: {event['reason']}"
    return str(kind)


def _signer(terms: Terms, signer_id: str) -> str:
    if signer_id == SECRETARIAT:
        return "the secretariat"
    signer = terms.signer(signer_id)
    return f"{signer.party.name} ({signer.role.title.get('en', signer.role.role)})"
