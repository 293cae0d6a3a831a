"""Acts: what state follows from them, and who may do what when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signing_service.agreement.acts import (
    Acts,
    entry_into_force,
    may_countersign,
    may_refuse,
    may_sign,
    may_withdraw,
    state,
    waiting_for,
)
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.encoding import format_time
from signing_service.errors import ConflictError, FormatError, NotAllowedError, NotFoundError
from tests.agreement.alliance import terms
from tests.cast import NOON

SIGNERS = [signer.id for signer in terms().signers()]
EARLIER, LATER = NOON - timedelta(days=1), NOON + timedelta(days=1)


def with_rules(**members: Any) -> Terms:
    value = terms().to_value()
    value["rules"] |= members
    return Terms.from_value(value)


def signature(signer: str, time: datetime = NOON) -> dict[str, Any]:
    kind = "countersignature" if signer == SECRETARIAT else "signature"
    return {"type": kind, "signer": signer, "timestamp": {"time": format_time(time), "independent": True}}


def refusal(signer: str) -> dict[str, Any]:
    return {"type": "refusal", "signer": signer, "time": format_time(NOON), "reason": "Article 12"}


def withdrawal(successor: str | None = None) -> dict[str, Any]:
    return {"type": "withdrawal", "time": format_time(NOON), "reason": "an error", "superseded_by": successor}


def acts(*events: dict[str, Any]) -> Acts:
    return Acts.from_events([{"type": "publication"}, *events])


def all_signed(*more: dict[str, Any]) -> Acts:
    return acts(*map(signature, SIGNERS), *more)


def test_the_life_of_an_agreement_follows_from_its_acts():
    assert state(terms(), acts(), NOON) == "open"
    assert state(terms(), acts(*map(signature, SIGNERS[:11])), NOON) == "open"
    assert state(terms(), all_signed(), NOON) == "complete"
    assert state(terms(), all_signed(signature(SECRETARIAT)), NOON) == "in-force"


def test_an_agreement_waits_for_its_day_after_the_countersignature():
    waiting = with_rules(entry_into_force={"kind": "days-after", "days": 30})
    countersigned = all_signed(signature(SECRETARIAT))
    assert entry_into_force(waiting, all_signed()) is None
    assert entry_into_force(waiting, countersigned) == NOON + timedelta(days=30)
    assert state(waiting, countersigned, NOON + timedelta(days=29)) == "complete"
    assert state(waiting, countersigned, NOON + timedelta(days=30)) == "in-force"


def test_an_agreement_expires_unless_it_is_complete_in_time():
    closing = with_rules(closes=format_time(LATER))
    assert state(closing, acts(), NOON) == "open"
    assert state(closing, acts(), LATER) == "expired"
    assert state(closing, all_signed(), LATER) == "complete"


def test_a_withdrawn_agreement_is_superseded_where_it_names_a_successor():
    assert state(terms(), acts(withdrawal()), NOON) == "withdrawn"
    assert state(terms(), acts(withdrawal("ab" * 32)), NOON) == "superseded"


def test_a_representative_may_sign_once():
    may_sign(terms(), acts(), "njupt:president", NOON)
    with pytest.raises(ConflictError, match="signed already"):
        may_sign(terms(), acts(signature("njupt:president")), "njupt:president", NOON)
    with pytest.raises(NotFoundError):
        may_sign(terms(), acts(), "njupt:rector", NOON)


@pytest.mark.parametrize(
    ("rules", "done", "when", "message"),
    [
        ({"opens": format_time(LATER)}, acts(), NOON, "signing opens at 2025-04-12T04:00:00Z"),
        ({"closes": format_time(NOON)}, acts(), NOON, "signing closed at 2025-04-11T04:00:00Z"),
        ({}, acts(withdrawal()), LATER, "withdrawn on 2025-04-11"),
        ({}, acts(withdrawal("ab" * 32)), LATER, "the corrected version has the digest abab"),
        ({"order": "in-turns"}, acts(), NOON, "it is the turn of Nanjing University"),
    ],
)
def test_a_signature_out_of_time_or_turn_is_refused_with_the_reason(rules, done, when, message):
    with pytest.raises(NotAllowedError, match=message):
        may_sign(with_rules(**rules), done, "andaman:president", when)


def test_nobody_signs_after_the_countersignature():
    eight = with_rules(signatures={"kind": "at-least", "count": 8})
    countersigned = acts(*map(signature, SIGNERS[:8]), signature(SECRETARIAT))
    may_sign(eight, acts(*map(signature, SIGNERS[:8])), SIGNERS[9], NOON)
    with pytest.raises(NotAllowedError, match="countersigned and closed"):
        may_sign(eight, countersigned, SIGNERS[9], NOON)


def test_in_turns_a_refusal_passes_the_turn_on():
    turns = with_rules(order="in-turns")
    may_sign(turns, acts(signature(SIGNERS[0])), SIGNERS[1], NOON)
    may_sign(turns, acts(signature(SIGNERS[0]), refusal(SIGNERS[1])), SIGNERS[2], NOON)


def test_a_guest_signs_out_of_turn():
    value = with_rules(order="in-turns").to_value()
    value["parties"][11]["guest"] = True
    may_sign(Terms.from_value(value), acts(), SIGNERS[11], NOON)


def test_who_declined_may_still_sign_and_the_refusal_is_then_spent():
    declined = acts(refusal(SIGNERS[3]))
    assert declined.refusals[SIGNERS[3]].reason == "Article 12"
    may_sign(terms(), declined, SIGNERS[3], NOON)
    assert not declined.after(signature(SIGNERS[3])).refusals


def test_who_signed_cannot_decline_and_nobody_declines_twice():
    may_refuse(terms(), acts(), SIGNERS[3], NOON)
    with pytest.raises(ConflictError, match="cannot decline any more"):
        may_refuse(terms(), acts(signature(SIGNERS[3])), SIGNERS[3], NOON)
    with pytest.raises(ConflictError, match="declined already"):
        may_refuse(terms(), acts(refusal(SIGNERS[3])), SIGNERS[3], NOON)


def test_an_officer_countersigns_when_the_parties_are_complete_and_once():
    with pytest.raises(NotAllowedError, match="Upper Irrawaddy"):
        may_countersign(terms(), acts(*map(signature, SIGNERS[:11])))
    may_sign(terms(), all_signed(), SECRETARIAT, NOON)
    with pytest.raises(ConflictError, match="countersigned already"):
        may_countersign(terms(), all_signed(signature(SECRETARIAT)))


def test_a_countersigned_agreement_is_not_withdrawn():
    may_withdraw(all_signed())
    with pytest.raises(NotAllowedError, match="only the parties"):
        may_withdraw(all_signed(signature(SECRETARIAT)))
    with pytest.raises(NotAllowedError, match="withdrawn"):
        may_withdraw(acts(withdrawal()))


def test_those_who_are_waited_for_stand_in_the_order_of_signature():
    assert waiting_for(terms(), acts(signature(SIGNERS[1]))) == (SIGNERS[0], *SIGNERS[2:])


@pytest.mark.parametrize(
    "events",
    [
        [signature(SIGNERS[0]), signature(SIGNERS[0])],
        [signature(SECRETARIAT), signature(SECRETARIAT)],
        [withdrawal(), withdrawal()],
        [{"type": "signature", "signer": 1, "timestamp": {"time": "2025-04-11T04:00:00Z"}}],
        [{"type": "signature", "signer": "a:b"}],
        [{"type": "refusal", "signer": "a:b", "time": "noon", "reason": "none"}],
    ],
)
def test_events_that_contradict_or_lack_members_are_refused(events):
    with pytest.raises(FormatError):
        Acts.from_events(events)


def test_the_time_of_a_signature_is_its_timestamp_s():
    proven = datetime(2025, 4, 11, 4, 0, 5, tzinfo=UTC)
    assert acts(signature(SIGNERS[0], proven)).signatures[SIGNERS[0]].time == proven
