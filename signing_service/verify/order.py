"""Step 8, in time: the agreement's events tell the acts in the order in which the document shows them.

1. The publication comes first.
2. Revisions 1, 2, 3 … are told in this order: whose turn it was, and that the countersignature came last, rests on it.
3. No event is told as earlier than one before it, nor than the proven time of a revision before it: nobody confirms,
   revokes or declines in a past that a timestamp contradicts.
4. One one-time certificate was issued once, under one mandate.
5. A representative's mandate that takes the place of another one says why.

    check_order([item.event for item in logged], {1: proven_time, …}, checks)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import format_time, parse_time
from signing_service.verify.timestamps import CLOCK_TOLERANCE
from signing_service.verify.verdict import Checks, Step, SubIndication, failure

Event = Mapping[str, Any]
MAX_EVENTS = 50_000  # of one agreement; 400 parties with every event there is need some 5,000
_REVISIONS = ("signature", "countersignature", "document-timestamp", "archive-timestamp")


def check_order(events: Sequence[Event], proven: Mapping[int, datetime], checks: Checks) -> None:
    """Judge the order of an agreement's events, collecting; ``proven`` are the revisions' proven times by number."""
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    with checks.collecting(Step.RECORD, "record", constraint):
        if len(events) > MAX_EVENTS:
            raise failure(constraint, f"the agreement has more than {MAX_EVENTS} events")
        if events and events[0]["type"] != "publication":  # (1)
            raise failure(constraint, "the agreement's first event is not its publication")
    with checks.collecting(Step.RECORD, "record", constraint):
        _check_revisions(events)  # (2)
    with checks.collecting(Step.RECORD, "record", constraint):
        _check_times(events, proven)  # (3)
    with checks.collecting(Step.RECORD, "record", constraint):
        _check_issuances(events)  # (4)
    with checks.collecting(Step.RECORD, "record", constraint):
        _check_replacements(events)  # (5)


def _check_revisions(events: Sequence[Event]) -> None:
    told = [event.get("revision") for event in events if event["type"] in _REVISIONS]
    if any(type(number) is not int or number != place for place, number in enumerate(told, start=1)):
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "the record tells the revisions in another order than the document"
        )


def _check_times(events: Sequence[Event], proven: Mapping[int, datetime]) -> None:
    latest: datetime | None = None
    for event in events:
        time = parse_time(event["time"])
        if latest is not None and time < latest - CLOCK_TOLERANCE:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                f"event {event['sequence']} ({event['type']}) says {format_time(time)}, "
                f"which is before what the record or a timestamp tells earlier ({format_time(latest)})",
            )
        known = proven.get(0 if event["type"] == "publication" else event.get("revision", -1))
        latest = max(moment for moment in (latest, time, known) if moment is not None)


def _check_issuances(events: Sequence[Event]) -> None:
    issued: set[str] = set()
    for event in events:
        if event["type"] != "issuance":
            continue
        digest = str(event.get("certificate_sha256"))
        if digest in issued:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE, f"one one-time certificate was issued twice ({digest[:16]}…)"
            )
        issued.add(digest)


def _check_replacements(events: Sequence[Event]) -> None:
    """What was erased before is not known of, so a reason where none is needed is let pass.

    Earlier records have officers who took over from each other without a word of it.
    """
    named: set[str] = set()
    for event in events:
        if event["type"] != "mandate":
            continue
        signer = Mandate.from_value(event["mandate"]).signer
        if signer in named and signer != SECRETARIAT and "reason" not in event:
            raise failure(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                f"event {event['sequence']} (mandate) replaces the mandate of {signer} and does not say why",
            )
        named.add(signer)
