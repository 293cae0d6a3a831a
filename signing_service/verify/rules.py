"""Step 7: the agreement's own rules, recomputed from what was proven (``agreement.terms``, ``agreement.acts``).

1. The fields of the document are those of the terms.
2. Each signature was allowed when it was given: opened, not closed, in turn, not twice; with the assurance that the
   terms ask for.
3. All required signers have signed, an officer has countersigned, an archive timestamp closes the file.
4. The entry into force follows from the countersignature.
5. With a bundle: each signer's mandate was logged, in date, newest of its signer, for this person.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from signing_service.agreement.acts import (
    Act,
    Acts,
    entry_into_force,
    may_attest_paper,
    may_extend,
    may_sign,
    state,
    waiting_for,
)
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.encoding import format_time, parse_time
from signing_service.errors import Phrase
from signing_service.verify.certificate import Certificate
from signing_service.verify.history import Event, History
from signing_service.verify.own_certificate import ASSURANCE as OWN_CERTIFICATE
from signing_service.verify.own_certificate import check_names
from signing_service.verify.report import AgreementReport, SignatureReport
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import ADD_BUNDLE, Checks, Step, SubIndication, Verdict, failure, unproven

SUBJECT = "agreement"
ASSURANCES = ("service", "passkey")  # of approvals, weakest first


def signer_of(report: SignatureReport) -> str:
    """The signer id of a signature or countersignature."""
    return SECRETARIAT if report.kind == "countersignature" else report.field


def names_of(terms: Terms) -> dict[str, str]:
    """What people call the signers, by their ids: the party, and the role in English where it has such a name."""
    roles = {signer.id: signer.role.title.get("en", signer.role.role) for signer in terms.signers()}
    return {signer.id: f"{signer.party.name} ({roles[signer.id]})" for signer in terms.signers()}


def check_fields(terms: Terms, fields: Sequence[str]) -> None:
    """(1) Raise CheckError unless the document has exactly the fields of the terms."""
    missing, extra = set(terms.field_names()) - set(fields), set(fields) - set(terms.field_names())
    if missing or extra:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"signature fields differ from the terms: {', '.join(sorted(missing | extra))}",
        )


def acts_of(
    signatures: Sequence[SignatureReport], events: Sequence[Event], papers: Collection[str], extensions: Collection[int]
) -> Sequence[Event]:
    """The acts in order: from the record where there is one, else as the document alone shows them.

    Of the signatures on paper and the later ends of signing only those are acts that were found good: of ``papers``
    (signers) and ``extensions`` (sequences).
    """
    if events:
        acts = [event for event in events if event["type"] in _ACT_TYPES]
        known = [event for event in acts if event["type"] != "paper" or event["signer"] in papers]
        return [event for event in known if event["type"] != "extension" or event["sequence"] in extensions]
    return [
        {
            "type": item.kind,
            "signer": signer_of(item),
            "timestamp": {"time": format_time(item.time)},
            "time": format_time(item.time),
        }
        for item in signatures
        if item.kind in ("signature", "countersignature") and item.time is not None
    ]


_ACT_TYPES = ("signature", "countersignature", "paper", "refusal", "withdrawal", "extension")


def check_rules(
    terms: Terms,
    signatures: Sequence[SignatureReport],
    events: Sequence[Event],
    at: datetime,
    checks: Checks,
    report: AgreementReport,
) -> None:
    """Check (2) to (4), collecting, and fill in the agreement's state."""
    acts = Acts()
    papers, extensions = {one.signer for one in report.papers}, {one.sequence for one in report.extensions}
    for act in acts_of(signatures, events, papers, extensions):
        subject = f"field {act['signer']}" if "signer" in act else SUBJECT
        with checks.collecting(Step.RULES, subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            if act["type"] in ("signature", "countersignature"):  # (2)
                moment = Acts().after(act)
                given = moment.countersignature or moment.signatures[act["signer"]]
                possible = acts if events else _as_if_extended(terms, acts, given, subject, checks)
                _check_may_sign(terms, possible, given, known=bool(events))
            if act["type"] == "paper":
                may_attest_paper(terms, acts, act["signer"], parse_time(act["time"]))
            if act["type"] == "extension":
                _check_may_extend(terms, acts, act)
            acts = acts.after(act)
    for item in signatures:
        _check_assurance(terms, item, checks)
    _check_complete(terms, acts, signatures, at, checks, report)


def _check_may_sign(terms: Terms, acts: Acts, given: Act, *, known: bool) -> None:
    """(2) Raise unless the act was allowed; without the record, signatures on paper that it needs are unknown."""
    unknown = terms.rules.paper == "counts" and not known
    if given.signer == SECRETARIAT and unknown and not terms.is_complete(acts.given(terms)):
        raise unproven(
            SubIndication.NO_POE,
            _l("signatures on paper may have counted, of which the document alone says nothing"),
            hint=ADD_BUNDLE,
        )
    may_sign(terms, acts, given.signer, given.time)


def _as_if_extended(terms: Terms, acts: Acts, given: Act, subject: str, checks: Checks) -> Acts:
    """The acts as a late signature needs them, of whose extension the document alone says nothing; nothing is proven.

    Officers countersign after the end as before it.
    """
    closes = terms.rules.closes
    if terms.rules.extension != "allowed" or closes is None or given.time < closes or given.signer == SECRETARIAT:
        return acts
    checks.unproven(
        Step.RULES,
        subject,
        SubIndication.NO_POE,
        Phrase(
            _l(
                "%(signer)s signed after %(closes)s, to which the sealed rules let officers add time; "
                "whether they did, the document alone does not say"
            ),
            signer=given.signer,
            closes=format_time(closes),
        ),
        hint=ADD_BUNDLE,
    )
    return replace(acts, extended_until=given.time + timedelta(seconds=1))


def _check_may_extend(terms: Terms, acts: Acts, event: Event) -> None:
    """(2) Raise unless the end was moved on from where it stood, while signing was open and the rules allow it."""
    may_extend(terms, acts, parse_time(event["until"]), parse_time(event["time"]))
    if acts.closes(terms) != parse_time(event["closes"]):
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"signing was extended from {event['closes']}, which is not when it was to close",
        )


def _check_assurance(terms: Terms, item: SignatureReport, checks: Checks) -> None:
    minimum = terms.rules.minimum_assurance
    if item.assurance == OWN_CERTIFICATE:
        return  # whether the sealed terms let the party do so is step 6; they rank it beside the strongest approval
    if item.assurance and ASSURANCES.index(item.assurance) < ASSURANCES.index(minimum):
        checks.failed(
            Step.RULES,
            f"field {item.field}",
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            Phrase(
                _l("the approval is by %(given)s, the terms ask for %(minimum)s"), given=item.assurance, minimum=minimum
            ),
        )


def _check_complete(
    terms: Terms,
    acts: Acts,
    signatures: Sequence[SignatureReport],
    at: datetime,
    checks: Checks,
    report: AgreementReport,
) -> None:
    if checks.verdict is Verdict.PASSED:  # a signature that is not proven, a record that is missing could change it
        report.state, report.entry_into_force = state(terms, acts, at), entry_into_force(terms, acts)  # (4)
    report.waiting_for = waiting_for(terms, acts)
    missing = ""
    if acts.withdrawal is not None:
        missing = Phrase(_l("the agreement was withdrawn on %(day)s"), day=f"{acts.withdrawal.time:%Y-%m-%d}")
    elif not terms.is_complete(acts.given(terms)):  # (3)
        missing = _which_do_not_count(report.waiting_for, signatures)
    elif acts.countersignature is None:
        missing = _l("the secretariat has not countersigned")
    elif not signatures or signatures[-1].kind != "archive":
        missing = _l("no archive timestamp closes the file")
    if missing:
        checks.unproven(Step.RULES, SUBJECT, SubIndication.GENERIC, missing)
    else:
        checks.passed(Step.RULES, SUBJECT, "the rules of the agreement are met")


def _which_do_not_count(waiting: Sequence[str], signatures: Sequence[SignatureReport]) -> str:
    """Say which signatures are not there, and which are there but do not count; the other checks say why."""
    there = {signer_of(item) for item in signatures if item.kind == "signature"}
    absent = ", ".join(signer for signer in waiting if signer not in there)
    uncounted = ", ".join(signer for signer in waiting if signer in there)
    missing = Phrase(_l("signatures are missing: %(signers)s"), signers=absent)
    idle = Phrase(_l("signatures are there, but do not count as they stand: %(signers)s"), signers=uncounted)
    if absent and uncounted:
        return Phrase("%(missing)s; %(idle)s", missing=missing, idle=idle)
    return missing if absent else idle


def check_mandate(terms: Terms, event: Event, history: History, item: SignatureReport, certificate: bytes) -> None:
    """(5) Raise an error of the tree unless the mandate that ``event`` names holds; fill in the report.

    ``event``: the issuance of a one-time certificate, or the signature itself with an own one.
    """
    signer = signer_of(item)
    mandate, digest = history.newest_mandate(signer, before=event["sequence"]) or (None, "")
    if mandate is None or digest != event.get("mandate_sha256"):
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, _l("the mandate is not the newest one in the record"))
    mandate.check_for(terms, signer)
    if item.time is not None:
        mandate.check_valid_at(item.time)
    if item.assurance == OWN_CERTIFICATE:
        check_names(Certificate.load(certificate), mandate.representative)
    elif mandate.representative.name != item.signer:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            _l("the mandate is of %(name)s, the certificate of %(other)s"),
            name=mandate.representative.name,
            other=item.signer,
        )
    item.mandate = _in_words(mandate)


def _in_words(mandate: Mandate) -> str:
    """Who gave it, for when, by which document."""
    values = {"organ": mandate.organ, "first": str(mandate.first_day), "last": str(mandate.last_day)}
    dated = _l("by %(organ)s, from %(first)s to %(last)s") if mandate.last_day else _l("by %(organ)s, from %(first)s")
    told = Phrase(dated, **values)
    if mandate.document:
        told = Phrase("%(told)s, %(document)s", told=told, document=mandate.document)
    if mandate.document_sha256:
        told = Phrase(_l("%(told)s (its PDF: SHA-256 %(sha256)s)"), told=told, sha256=mandate.document_sha256)
    return told
