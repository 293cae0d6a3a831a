"""One event by itself: a tlog-proof, and beside it the event that it proves (step 8 without a document).

    report = verify_proof_file(proof, event_line, trust, at, name)

``signing-service record prove INDEX --output 17.tlog-proof`` writes both: the proof, and ``17.event.json`` with the
entry's opening (a line as in docs/formats.md 10).
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from signing_service.encoding import parse_canonical_json
from signing_service.evidence.event_lines import BundledEvent, parse_event_lines
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.entry import parse_entry, verify_opening
from signing_service.record.note import parse_note
from signing_service.record.proof import Proof, parse_proof, verify_proof
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.record import SUBJECT, check_checkpoint
from signing_service.verify.repeated import check_repeated
from signing_service.verify.report import RecordReport, Report
from signing_service.verify.shapes import check_shape
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Step, SubIndication, Verdict, failure

SUFFIX = ".tlog-proof"
EVENT_SUFFIX = ".event.json"
PROFILE = "record"


def verify_proof_file(data: bytes, line: bytes | None, trust: Trust, at: datetime, name: str = "") -> Report:
    """Verify a proof against the event beside it (None: there is none). Never raises for what the bytes hold.

    1. The checkpoint in the proof is signed by the record's key and cosigned by the trust file's quorum.
    2. The entry stands in that checkpoint's tree at the proof's index.
    3. The event opens the entry, has the members of its type, and contradicts nothing that it holds.
    """
    checks, record = Checks(), RecordReport()
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    with checks.collecting(Step.RECORD, SUBJECT, SubIndication.FORMAT_FAILURE):
        proof = parse_proof(data)
        checkpoint = parse_checkpoint(parse_note(proof.checkpoint).text)
        record.origin, record.size = checkpoint.origin, checkpoint.size
        with checks.collecting(Step.RECORD, SUBJECT, constraint):
            later = LaterTrust(trust.file) if trust.file else None
            check_checkpoint(proof.checkpoint, later, checks, record)  # (1)
        if line is None:
            message = "there is no event beside the proof, so nothing is known of what it proves"
            hint = f"put it beside the proof, named as the proof but for {EVENT_SUFFIX}"
            checks.unproven(Step.RECORD, SUBJECT, SubIndication.SIGNED_DATA_NOT_FOUND, message, hint=hint)
        else:
            _check_event(proof, line, checks, record)
    report = Report(name, PROFILE, at, sha256(data).hexdigest(), len(data), tuple(checks))
    report.record, report.trust_fingerprint = record, trust.fingerprint
    return report


def _check_event(proof: Proof, line: bytes, checks: Checks, record: RecordReport) -> None:
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    events = parse_event_lines(line, "event")
    if len(events) != 1 or events[0].index != proof.index:
        raise failure(constraint, f"beside the proof is not the one event of entry {proof.index}")
    item = events[0]
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        verify_proof(proof, item.entry, parse_checkpoint(parse_note(proof.checkpoint).text))  # (2)
        checks.passed(Step.RECORD, SUBJECT, f"entry {item.index} is in the record")
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        record.event = f"entry {item.index}: {_check_opening(item, checks)}"  # (3)
    if checks.verdict is Verdict.FAILED:
        record.event = ""


def _check_opening(item: BundledEvent, checks: Checks) -> str:
    entry = parse_entry(item.entry)
    what = f"{entry.type}, sequence {entry.sequence} of {entry.scope}, {entry.time}"
    if item.event is None or item.salt is None:
        message = f"the event ({what}) is not opened"
        checks.unproven(Step.RECORD, SUBJECT, SubIndication.SIGNED_DATA_NOT_FOUND, message)
        return what
    verify_opening(item.entry, item.event, item.salt)
    event = parse_canonical_json(item.event)
    check_shape(event)
    check_repeated(event)
    checks.passed(Step.RECORD, SUBJECT, f"the event ({what}) is what the entry commits to")
    return what
