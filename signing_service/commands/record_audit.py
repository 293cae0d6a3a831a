"""``signing-service record audit``: recompute a whole log, ours or anybody's, or check receipts against it.

DIR_OR_URL holds a log in C2SP's tlog-tiles layout (``checkpoint``, ``tile/…``). Every tile is recomputed from the
entries and the root compared with the signed checkpoint. With ``--receipt`` the receipts are checked instead: alone,
or also against the log as it is now. The key comes from the trust file or from ``--key``, never from the log.

exit codes: 0 PASSED, 1 FAILED, 2 usage error, 3 INDETERMINATE (what could not be told is named).
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from signing_service.commands.terminal import ProgressBar, make_parser
from signing_service.errors import (
    FormatError,
    NotFoundError,
    RecordError,
    RetiredKeyError,
    UnavailableError,
    UsageError,
)
from signing_service.evidence import (
    TrustFile,
    fingerprint,
    parse_receipt,
    parse_trust_file,
    verify_receipt_by_key,
    verify_receipt_in_log,
)
from signing_service.evidence.receipt import MAX_RECEIPT
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import MAX_TRUST_FILE, fingerprint_text
from signing_service.record.audit import AuditReport, audit
from signing_service.record.audit_tiles import CHECKPOINT, Finding
from signing_service.record.checkpoint import Checkpoint
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.note import MAX_NOTE, VerifierKey, parse_verifier_key
from signing_service.record.proof import parse_proof
from signing_service.record.sources import LOOK_AHEAD, is_address, open_source
from signing_service.record.tiles import Fetch
from signing_service.verify.terminal import width_of
from signing_service.verify.wrapping import counted, wrapped

EXIT_CODES = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}

_WANTED = "give trust.json, or the key as --key"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom to believe: the log's key and origin, and the trust file if one was given."""

    key: VerifierKey
    origin: str | None
    file: TrustFile | None = None
    fingerprint: str = ""

    @property
    def keys(self) -> list[VerifierKey]:
        """The log's key, and those that the trust file says it had before."""
        return [self.key, *(one.key for one in (self.file.retired_record_keys if self.file else ()))]

    def check(self, signed_checkpoint: bytes) -> None:
        """Raise RecordError on a checkpoint by a key that was retired before the log had its size."""
        retired = self.file.retired_record_keys if self.file else ()
        verify_record_checkpoint(signed_checkpoint, self.key, retired, self.origin or self.key.name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that was checked, a log or a receipt."""

    name: str
    verdict: str
    checkpoint: Checkpoint | None
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """Audit a log or check receipts; print a verdict each and give the worst as exit code."""
    options = _parser().parse_args(arguments)
    trusted = _trusted(options)
    if options.place is None and not options.receipt:
        raise UsageError("there is nothing to audit", hint="give a folder or address of a log, or --receipt FILE")
    if options.receipt:
        fetch = open_source(options.place) if options.place else None
        outcomes = [_check_receipt(Path(file), trusted, fetch) for file in options.receipt]
    else:
        outcomes = [_audit_log(options.place, trusted, [_read(Path(file), MAX_NOTE) for file in options.since])]
    if options.json:
        print(json.dumps([_to_json(outcome) for outcome in outcomes], indent=2, ensure_ascii=False))
    else:
        print("\n".join(_to_text(outcome) for outcome in outcomes))
    verdicts = {outcome.verdict for outcome in outcomes}
    return next(EXIT_CODES[verdict] for verdict in ("FAILED", "INDETERMINATE", "PASSED") if verdict in verdicts)


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("record audit", __doc__)
    parser.add_argument("place", nargs="?", metavar="DIR_OR_URL", help="folder or address of the log")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--key", metavar="VKEY", help="the log's verifier key, or a file that holds it")
    source.add_argument("--trust", metavar="FILE", help="trust file: its record's key and its quorum of witnesses")
    parser.add_argument("--origin", metavar="TEXT", help="the log's origin (default: the key's name)")
    parser.add_argument(
        "--since",
        action="append",
        default=[],
        metavar="FILE",
        help="a signed checkpoint seen earlier, which the log must have grown from; may be repeated",
    )
    parser.add_argument(
        "--receipt", action="append", default=[], metavar="FILE", help="check this receipt; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _trusted(options: argparse.Namespace) -> Trusted:
    """Whom the words name; what cannot be read as such is a usage error, not a verdict on the log."""
    name = options.trust or "--key"
    try:
        if options.trust:
            data = _read(Path(options.trust), MAX_TRUST_FILE + 1)
            file = parse_trust_file(data)
            return Trusted(file.record_key, options.origin or file.record_origin, file, fingerprint(data).hex())
        text = options.key
        if "+" not in text:
            text = _read(Path(text), MAX_NOTE).decode("utf-8", "replace").strip()
        return Trusted(parse_verifier_key(text), options.origin)
    except FormatError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint or _WANTED) from error


def _where_logs_are(place: str) -> list[str]:
    """What to try where a log has no checkpoint that can be read: mostly another address was meant."""
    if not is_address(place):
        return ["hint: give the folder that holds the file 'checkpoint'"]
    path = place.rstrip("/")
    if path.endswith("/checkpoint"):
        return [f"hint: give the address of the log, without its checkpoint: {path.removesuffix('/checkpoint')}"]
    return [] if path.endswith("/record") else [f"hint: a signing service has its log at {path}/record"]


def _audit_log(place: str, trusted: Trusted, since: list[bytes]) -> Outcome:
    fetch = open_source(place)
    try:
        for earlier in since:  # the audit takes any key's; one that was retired by then proves nothing against the log
            _check_earlier(earlier, trusted)
        with ProgressBar("entries") as progress:
            workers = LOOK_AHEAD if is_address(place) else 0
            report = audit(
                fetch, trusted.keys, origin=trusted.origin, since=since, progress=progress.show, workers=workers
            )
    except UnavailableError as error:
        return Outcome(place, "INDETERMINATE", None, (Finding(place, error.message, open_question=True),))
    remarks = [_entries_remark(report)] if report.checkpoint else []
    if Finding(CHECKPOINT, "is missing") in report.findings:
        remarks += _where_logs_are(place)
    if trusted.file is not None:
        words = fingerprint_text(bytes.fromhex(trusted.fingerprint))
        remarks.append(f"by the trust file {words}: compare it with the one on paper")
    if report.checkpoint and since:
        remarks.append(f"compared with {counted(len(since), 'earlier checkpoint')}")
    note = report.signed_checkpoint
    if note is not None:
        try:
            trusted.check(note)
        except RecordError as error:
            report = replace(report, findings=(*report.findings, Finding("checkpoint", error.message)))
        question, remark = _quorum(note, trusted)
        remarks.append(remark)
        report = replace(report, findings=report.findings + question)
    return Outcome(place, report.verdict, report.checkpoint, report.findings, tuple(remarks))


def _check_earlier(signed_checkpoint: bytes, trusted: Trusted) -> None:
    try:
        trusted.check(signed_checkpoint)
    except RetiredKeyError as error:
        raise UsageError(f"--since: {error.message}", hint=error.hint) from error
    except (FormatError, RecordError):
        return  # the audit names what is wrong with it


def _entries_remark(report: AuditReport) -> str:
    if report.own_entries:
        entries = counted(report.own_entries, "entry", "entries")
        return f"{entries} of this service; the chain of each agreement was followed"
    return "the entries are not of this service: they were hashed, not read"


def _quorum(signed_checkpoint: bytes, trusted: Trusted) -> tuple[tuple[Finding, ...], str]:
    """The question that too few witnesses leave, and a remark on who cosigned."""
    if trusted.file is None:
        return (), "witnesses were not asked for: --trust names them"
    quorum = trusted.file.quorum
    if quorum is None:
        return (), "not witnessed: the trust file asks for no quorum"
    try:
        found = verify_cosignatures(signed_checkpoint, trusted.file.witnesses, quorum)
    except RecordError as error:
        return (
            Finding("checkpoint", f"{error.message}; {error.hint}", open_question=bool(error.hint)),
        ), "not witnessed"
    return (), "cosigned by " + ", ".join(f"{item.key.name} at {item.time:%Y-%m-%dT%H:%M:%SZ}" for item in found)


def _check_receipt(path: Path, trusted: Trusted, fetch: Fetch | None) -> Outcome:
    """Check one receipt: alone, and against the log if there is one."""
    checkpoint = None
    try:
        receipt = parse_receipt(_read(path, MAX_RECEIPT + 1))
        checkpoint = verify_receipt_by_key(receipt, trusted.keys, trusted.origin)
        trusted.check(parse_proof(receipt.proof).checkpoint)
        questions, remark = _quorum(parse_proof(receipt.proof).checkpoint, trusted)
        remarks = [f"entry {receipt.index}: {receipt.signer} in agreement {receipt.agreement}", remark]
        if trusted.file and receipt.trust_sha256 != trusted.fingerprint:
            remarks.append("the receipt was given under another version of the trust file")
        if fetch is not None:
            signed = fetch("checkpoint")  # one for both: what is proven to have grown is what witnesses cosigned
            trusted.check(signed)
            now = verify_receipt_in_log(receipt, trusted.keys, trusted.origin, _with_checkpoint(fetch, signed))
            remarks.append(f"still in the log, which grew from {checkpoint.size} to {now.size} entries")
            if questions:  # a receipt is given before witnesses are asked; they cosigned what grew from it
                questions, remark = _quorum(signed, trusted)
                remarks.append(f"the log now: {remark}")
    except (FormatError, RecordError, NotFoundError) as error:
        return Outcome(str(path), "FAILED", checkpoint, (Finding("receipt", error.message),))
    except UnavailableError as error:
        return Outcome(str(path), "INDETERMINATE", checkpoint, (Finding("log", error.message, open_question=True),))
    verdict = AuditReport(checkpoint, questions).verdict
    return Outcome(str(path), verdict, checkpoint, questions, tuple(remarks))


def _with_checkpoint(fetch: Fetch, signed: bytes) -> Fetch:
    return lambda path: signed if path == "checkpoint" else fetch(path)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _to_text(outcome: Outcome) -> str:
    lines = [f"{outcome.verdict}  {outcome.name}"]
    if outcome.checkpoint:
        root = base64.b64encode(outcome.checkpoint.root).decode()
        lines.append(f"  checkpoint of {outcome.checkpoint.origin}, size {outcome.checkpoint.size}, root {root}")
    lines += [f"  {remark}" for remark in outcome.remarks]
    lines += [
        f"  {'?' if finding.open_question else '!'} {finding.path} {finding.problem}" for finding in outcome.findings
    ]
    return "\n".join(row for line in lines for row in wrapped(line, width_of(sys.stdout)))


def _to_json(outcome: Outcome) -> dict[str, Any]:
    checkpoint = outcome.checkpoint
    return {
        "name": outcome.name,
        "verdict": outcome.verdict,
        "checkpoint": checkpoint
        and {"origin": checkpoint.origin, "size": checkpoint.size, "root": base64.b64encode(checkpoint.root).decode()},
        "remarks": list(outcome.remarks),
        "findings": [
            {"path": finding.path, "problem": finding.problem, "open_question": finding.open_question}
            for finding in outcome.findings
        ],
    }
