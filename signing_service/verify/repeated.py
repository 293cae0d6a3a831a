"""Step 8: what an event repeats of something signed or digested in it is what that says (docs/formats.md 7).

An event shows officer, method, signer or mandate beside the statement in which somebody signed them, and digests beside
what they are digests of. Whoever reads the event alone must not be told anything else than whoever verifies the
signature, also where nobody signed the agreement by that passkey or certificate in the end.

1. Digests: a mandate's, a certificate's, a key's, a trust file's.
2. Statements: the approval in an issuance or refusal, the confirmation in a confirmation, and its time.
3. References: the enrolment that a confirmation or revocation names, by its sequence, stands before it and is of the
   same signer, key, mandate and person.

    check_repeated(event)                    # (1) and (2); raises an error of the tree
    check_references(events_of_an_agreement) # (3)

Whether a statement is signed by whom it must be is step 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signing_service.agreement.mandates import Mandate
from signing_service.approval import Approval, Confirmation, ConfirmationStatement, Statement
from signing_service.encoding import canonical_json, from_base64url, parse_time, sha256_hex
from signing_service.verify.certificate import Certificate
from signing_service.verify.timestamps import CLOCK_TOLERANCE
from signing_service.verify.verdict import CheckError, SubIndication, failure

Event = Mapping[str, Any]
Said = Mapping[str, object]


def check_repeated(event: Event) -> None:
    """Raise CheckError where an event contradicts what it holds, FormatError where that cannot be read.

    Requires that the event has the shape of its type.
    """
    said = _said(event)
    different = [name for name, value in said.items() if event[name] != value]
    if different:
        raise _refused(event, f"says something else in {', '.join(different)} than what it holds")
    if event["type"] == "confirmation" and parse_time(event["time"]) < _confirmed(event).time - CLOCK_TOLERANCE:
        raise _refused(event, "was recorded before the officer confirmed")


def _said(event: Event) -> Said:
    """The members that are repeated, with the values that they must have."""
    kind = event["type"]
    if kind == "mandate":  # (1)
        mandate = Mandate.from_value(event["mandate"])
        return {"mandate_sha256": mandate.digest(), "scope": mandate.agreement}
    if kind == "enrolment":
        return {"key_sha256": sha256_hex(from_base64url(event["key"]))}
    if kind == "trust-file":
        return {"sha256": sha256_hex(canonical_json(event["file"]) + b"\n")}
    if kind == "key-rotated":
        return _digest_of_certificate(event) if "certificate" in event else {}
    if kind == "issuance":
        return {**_digest_of_certificate(event), **_approved(event)}
    if kind == "signature" and "certificate" in event:
        return {**_digest_of_certificate(event), "subject": _subject(event)}
    if kind == "refusal":  # (2)
        return _approved(event)
    if kind == "confirmation":
        stated = _confirmed(event)
        return {
            "scope": stated.agreement,
            "signer": stated.signer,
            "key_sha256": stated.credential,
            "mandate_sha256": stated.mandate,
            "officer": stated.officer,
            "method": stated.method,
        }
    return {}


def _digest_of_certificate(event: Event) -> Said:
    return {"certificate_sha256": sha256_hex(from_base64url(event["certificate"]))}


def _subject(event: Event) -> str:
    return Certificate.load(from_base64url(event["certificate"])).parsed.subject.rfc4514_string()


def _approved(event: Event) -> Said:
    statement = Statement.from_json(Approval.from_der(from_base64url(event["approval"])).statement)
    return {
        "scope": statement.agreement,
        "signer": statement.signer,
        "mandate_sha256": statement.mandate,
        **({"act": statement.act} if "act" in event else {}),
    }


def _confirmed(event: Event) -> ConfirmationStatement:
    return ConfirmationStatement.from_json(Confirmation.from_der(from_base64url(event["confirmation"])).statement)


def check_references(events: Sequence[Event]) -> None:
    """(3) Raise CheckError where a confirmation or revocation is not of the enrolment that it names.

    One whose enrolment is not told (erased, or withheld, which is reported elsewhere) cannot be compared.
    """
    enrolments: dict[int, Event] = {}
    told = {event["sequence"] for event in events}
    for event in events:
        if event["type"] == "enrolment":
            enrolments[event["sequence"]] = event
        elif event["type"] in ("confirmation", "revocation"):
            named = enrolments.get(event["enrolment"])
            if named is not None:
                _check_reference(event, named)
            elif event["enrolment"] in told or event["enrolment"] >= event["sequence"]:
                raise _refused(event, "names an enrolment that does not stand before it")


def _check_reference(event: Event, enrolment: Event) -> None:
    shared = ["signer", "key_sha256", *(["mandate_sha256"] if "mandate_sha256" in event else [])]
    different = [name for name in shared if event[name] != enrolment[name]]
    if event["type"] == "confirmation" and _confirmed(event).person != enrolment["person"]:
        different.append("person")
    if different:
        raise _refused(event, f"differs in {', '.join(different)} from the enrolment that it names")


def _refused(event: Event, problem: str) -> CheckError:
    where = f"event {event['sequence']} of {event['scope']} ({event['type']})"
    return failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"{where} {problem}")
