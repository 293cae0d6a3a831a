"""Step 6, second part: whose passkey approved (docs/formats.md 3, "Enrolment" and "Confirmation").

An assertion that verifies says only that somebody held its key. That it was the representative is told by the record,
in the agreement's own sequence and before the act:

1. the key was enrolled for this signer and this mandate, by the person whom the mandate names;
2. after that, an officer whose key is in the trust file, and who is somebody else, confirmed exactly that, with a
   passkey of the officer's own;
3. the enrolment was not revoked before the act;
4. the key is nobody else's: no other person enrolled it before, and it is no other person's as an officer.

An officer's countersignature needs no enrolment: the officer's keys stand in the trust file.

    check_enrolments(signed, events, later, checks)
    identity = identify(approval, signer, earlier_events, trust, time)      # also the service's own check
    check_refusals(events, terms, revision0, later, checks)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.approval import (
    Approval,
    Confirmation,
    ConfirmationStatement,
    Enrolled,
    Expected,
    PasskeyAssertion,
    RelyingParty,
    Statement,
    verify_approval,
    verify_confirmation,
)
from signing_service.encoding import from_base64url, parse_time, sha256_hex, to_base64url
from signing_service.errors import Phrase, SigningServiceError
from signing_service.evidence.trust import TrustFile
from signing_service.verify.history import Event, History
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.rules import ASSURANCES, signer_of
from signing_service.verify.signed import Signed
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import (
    ADD_BUNDLE,
    GIVE_TRUST_FILE,
    CheckError,
    Checks,
    Step,
    SubIndication,
    failure,
    unproven,
)

_METHODS = {
    "in-person": _l("officer %(officer)s confirmed the passkey in person at %(time)s"),
    "video": _l("officer %(officer)s confirmed the passkey by video at %(time)s"),
    "phone": _l("officer %(officer)s confirmed the passkey by telephone at %(time)s"),
}


@dataclass(frozen=True, slots=True)
class _Act:
    """An act that a passkey approved, and the events that stand before it."""

    signer: str
    mandate: Mandate
    key: bytes
    before: Sequence[Event]

    def events(self, kind: str) -> Iterator[Event]:
        """The earlier events of one type that speak of this key for this signer and mandate."""
        wanted = (kind, self.signer, self.mandate.digest(), sha256_hex(self.key))
        for event in self.before:
            if wanted == (
                event["type"], event.get("signer"), event.get("mandate_sha256"), event.get("key_sha256")
            ):  # fmt: skip
                yield event


def check_enrolments(
    signed: Sequence[Signed], events: Sequence[Event], later: LaterTrust | None, checks: Checks
) -> None:
    """Judge the passkey behind each signature, collecting; ``events`` are the agreement's, none without a bundle."""
    passkeys = [one for one in signed if one.report.assurance == "passkey" and one.approval]
    if not passkeys:
        return
    if not events:
        message = _l("without the evidence bundle nothing is known of the passkeys that approved")
        checks.unproven(Step.APPROVAL, "approvals", SubIndication.NO_POE, message, hint=ADD_BUNDLE)
        return
    history = History(events)
    for one in passkeys:
        with checks.collecting(Step.APPROVAL, one.subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            approval = Approval.from_der(one.approval)
            issued = history.issued(one.report.certificate_sha256)
            if issued is None:
                raise _refused("belongs to a certificate whose issuance is not in the record")
            before = history.before(issued)
            time = one.report.time or one.report.claimed_time
            judge = partial(_identify, approval, signer_of(one.report), before, time)
            one.report.identity = _known(later).check(judge)
            checks.passed(Step.APPROVAL, one.subject, one.report.identity)


def _identify(
    approval: Approval, signer: str, before: Sequence[Event], time: datetime | None, trust: TrustFile
) -> str:
    return identify(approval, signer, before, trust, time)


def identify(approval: Approval, signer: str, before: Sequence[Event], trust: TrustFile, time: datetime | None) -> str:
    """Give in words how it is known whose passkey approved; raises an error of the tree where it is not.

    ``before``: the agreement's events before the act, at least those of its mandate, enrolment and confirmation.
    """
    act = _act(approval, signer, before)
    if signer != SECRETARIAT:
        stated = _check_enrolled(act, trust)
        confirmer = trust.officer(stated.officer)
        name = confirmer.name if confirmer else stated.officer
        told = f"{stated.time:%Y-%m-%d %H:%M} UTC"
        return Phrase(_METHODS[stated.method], officer=name, time=told)
    officer = trust.officer(act.mandate.representative.id)
    if officer is None or act.key not in officer.keys:
        raise _refused("is by a passkey that is not this officer's in the trust file")
    if time is not None and not officer.may_act_at(time):
        raise _refused("is by an officer who had left")
    return Phrase(_l("officer %(officer)s's passkey is in the trust file"), officer=officer.name)


def check_refusals(
    events: Sequence[Event], terms: Terms, revision0: str, later: LaterTrust | None, checks: Checks
) -> None:
    """Judge the approval in each refusal's event, collecting. A signer declines once."""
    refusals = [event for event in events if event["type"] == "refusal"]
    history = History(events) if refusals else None
    declined: set[str] = set()
    for event in refusals:
        signer = str(event.get("signer"))
        subject = f"refusal of {signer}"
        with checks.collecting(Step.APPROVAL, subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            if signer in declined or history is None:
                raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"{signer} declined twice")
            declined.add(signer)
            _check_mandate_in_force(event, signer, history)
            _check_refusal(event, history.before(event["sequence"]), terms, revision0, later)
            checks.passed(Step.APPROVAL, subject, "approved as the rules ask")


def _check_mandate_in_force(event: Event, signer: str, history: History) -> None:
    """The refusal names the signer's newest mandate, which is in date."""
    newest = history.newest_mandate(signer, event["sequence"])
    if newest is None or newest[1] != event.get("mandate_sha256"):
        raise _refused("rests on a mandate that is not the signer's newest one")
    newest[0].check_valid_at(parse_time(event["time"]))


def _check_refusal(
    event: Event, before: Sequence[Event], terms: Terms, revision0: str, later: LaterTrust | None
) -> None:
    approval = Approval.from_der(from_base64url(event.get("approval")))
    signer, mandate = str(event.get("signer")), str(event.get("mandate_sha256"))
    if ASSURANCES.index(approval.assurance) < ASSURANCES.index(terms.rules.minimum_assurance):
        raise _refused(f"is by {approval.assurance}, the terms ask for {terms.rules.minimum_assurance}")
    expected = Expected(
        act="refusal",
        agreement=terms.id,
        revision0=revision0,
        signer=signer,
        mandate=mandate,
        appearance=sha256_hex(str(event.get("reason")).encode()),
    )
    keys: tuple[bytes, ...] = ()
    party = None
    if isinstance(approval.evidence, PasskeyAssertion):
        keys, party = (approval.evidence.public_key,), _relying_party(_known(later).trusted)
    verify_approval(approval, expected, at=parse_time(event["time"]), relying_party=party, credential_keys=keys)
    if isinstance(approval.evidence, PasskeyAssertion):
        act = _act(approval, signer, before)
        _known(later).check(partial(_check_enrolled, act))


def _check_enrolled(act: _Act, trust: TrustFile) -> ConfirmationStatement:
    """(1) to (3); give the confirmation's statement. Of several enrolments one good one is enough."""
    problem: SigningServiceError = _refused(_never_enrolled(act))
    for enrolment in act.events("enrolment"):  # (1)
        try:
            if enrolment.get("key") != to_base64url(act.key):
                raise _refused("is by a passkey whose enrolment does not hold its key")
            if enrolment.get("person") != act.mandate.representative.id:
                raise _refused("is by a passkey that somebody else enrolled than the mandate names")
            stated = _confirmed(act, enrolment, trust)  # (2)
            _check_not_revoked(act, enrolment)  # (3)
            _check_one_persons(act, trust)  # (4)
        except SigningServiceError as error:
            problem = error
        else:
            return stated
    raise problem


def _never_enrolled(act: _Act) -> str:
    key = sha256_hex(act.key)
    elsewhere = [event for event in act.before if event["type"] == "enrolment" and event.get("key_sha256") == key]
    if any(event.get("signer") != act.signer for event in elsewhere):
        return "is by a passkey that was enrolled for another signer"
    if elsewhere:
        return "is by a passkey that was enrolled for another mandate"
    return "is by a passkey that was not enrolled for approvals of this signer before the act"


def _confirmed(act: _Act, enrolment: Event, trust: TrustFile) -> ConfirmationStatement:
    problem: SigningServiceError = _refused("is by a passkey that no officer confirmed before the act")
    for event in act.events("confirmation"):
        if event.get("enrolment") == enrolment["sequence"] and event["sequence"] > enrolment["sequence"]:
            try:
                return _check_confirmation(act, event, trust)
            except SigningServiceError as error:
                problem = error
    raise problem


def _check_confirmation(act: _Act, event: Event, trust: TrustFile) -> ConfirmationStatement:
    confirmation = Confirmation.from_der(from_base64url(event.get("confirmation")))
    stated = ConfirmationStatement.from_json(confirmation.statement)
    officer, person = trust.officer(stated.officer), act.mandate.representative
    if officer is None:
        text = "is by a passkey confirmed by %(officer)s, whom the trust file does not name"
        raise _refused(text, officer=stated.officer)
    if stated.officer == person.id:
        raise _refused("is by a passkey that %(officer)s confirmed, whose own it is", officer=officer.name)
    if not officer.may_act_at(max(stated.time, parse_time(event["time"]))):
        raise _refused("is by a passkey that %(officer)s confirmed after leaving the secretariat", officer=officer.name)
    if stated.name != person.name:
        raise _refused("is by a passkey that was confirmed under another name than the mandate's")
    enrolled = Enrolled(act.mandate.agreement, act.signer, person.id, sha256_hex(act.key), act.mandate.digest())
    return verify_confirmation(confirmation, enrolled, _relying_party(trust), officer.keys)


def _check_not_revoked(act: _Act, enrolment: Event) -> None:
    for event in act.before:
        if event["type"] == "revocation" and event.get("enrolment") == enrolment["sequence"]:
            raise _refused(f"is by a passkey that was revoked on {str(event['time'])[:10]}, before the act")


def _check_one_persons(act: _Act, trust: TrustFile) -> None:
    """(4) A key that two people use shows of neither that they were there."""
    person, key = act.mandate.representative.id, sha256_hex(act.key)
    if any(act.key in officer.keys for officer in trust.officers if officer.id != person):
        raise _refused("is by the passkey of an officer who is somebody else")
    for event in act.before:
        if event["type"] == "enrolment" and event.get("key_sha256") == key and event.get("person") != person:
            raise _refused("is by a passkey that somebody else has enrolled too")


def _act(approval: Approval, signer: str, before: Sequence[Event]) -> _Act:
    """Find the mandate that the approval's statement names among the events before the act."""
    evidence = approval.evidence
    if not isinstance(evidence, PasskeyAssertion):
        raise _refused("is not by a passkey")
    statement = Statement.from_json(approval.statement)
    digest = statement.mandate
    for event in before:
        if event["type"] == "mandate" and event.get("mandate_sha256") == digest:
            mandate = Mandate.from_value(event.get("mandate"))
            about = (mandate.digest(), mandate.signer, mandate.agreement)
            if about == (digest, signer, statement.agreement):
                return _Act(signer, mandate, evidence.public_key, before)
    raise _refused("rests on a mandate that is not in the record before the act")


def _known(later: LaterTrust | None) -> LaterTrust:
    if later is None:
        raise unproven(SubIndication.NO_POE, _l("the officers who confirm are not known"), hint=GIVE_TRUST_FILE)
    return later


def _relying_party(trust: TrustFile) -> RelyingParty:
    return RelyingParty(trust.web_origin, trust.relying_party_id)


def _refused(problem: str, officer: str = "") -> CheckError:
    return failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the approval {problem}", officer=officer)
