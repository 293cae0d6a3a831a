"""Step 8: the record. What the bundle says happened is in the record, in this order, and is what the PDF shows.

    events = check_record(bundle, trust, checks, report)         # the opened events of the agreement
    check_events(events, revisions, …)

1. The checkpoint that all proofs share is signed by the record's key and cosigned by the witness quorum of the
   trust file (C2SP tlog-checkpoint, tlog-cosignature); with fewer nothing is wrong, but a fork is not excluded.
2. Every entry is in the tree of that checkpoint (RFC 6962 2.1.1), or the bundle has all entries and they make it.
3. Every event opens its entry's commitment.
4. The agreement's entries are a sequence without gap or duplicate, each naming its predecessor; where the bundle
   is complete there is no second history of this agreement.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signing_service.encoding import parse_canonical_json
from signing_service.evidence.bundle import Bundle, BundledEvent
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import TrustFile
from signing_service.record.checkpoint import Checkpoint
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.entry import SERVICE_SCOPE, parse_entry, verify_opening, verify_sequence
from signing_service.record.proof import verify_proof
from signing_service.record.tree import leaf_hash, root_of
from signing_service.verify.report import RecordReport
from signing_service.verify.verdict import Checks, Step, SubIndication, failure

SUBJECT = "record"
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its index in the record."""

    index: int
    event: Event


def check_record(bundle: Bundle, trust: TrustFile | None, checks: Checks, report: RecordReport) -> list[Logged]:
    """Check the record's proofs; give the agreement's opened events in order."""
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    checkpoint = bundle.checkpoint
    report.origin, report.size = checkpoint.origin, checkpoint.size
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        check_checkpoint(bundle.signed_checkpoint, trust, checks, report)  # (1)
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        _check_inclusion(bundle, checkpoint)  # (2)
        checks.passed(Step.RECORD, SUBJECT, f"{len(bundle.events)} entries are in the record of {checkpoint.origin}")
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        erased = _erased(bundle)
        for item in bundle.events:  # (3)
            _check_opening(item, bundle.agreement, erased, checks)
        checks.passed(Step.RECORD, SUBJECT, "every event is what its entry commits to")
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        _check_sequences(bundle)  # (4)
        report.uniqueness = "checked" if bundle.complete else "not checked"
        checks.passed(Step.RECORD, SUBJECT, "the agreement's entries follow each other without a gap")
    return [
        Logged(item.index, parse_canonical_json(item.event))
        for item in bundle.events
        if item.event is not None and parse_entry(item.entry).scope == bundle.agreement
    ]


def check_checkpoint(signed: bytes, trust: TrustFile | None, checks: Checks, report: RecordReport) -> None:
    """Step 8 (1) for one signed checkpoint; ``report`` has its size already. Raises RecordError if it is not ours."""
    if trust is None:
        checks.unproven(
            Step.RECORD, SUBJECT, SubIndication.NO_POE, "the record's key is not known", hint="give the trust file"
        )
        return
    verify_record_checkpoint(signed, trust.record_key, trust.retired_record_keys, trust.record_origin)
    cosignatures = verify_cosignatures(signed, trust.witnesses)
    report.witnesses = tuple(item.key.name for item in cosignatures)
    report.quorum = "none" if trust.quorum is None else str(trust.quorum)
    witnessed = f"cosigned by {len(cosignatures)} witnesses" if cosignatures else "not witnessed"
    checks.passed(Step.RECORD, SUBJECT, f"checkpoint {report.size} is signed by {trust.record_origin}, {witnessed}")
    if len(cosignatures) < (trust.quorum or 0):
        missing = ", ".join(key.name for key in trust.witnesses if key.name not in report.witnesses)
        checks.unproven(
            Step.RECORD,
            SUBJECT,
            SubIndication.NO_POE,
            f"checkpoint is cosigned by {len(cosignatures)} of the {trust.quorum} witnesses that are needed; "
            f"missing: {missing}",
            hint="cosignatures may have arrived since: get the evidence anew",
        )


def _check_inclusion(bundle: Bundle, checkpoint: Checkpoint) -> None:
    for item in bundle.events:
        if not bundle.complete or item.index in bundle.proofs:
            verify_proof(bundle.parsed_proof(item.index), item.entry, checkpoint)
    if bundle.complete and root_of([leaf_hash(item.entry) for item in bundle.events]) != checkpoint.root:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the entries do not make the record's root")


def _check_opening(item: BundledEvent, agreement: str, erased: Collection[int], checks: Checks) -> None:
    entry = parse_entry(item.entry)
    if item.event is not None and item.salt is not None:
        verify_opening(item.entry, item.event, item.salt)
    elif entry.scope == agreement and entry.sequence in erased:
        message = f"event {entry.sequence} ({entry.type}) was erased, and nobody can say any more what it held"
        checks.unproven(Step.RECORD, SUBJECT, SubIndication.NO_POE, message, hint="an older bundle may still hold it")
    elif entry.scope == agreement:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"the opening of the agreement's entry {entry.sequence} ({entry.type}) is withheld",
        )


def _erased(bundle: Bundle) -> set[int]:
    """Sequences of the agreement's events that its own ``erased`` events name."""
    opened = (parse_canonical_json(item.event) for item in bundle.events if item.event is not None)
    return {event["erased"] for event in opened if event["type"] == "erased" and event["scope"] == bundle.agreement}


def _check_sequences(bundle: Bundle) -> None:
    """The agreement's entries are all there; the service's too where the bundle is complete."""
    scopes: dict[str, list[bytes]] = {}
    for item in bundle.events:
        scopes.setdefault(parse_entry(item.entry).scope, []).append(item.entry)
    if bundle.agreement not in scopes:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the bundle has no entry of its agreement")
    for scope, entries in scopes.items():
        if scope == bundle.agreement or bundle.complete:
            verify_sequence(entries)


def service_events(bundle: Bundle) -> list[Event]:
    """The opened events of the service itself."""
    return [
        parse_canonical_json(item.event)
        for item in bundle.events
        if item.event is not None and parse_entry(item.entry).scope == SERVICE_SCOPE
    ]


def same(event: Event, members: Mapping[str, Any]) -> Sequence[str]:
    """Names of the members in which an event differs from what the document shows."""
    return [name for name, value in members.items() if json.dumps(event.get(name)) != json.dumps(value)]
