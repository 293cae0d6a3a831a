"""Step 8: the record. What the bundle says happened is in the record, in this order, and is what the PDF shows.

    told = check_record(bundle, later, checks, report)
    told.agreement, told.service              # opened events, in order

1. The checkpoint that all proofs share is signed by the record's key and cosigned by the witness quorum of the
   trust file (C2SP tlog-checkpoint, tlog-cosignature); with fewer nothing is wrong, but a fork is not excluded. Where
   a later trust file names the key or the witnesses, that one is asked for (:mod:`.later_trust`).
2. Every entry is in the tree of that checkpoint (RFC 6962 2.1.1), or the bundle has all entries and they make it.
3. Every event opens its entry's commitment and has exactly the members of its type (:mod:`.shapes`).
4. The agreement's entries are a sequence without gap or duplicate, each naming its predecessor; where the bundle
   is complete there is no second history of this agreement.
5. What an event repeats of statements and digests in it is what these say (:mod:`.repeated`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing_service.errors import Phrase, SigningServiceError
from signing_service.evidence.bundle import OpenBundle
from signing_service.evidence.event_lines import EventLine
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import TrustFile
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.entry import SERVICE_SCOPE, Entry, verify_chain, verify_opened
from signing_service.record.proof import verify_proof
from signing_service.record.tree import leaf_hash, root_of
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.repeated import check_references, check_repeated
from signing_service.verify.report import RecordReport
from signing_service.verify.shapes import check_shape
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import GIVE_TRUST_FILE, Checks, Step, SubIndication, failure, unproven
from signing_service.verify.wrapping import counted

SUBJECT = "record"
_NEXT_KEY = _l("the record is signed by a key that came after the trust file")
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its index in the record."""

    index: int
    event: Event


@dataclass(frozen=True, slots=True)
class Record:
    """What a bundle's record tells: opened events in order."""

    agreement: Sequence[Logged]
    """Of the agreement."""
    service: Sequence[Event]
    """Of the service itself."""


def check_record(opened: OpenBundle, later: LaterTrust | None, checks: Checks, report: RecordReport) -> Record:
    """Check the record's proofs; give what it tells."""
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    bundle, checkpoint = opened.bundle, opened.checkpoint
    report.origin, report.size = checkpoint.origin, checkpoint.size
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        check_checkpoint(opened.signed_checkpoint, later, checks, report)  # (1)
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        _check_inclusion(opened)  # (2)
        checks.passed(Step.RECORD, SUBJECT, f"{len(bundle.events)} entries are in the record of {checkpoint.origin}")
    lines = [_known(line, checks) for line in opened.lines]
    own = [line for line in lines if line.entry.scope == bundle.agreement]
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        erased = {line.event.get("erased") for line in own if line.event and line.event["type"] == "erased"}
        for line in opened.lines:  # (3)
            _check_opening(line, bundle.agreement, erased, checks)
        checks.passed(Step.RECORD, SUBJECT, "every event is what its entry commits to")
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        _check_sequences(opened)  # (4)
        report.uniqueness = "checked" if bundle.complete else "not checked"
        checks.passed(Step.RECORD, SUBJECT, "the agreement's entries follow each other without a gap")
    for line in lines:  # (5)
        if line.event:
            with checks.collecting(Step.RECORD, SUBJECT, constraint):
                check_repeated(line.event)
    with checks.collecting(Step.RECORD, SUBJECT, constraint):
        check_references([line.event for line in own if line.event])
    return Record(
        [Logged(line.item.index, line.event) for line in own if line.event],
        [line.event for line in lines if line.event and line.entry.scope == SERVICE_SCOPE],
    )


def _known(line: EventLine, checks: Checks) -> EventLine:
    """The line; without its event where that has another shape than its type's, and so tells nothing."""
    if line.event is not None:
        with checks.collecting(Step.RECORD, SUBJECT, SubIndication.FORMAT_FAILURE):
            check_shape(line.event)
            return line
    return EventLine(line.item, line.entry, None)


def check_checkpoint(signed: bytes, later: LaterTrust | None, checks: Checks, report: RecordReport) -> None:
    """Step 8 (1) for one signed checkpoint; ``report`` has its size already. Raises RecordError if it is not ours."""
    if later is None:
        checks.unproven(
            Step.RECORD, SUBJECT, SubIndication.NO_POE, _l("the record's key is not known"), hint=GIVE_TRUST_FILE
        )
        return
    trust = later.trusted
    cosignatures = verify_cosignatures(signed, trust.witnesses)  # a wrong one of a known witness is told first
    later.check(lambda known: _verify_signed(signed, known), _NEXT_KEY)
    report.witnesses = tuple(item.key.name for item in cosignatures)
    report.quorum = "none" if trust.quorum is None else str(trust.quorum)
    witnessed = f"cosigned by {counted(len(cosignatures), 'witness', 'witnesses')}" if cosignatures else "not witnessed"
    checks.passed(Step.RECORD, SUBJECT, f"checkpoint {report.size} is signed by {trust.record_origin}, {witnessed}")
    later.check(lambda known: _check_quorum(signed, known))


def _verify_signed(signed: bytes, trust: TrustFile) -> None:
    verify_record_checkpoint(signed, trust.record_key, trust.retired_record_keys, trust.record_origin)


def _check_quorum(signed: bytes, trust: TrustFile) -> None:
    """Raise CheckError where fewer witnesses cosigned than the trust file asks for."""
    seen = {item.key.name for item in verify_cosignatures(signed, trust.witnesses)}
    if len(seen) < (trust.quorum or 0):
        missing = ", ".join(key.name for key in trust.witnesses if key.name not in seen)
        raise unproven(
            SubIndication.NO_POE,
            _l(
                "checkpoint is cosigned by %(count)s of the %(quorum)s witnesses that are needed; missing: %(missing)s"
            ),
            hint=_l("cosignatures may have arrived since: get the evidence anew"),
            count=len(seen),
            quorum=trust.quorum,
            missing=missing,
        )


def proof_of_existence(opened: OpenBundle, trust: TrustFile, pdf_sha256: str) -> datetime | None:
    """When a quorum of witnesses had cosigned a checkpoint whose tree holds this file's digest; None if none has.

    Proves that the file existed then, whatever became of its timestamps' authorities since.
    """
    if trust.quorum is None:
        return None
    try:
        signed = opened.signed_checkpoint
        _verify_signed(signed, trust)
        times = sorted(item.time for item in verify_cosignatures(signed, trust.witnesses, trust.quorum))
        for line in opened.lines:
            if line.event is not None and line.event.get("pdf_sha256") == pdf_sha256:
                _verify_opened(line)
                verify_proof(opened.proof(line.item.index), line.item.entry, opened.checkpoint)
                return times[trust.quorum - 1]
    except SigningServiceError:
        return None  # what is wrong is reported by step 8
    return None


def _check_inclusion(opened: OpenBundle) -> None:
    bundle, checkpoint = opened.bundle, opened.checkpoint
    for item in bundle.events:
        if not bundle.complete or item.index in opened.proofs:
            verify_proof(opened.proof(item.index), item.entry, checkpoint)
    if bundle.complete and root_of([leaf_hash(item.entry) for item in bundle.events]) != checkpoint.root:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, _l("the entries do not make the record's root"))


def _verify_opened(line: EventLine) -> None:
    """Raise unless the line's event is what its entry commits to; requires that it has one."""
    verify_opened(line.entry, line.event or {}, line.item.event or b"", line.item.salt or b"")


def _check_opening(line: EventLine, agreement: str, erased: Collection[Any], checks: Checks) -> None:
    entry = line.entry
    if line.event is not None:
        _verify_opened(line)
    elif entry.scope == agreement and entry.sequence in erased:
        erasure = _l("event %(sequence)s (%(type)s) was erased, and nobody can say any more what it held")
        message = Phrase(erasure, sequence=entry.sequence, type=entry.type)
        hint = _l("an older bundle may still hold it")
        checks.unproven(Step.RECORD, SUBJECT, SubIndication.NO_POE, message, hint=hint)
    elif entry.scope == agreement:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"the opening of the agreement's entry {entry.sequence} ({entry.type}) is withheld",
        )


def _check_sequences(opened: OpenBundle) -> None:
    """The agreement's entries are all there; the service's too where the bundle is complete."""
    bundle = opened.bundle
    scopes: dict[str, list[tuple[Entry, bytes]]] = {}
    for line in opened.lines:
        scopes.setdefault(line.entry.scope, []).append((line.entry, line.item.entry))
    if bundle.agreement not in scopes:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the bundle has no entry of its agreement")
    for scope, entries in scopes.items():
        if scope == bundle.agreement or bundle.complete:
            verify_chain(entries)
