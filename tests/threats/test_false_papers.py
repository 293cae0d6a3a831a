"""Who holds the server and its keys writes signatures on paper into the record, and lacks an officer's passkey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from signing_service.agreement.terms import Terms
from signing_service.approval import Confirmation
from signing_service.approval.paper import PaperStatement
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import from_base64url, parse_canonical_json, sha256_hex, to_base64url
from signing_service.evidence.trust import TrustedOfficer, TrustFile, parse_trust_file
from signing_service.store import agreements, openings
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.papers import check_papers
from signing_service.verify.report import PaperReport
from signing_service.verify.verdict import Checks, Verdict
from signing_service.workflow.download import trust_file
from tests.approval.cast import authenticator
from tests.workflow.test_paper import SCAN, put_on_record, with_rules
from tests.workflow.world import World


@dataclass
class Told:
    """What a verifier is given."""

    events: list[dict[str, Any]]
    terms: Terms
    revision0: str
    trust: TrustFile | None

    @property
    def paper(self) -> dict[str, Any]:
        return next(event for event in self.events if event["type"] == "paper")

    def judged(self) -> tuple[list[PaperReport], Checks]:
        checks = Checks()
        later = LaterTrust(self.trust) if self.trust else None
        return check_papers(self.events, self.terms, self.revision0, later, {sha256_hex(SCAN)}, checks), checks


@pytest.fixture
def told(world: World) -> Told:
    """An honest record with one signature on paper."""
    devices = with_rules(world, "counts")
    put_on_record(devices)
    agreement = devices.world.agreement
    with world.service.database.read() as session:
        found = openings.of_scope(session, agreement)
        terms = Terms.from_json(agreements.get(session, agreement).terms)
        revision0 = agreements.ends(session, agreement)[0].sha256
    events = [parse_canonical_json(one.event or b"") for one in found]
    return Told(events, terms, revision0, parse_trust_file(trust_file(world.service)))


def restated(told: Told, device: Authenticator, **changes: Any) -> str:
    """The attestation made anew, of something else, by a device of the operator's."""
    honest = Confirmation.from_der(from_base64url(told.paper["attestation"]))
    statement = replace(PaperStatement.from_json(honest.statement), **changes)
    assertion = device.approve(statement.challenge())
    return to_base64url(Confirmation(statement.to_json(), assertion).to_der())


def by_a_rogue_device(told: Told) -> None:
    told.paper["attestation"] = restated(told, authenticator("a rogue"))


def under_another_name(told: Told) -> None:
    told.paper["attestation"] = restated(told, authenticator("a rogue"), officer="somebody")


def with_another_scan(told: Told) -> None:
    told.paper["document_sha256"] = sha256_hex(b"another page")


def on_an_older_mandate(told: Told) -> None:
    told.paper["mandate_sha256"] = "0" * 64


def against_the_rules(told: Told) -> None:
    told.terms = replace(told.terms, rules=replace(told.terms.rules, paper="refused"))


def of_another_text(told: Told) -> None:
    told.revision0 = "0" * 64


def by_an_officer_who_had_left(told: Told) -> None:
    assert told.trust is not None
    left = PaperStatement.from_json(Confirmation.from_der(from_base64url(told.paper["attestation"])).statement).time
    officers = tuple(replace(one, until=left - timedelta(days=1)) for one in told.trust.officers)
    told.trust = replace(told.trust, officers=officers)


def attested_by(told: Told, person_id: str) -> None:
    """By a device that the trust file gives to that person as an officer."""
    device = authenticator("an office")
    assert told.trust is not None
    officer = TrustedOfficer(person_id, "The Officer", (device.passkeys[-1].cose_key,))
    told.trust = replace(told.trust, officers=(*told.trust.officers, officer))
    told.paper["officer"] = person_id
    told.paper["attestation"] = restated(told, device, officer=person_id)


def by_the_officer_whose_own_it_is(told: Told) -> None:
    mandate = next(
        event
        for event in reversed(told.events)
        if event.get("mandate_sha256") == told.paper["mandate_sha256"] and event["type"] == "mandate"
    )
    attested_by(told, mandate["mandate"]["representative"]["id"])


def twice(told: Told) -> None:
    told.events.append({**told.paper, "sequence": told.events[-1]["sequence"] + 1})


LIES: list[tuple[Callable[[Told], None], str]] = [
    (by_a_rogue_device, "not one of officer"),
    (under_another_name, "whom the trust file does not name"),
    (with_another_scan, "another document"),
    (on_an_older_mandate, "not the signer's newest one"),
    (against_the_rules, "not allowed by the sealed rules"),
    (of_another_text, "another revision0"),
    (by_an_officer_who_had_left, "after leaving the secretariat"),
    (by_the_officer_whose_own_it_is, "whose own it is"),
    (twice, "not the signer's only one"),
]


def test_what_an_officer_attested_stands(told: Told):
    [paper], checks = told.judged()
    assert [check.verdict for check in checks] == [Verdict.PASSED]
    assert paper.counts


def test_what_another_officer_of_the_trust_file_attested_stands_as_well(told: Told):
    attested_by(told, "a-colleague")
    [paper], checks = told.judged()
    assert [check.verdict for check in checks] == [Verdict.PASSED]
    assert paper.officer == "The Officer"


@pytest.mark.parametrize(("lie", "reason"), LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_a_false_signature_on_paper_fails(told: Told, lie: Callable[[Told], None], reason: str):
    lie(told)
    _, checks = told.judged()
    [problem] = [check for check in checks if check.verdict is not Verdict.PASSED]
    assert problem.verdict is Verdict.FAILED
    assert reason in problem.message


def test_without_a_trust_file_nothing_is_known_of_who_attested(told: Told):
    told.trust = None
    papers, checks = told.judged()
    assert [check.verdict for check in checks] == [Verdict.INDETERMINATE]
    stated = PaperStatement.from_json(Confirmation.from_der(from_base64url(told.paper["attestation"])).statement)
    assert [paper.officer for paper in papers] == [stated.officer], "an id: whose it is, is not known"
