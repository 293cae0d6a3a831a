"""The report as JSON: the documented, versioned schema of ``docs/report.md``.

json.dumps(report_to_json(report))
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from signing_service.encoding import format_time
from signing_service.verify.report import AgreementReport, ExtensionReport, PaperReport, Report, SignatureReport
from signing_service.verify.verdict import Check

VERSION = 1


def report_to_json(report: Report) -> dict[str, Any]:
    """Give the JSON values of a report; members are only ever added within one version."""
    agreement, record = report.agreement, report.record
    return {
        "v": VERSION,
        "file": report.name,
        "profile": report.profile,
        "verdict": report.verdict.value,
        "indication": report.indication.value if report.indication else None,
        "exit_code": report.exit_code,
        "at": format_time(report.at),
        "sha256": report.sha256,
        "size": report.size,
        "trust": report.trust_fingerprint or None,
        "foreign": bool(report.foreign_to),
        "anchors": [{"subject": subject, "sha256": sha256} for subject, sha256 in report.trust_anchors],
        "provable_until": _time(report.provable_until),
        "agreement": None if agreement is None else _agreement(agreement),
        "signatures": [_signature(signature) for signature in report.signatures],
        "record": None
        if record is None
        else {
            "origin": record.origin or None,
            "size": record.size,
            "quorum": record.quorum,
            "witnesses": list(record.witnesses),
            "uniqueness": record.uniqueness,
        },
        "checks": [_check(check) for check in report.checks],
        "hints": list(report.hints),
    }


def _agreement(agreement: AgreementReport) -> dict[str, Any]:
    return {
        "id": agreement.id,
        "title": agreement.title,
        "reference": agreement.reference,
        "version": agreement.version,
        "state": agreement.state or None,
        "entry_into_force": _time(agreement.entry_into_force),
        "waiting_for": list(agreement.waiting_for),
        "papers": [_paper(paper) for paper in agreement.papers],
        "extensions": [_extension(later) for later in agreement.extensions],
    }


def _paper(paper: PaperReport) -> dict[str, Any]:
    return {
        "signer": paper.signer,
        "name": paper.name,
        "assurance": "paper",
        "signed_on": paper.signed_on.isoformat(),
        "attested": format_time(paper.attested),
        "officer": paper.officer,
        "document_sha256": paper.document_sha256,
        "counts": paper.counts,
    }


def _extension(later: ExtensionReport) -> dict[str, Any]:
    return {
        "closes": format_time(later.closes),
        "until": format_time(later.until),
        "time": format_time(later.time),
        "officer": later.officer,
        "reason": later.reason,
    }


def _signature(signature: SignatureReport) -> dict[str, Any]:
    return {
        "revision": signature.revision,
        "kind": signature.kind,
        "field": signature.field,
        "verdict": signature.verdict.value,
        "intact": signature.intact,
        "covers": signature.covers or None,
        "signer": signature.signer or None,
        "party": signature.party or None,
        "party_native": signature.party_native or None,
        "role": signature.role or None,
        "guest": signature.guest,
        "reason": signature.reason or None,
        "claimed_time": _time(signature.claimed_time),
        "time": _time(signature.time),
        "time_authority": signature.time_authority or None,
        "time_independent": signature.time_independent,
        "certificate_sha256": signature.certificate_sha256 or None,
        "issuer": signature.issuer or None,
        "algorithm": signature.algorithm or None,
        "assurance": signature.assurance or None,
        "approval": signature.approval or None,
        "identity": signature.identity or None,
        "consent": signature.consent or None,
        "consent_language": signature.consent_language or None,
        "mandate": signature.mandate or None,
        "entry": signature.entry,
        "changes": list(signature.changes),
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "step": int(check.step),
        "subject": check.subject,
        "verdict": check.verdict.value,
        "indication": check.indication.value if check.indication else None,
        "message": check.message,
        "hint": check.hint or None,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
