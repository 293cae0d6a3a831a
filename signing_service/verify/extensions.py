"""Step 6, fourth part: later ends of signing (docs/formats.md 3, "Extension"), which decide what step 7 lets count.

1. An officer of the trust file who had not left signed exactly what the event says, with an own passkey.
2. It was signed for this very document, no later than it was recorded, and both before signing closed.

Whether the sealed rules allow it, and that the end moves on from where it stood, is step 7.

    good = check_extensions(events, terms, revision0, later, checks)    # sequences of the events that may count
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from signing_service.agreement.terms import Terms
from signing_service.approval import Confirmation, RelyingParty
from signing_service.approval.extension import ExtensionStatement, verify_extension
from signing_service.encoding import format_time, from_base64url, parse_time
from signing_service.evidence.trust import TrustFile
from signing_service.verify.history import Event
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.report import ExtensionReport
from signing_service.verify.timestamps import CLOCK_TOLERANCE
from signing_service.verify.verdict import (
    GIVE_TRUST_FILE,
    CheckError,
    Checks,
    Step,
    SubIndication,
    Verdict,
    failure,
    unproven,
)


def check_extensions(
    events: Sequence[Event], terms: Terms, revision0: str, later: LaterTrust | None, checks: Checks
) -> list[ExtensionReport]:
    """Judge each event of type ``extension``, collecting; what only lacks a trust file counts, but is not proven."""
    reports: list[ExtensionReport] = []
    for event in events:
        if event["type"] != "extension":
            continue
        with checks.collecting(Step.APPROVAL, "extension", SubIndication.SIG_CONSTRAINTS_FAILURE):
            if later is None:
                reports.append(_report(event, event["officer"]))
                raise unproven(SubIndication.NO_POE, "who may extend signing is not known", hint=GIVE_TRUST_FILE)
            try:
                officer = later.check(partial(_check, event, terms, revision0))
            except CheckError as error:
                if error.verdict is Verdict.INDETERMINATE:
                    reports.append(_report(event, event["officer"]))
                raise
            reports.append(_report(event, officer))
            checks.passed(Step.APPROVAL, "extension", f"signing was extended to {event['until']} by {officer}")
    return reports


def _check(event: Event, terms: Terms, revision0: str, trust: TrustFile) -> str:
    """(1), (2) Give the officer's name."""
    attestation = Confirmation.from_der(from_base64url(event["attestation"]))
    named = ExtensionStatement.from_json(attestation.statement)
    officer = trust.officer(named.officer)
    if officer is None:
        raise _refused("was signed by %(officer)s, whom the trust file does not name", officer=named.officer)
    recorded = parse_time(event["time"])
    if not officer.may_act_at(max(named.time, recorded)):
        raise _refused("was signed by %(officer)s after leaving the secretariat", officer=officer.name)
    stated = verify_extension(attestation, RelyingParty(trust.web_origin, trust.relying_party_id), officer.keys)
    wanted = {
        "agreement": terms.id,
        "revision0": revision0,
        "closes": parse_time(event["closes"]),
        "until": parse_time(event["until"]),
        "reason": event["reason"],
        "officer": event["officer"],
    }
    different = [name for name, value in wanted.items() if getattr(stated, name) != value]
    if different:
        raise _refused(f"was signed with another {different[0]}")
    if stated.time > recorded + CLOCK_TOLERANCE:
        raise _refused(f"was recorded at {event['time']}, before it was signed at {format_time(stated.time)}")
    if max(stated.time, recorded) >= stated.closes:
        raise _refused(f"was made at {format_time(max(stated.time, recorded))}, when signing had closed")
    return officer.name


def _report(event: Event, officer: str) -> ExtensionReport:
    closes, until, time = (parse_time(event[name]) for name in ("closes", "until", "time"))
    return ExtensionReport(event["sequence"], closes, until, time, officer, event["reason"])


def _refused(problem: str, officer: str = "") -> CheckError:
    return failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the extension of signing {problem}", officer=officer)
