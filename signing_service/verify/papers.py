"""Step 6, third part: signatures on paper (docs/formats.md 3, "Paper"), never taken for digital ones.

1. The sealed rules allow paper, and the record's mandate of the signer was valid on the day that stands on the page.
2. An officer of the trust file who had not left attested exactly that, with a passkey of the officer's own; nobody
   attests what they signed themselves.
3. The scan is in the bundle.

    good = check_papers(events, terms, revision0, later, scans, checks)     # what of them may count (step 7)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import Terms
from signing_service.approval import Confirmation, RelyingParty
from signing_service.approval.paper import PaperStatement, verify_paper
from signing_service.encoding import from_base64url, parse_time
from signing_service.evidence.trust import TrustFile
from signing_service.verify.history import Event, History
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.report import PaperReport
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


def check_papers(
    events: Sequence[Event],
    terms: Terms,
    revision0: str,
    later: LaterTrust | None,
    scans: Collection[str],
    checks: Checks,
) -> list[PaperReport]:
    """Judge each event of type ``paper``, collecting; what only lacks a trust file counts, but is not proven.

    ``scans`` are the SHA-256 of those in the bundle.
    """
    papers = [event for event in events if event["type"] == "paper"]
    history = History(events) if papers else None
    reports: list[PaperReport] = []
    for event in papers:
        subject = f"paper of {event['signer']}"
        with checks.collecting(Step.APPROVAL, subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            if history is None or event["signer"] in {one.signer for one in reports}:
                raise _refused("is not the signer's only one")
            if later is None:
                reports.append(_report(_attested(event)[1], terms))
                raise unproven(SubIndication.NO_POE, "who may attest is not known", hint=GIVE_TRUST_FILE)
            try:
                stated = later.check(partial(_check, event, history, terms, revision0))
            except CheckError as error:
                if error.verdict is Verdict.INDETERMINATE:  # it counts, but is not proven
                    reports.append(_report(_attested(event)[1], terms, later.trusted))
                raise
            reports.append(_report(stated, terms, later.trusted))
            if stated.document not in scans:  # (3)
                raise unproven(SubIndication.NO_POE, "the scan is not in the bundle", hint="ask for a bundle with it")
            checks.passed(Step.APPROVAL, subject, "attested by an officer; not a digital signature")
    return reports


def _report(stated: PaperStatement, terms: Terms, trust: TrustFile | None = None) -> PaperReport:
    officer = trust.officer(stated.officer) if trust else None
    return PaperReport(
        signer=stated.signer,
        name=stated.name,
        signed_on=stated.signed_on,
        attested=stated.time,
        officer=officer.name if officer else stated.officer,
        document_sha256=stated.document,
        counts=terms.rules.paper == "counts",
    )


def _check(event: Event, history: History, terms: Terms, revision0: str, trust: TrustFile) -> PaperStatement:
    if terms.rules.paper == "refused":  # (1)
        raise _refused("is not allowed by the sealed rules")
    mandate, digest = history.newest_mandate(event["signer"], before=event["sequence"]) or (None, "")
    if mandate is None or digest != event["mandate_sha256"]:
        raise _refused("rests on a mandate that is not the signer's newest one")
    mandate.check_for(terms, event["signer"])
    attestation, named = _attested(event)  # (2)
    officer = trust.officer(named.officer)
    if officer is None:
        raise _refused("was attested by %(officer)s, whom the trust file does not name", officer=named.officer)
    if named.officer == mandate.representative.id:
        raise _refused("was attested by %(officer)s, whose own it is", officer=officer.name)
    if not officer.may_act_at(max(named.time, parse_time(event["time"]))):
        raise _refused("was attested by %(officer)s after leaving the secretariat", officer=officer.name)
    stated = verify_paper(attestation, RelyingParty(trust.web_origin, trust.relying_party_id), officer.keys)
    _compare(stated, event, mandate, revision0)
    day = stated.signed_on
    if day < mandate.first_day or (mandate.last_day is not None and day > mandate.last_day):
        raise _refused(f"was signed on {day}, outside the mandate's days")
    if day > parse_time(event["time"]).date() + timedelta(days=1):
        raise _refused(f"was signed on {day}, after it was attested")
    return stated


def _attested(event: Event) -> tuple[Confirmation, PaperStatement]:
    attestation = Confirmation.from_der(from_base64url(event["attestation"]))
    return attestation, PaperStatement.from_json(attestation.statement)


def _compare(stated: PaperStatement, event: Event, mandate: Mandate, revision0: str) -> None:
    person = mandate.representative
    wanted = {
        "agreement": mandate.agreement,
        "revision0": revision0,
        "signer": event["signer"],
        "person": person.id,
        "name": person.name,
        "mandate": event["mandate_sha256"],
        "document": event["document_sha256"],
        "media_type": event["media_type"],
        "officer": event["officer"],
    }
    different = [name for name, value in wanted.items() if getattr(stated, name) != value]
    if different:
        raise _refused(f"was attested with another {different[0].replace('_', ' ')}")


def _refused(problem: str, officer: str = "") -> CheckError:
    return failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the signature on paper {problem}", officer=officer)
