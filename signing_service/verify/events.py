"""Steps 7 and 8 together: what the record's events say of this document is what the document shows.

Every revision has exactly one event and every such event its revision; the events' digests, lengths, certificates,
approvals, times and mandates are those of the document. One one-time key signs once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signing_service.agreement.terms import Terms
from signing_service.approval import Statement
from signing_service.encoding import format_time, sha256_hex, to_base64url
from signing_service.evidence.trust import TrustFile
from signing_service.record.note import format_verifier_key
from signing_service.verify.certificate import Certificate
from signing_service.verify.changes import Revision
from signing_service.verify.history import History
from signing_service.verify.order import check_order
from signing_service.verify.record import Event, Logged
from signing_service.verify.report import SignatureReport
from signing_service.verify.rules import check_mandate, signer_of
from signing_service.verify.verdict import Checks, Step, SubIndication, failure

_REVISION_TYPES = ("signature", "countersignature", "document-timestamp", "archive-timestamp")


@dataclass(frozen=True, slots=True)
class Shown:
    """One revision as the document shows it."""

    revision: Revision
    report: SignatureReport
    certificate: bytes
    """DER of the signer's certificate; empty for timestamps."""
    approval: bytes
    """DER; empty for seal, timestamps and with an own certificate."""
    statement: Statement | None
    """What the approval says; None where there is none."""


def check_events(
    logged: Sequence[Logged], shown: Sequence[Shown], terms: Terms, base_length: int, checks: Checks
) -> None:
    """Hold the agreement's events against the document, collecting."""
    by_revision: dict[int, Logged] = {}
    publications = [item for item in logged if item.event["type"] == "publication"]
    for item in logged:
        if item.event["type"] in _REVISION_TYPES:
            number = item.event.get("revision")
            if type(number) is not int or number in by_revision:  # True is an int too
                _fail(checks, "record", f"the record has two events, or a broken one, for revision {number}")
                continue
            by_revision[number] = item
    if len(publications) != 1:
        _fail(checks, "record", f"the record has {len(publications)} publications of this agreement")
    _check_single_use(logged, checks)
    proven = {one.revision.number: one.report.time for one in shown if one.report.time is not None}
    check_order([item.event for item in logged], proven, checks)
    with checks.collecting(Step.RECORD, "record", SubIndication.SIG_CONSTRAINTS_FAILURE):
        history = History([item.event for item in logged])
        _check_each(publications, by_revision, shown, terms, base_length, history, checks)


def _check_each(
    publications: Sequence[Logged],
    by_revision: dict[int, Logged],
    shown: Sequence[Shown],
    terms: Terms,
    base_length: int,
    history: History,
    checks: Checks,
) -> None:
    """Match revisions and events one to one."""
    for one in shown:
        number = one.revision.number
        found = publications[0] if number == 0 and publications else by_revision.pop(number, None)
        subject = f"field {one.revision.field}"
        if found is None:
            _fail(checks, subject, "the record has no event for this revision")
            continue
        with checks.collecting(Step.RECORD, subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            _check_event(found.event, one, terms, base_length, history)
            one.report.entry = found.index
            checks.passed(Step.RECORD, subject, f"recorded as entry {found.index}")
    for number in by_revision:
        _fail(checks, "record", f"the record has an event for revision {number}, which the document lacks")


def _check_event(event: Event, one: Shown, terms: Terms, base_length: int, history: History) -> None:
    revision, report = one.revision, one.report
    members: dict[str, Any] = {"pdf_sha256": revision.pdf_sha256, "pdf_length": revision.end}
    if revision.kind == "seal":
        members |= {
            "terms": terms.to_value(),
            "base_length": base_length,
            "contents_size": revision.contents_size,
        }
        _compare(event, "publication", members)
        return
    members |= {"revision": revision.number, "timestamp": _timestamp(report)}
    if revision.kind in ("archive", "timestamp"):
        kind = "archive-timestamp" if revision.kind == "archive" else "document-timestamp"
        _compare(event, kind, members | {"field": revision.field})
        return
    members |= {
        "signer": signer_of(report),
        "certificate_sha256": sha256_hex(one.certificate),
        "assurance": report.assurance,
    }
    if revision.own_certificate:
        subject = Certificate.load(one.certificate).parsed.subject.rfc4514_string()
        _compare(event, "signature", members | {"certificate": to_base64url(one.certificate), "subject": subject})
        check_mandate(terms, event, history, report, one.certificate)
        return
    _compare(event, revision.kind, members)
    _check_issuance(event, one, terms, history)


def _check_issuance(event: Event, one: Shown, terms: Terms, history: History) -> None:
    """The one-time certificate's issuance, its approval and its mandate are the signature's."""
    revision, report = one.revision, one.report
    issuance = history.issuance(event.get("issuance"))
    if issuance is None or issuance["sequence"] > event["sequence"]:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the one-time certificate's issuance is not in the record")
    issued = {
        "act": revision.kind,
        "signer": signer_of(report),
        "certificate": to_base64url(one.certificate),
        "certificate_sha256": sha256_hex(one.certificate),
        "approval": to_base64url(one.approval),
        "mandate_sha256": event.get("mandate_sha256"),
    }
    _compare(issuance, "issuance", issued)
    approved = one.statement.mandate if one.statement is not None else None
    if approved != event.get("mandate_sha256"):
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "the approval is for another mandate than the record's events name"
        )
    check_mandate(terms, issuance, history, report, one.certificate)


def _timestamp(report: SignatureReport) -> Mapping[str, Any] | None:
    if report.time is None:
        return None
    return {"time": format_time(report.time), "independent": bool(report.time_independent)}


def _compare(event: Event, kind: str, members: Mapping[str, Any]) -> None:
    different = [name for name, value in members.items() if event.get(name) != value]
    if event["type"] != kind:
        different.insert(0, "type")
    if "timestamp" in different and members["timestamp"] is None:
        different.remove("timestamp")  # no time was proven; that is reported by step 5
    if different:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"the record's {kind} event differs from the document in {', '.join(different)}",
        )


def _check_single_use(logged: Sequence[Logged], checks: Checks) -> None:
    """Two signature events for one one-time certificate are two uses of one key."""
    seen: set[str] = set()
    for item in logged:
        digest = str(item.event.get("certificate_sha256"))
        if item.event["type"] in ("signature", "countersignature") and "issuance" in item.event:
            if digest in seen:
                _fail(checks, "record", f"one one-time key signed twice ({digest[:16]}…)")
            seen.add(digest)


def check_service(events: Sequence[Event], trust: TrustFile) -> None:
    """Raise CheckError where the service's own events contradict the trust file."""
    first = trust.retired_record_keys[0].key if trust.retired_record_keys else trust.record_key
    for event in events:
        if event["type"] != "service-initialised":
            continue
        members = {
            "record_origin": trust.record_origin,
            "record_key": format_verifier_key(first),
        }
        different = [name for name, value in members.items() if event.get(name) != value]
        if different:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                f"the service's first event differs from the trust file in {', '.join(different)}",
            )


def _fail(checks: Checks, subject: str, message: str) -> None:
    checks.failed(Step.RECORD, subject, SubIndication.SIG_CONSTRAINTS_FAILURE, message)
