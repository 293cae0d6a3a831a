"""Who holds the server and its keys keeps a closed agreement open, and lacks an officer's passkey for it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from signing_service.agreement.terms import Terms
from signing_service.approval import Confirmation
from signing_service.approval.extension import ExtensionStatement
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import format_time, from_base64url, parse_canonical_json, to_base64url
from signing_service.evidence.bundle import read_bundle, write_bundle
from signing_service.evidence.trust import TrustFile, parse_trust_file
from signing_service.store import agreements, openings
from signing_service.verify.extensions import check_extensions
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.order import check_order
from signing_service.verify.report import AgreementReport, SignatureReport
from signing_service.verify.rules import check_rules
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Check, Checks, Verdict
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow.download import trust_file
from tests.approval.cast import authenticator
from tests.workflow.devices import Devices
from tests.workflow.test_extension import CLOSES, LATER, closing, evidence_of, signed_late
from tests.workflow.world import World

LONG_AFTER = CLOSES + timedelta(days=400)


@dataclass
class Told:
    """What a verifier is given."""

    events: list[dict[str, Any]]
    terms: Terms
    revision0: str
    trust: TrustFile | None
    officer: Authenticator
    """The officer's own device, for lies in which the officer takes part."""

    @property
    def extension(self) -> dict[str, Any]:
        return next(event for event in self.events if event["type"] == "extension")

    @property
    def statement(self) -> ExtensionStatement:
        attestation = Confirmation.from_der(from_base64url(self.extension["attestation"]))
        return ExtensionStatement.from_json(attestation.statement)

    def restate(self, device: Authenticator, **changes: Any) -> None:
        """Sign another statement with a device, and let the event say the same."""
        statement = replace(self.statement, **changes)
        assertion = device.approve(statement.challenge())
        self.extension["attestation"] = to_base64url(Confirmation(statement.to_json(), assertion).to_der())
        told = parse_canonical_json(statement.to_json())
        self.extension.update({name: told[name] for name in ("closes", "until", "reason", "officer")})

    def judged(self) -> list[Check]:
        """Steps 6 and 7 and the order of step 8, as far as the extension is concerned."""
        checks, report = Checks(), AgreementReport()
        later = LaterTrust(self.trust) if self.trust else None
        report.extensions = check_extensions(self.events, self.terms, self.revision0, later, checks)
        archive = SignatureReport(revision=9, kind="archive", field="archive-1")
        check_rules(self.terms, [archive], self.events, LONG_AFTER, checks, report)
        check_order(self.events, {}, checks)
        return [check for check in checks if check.verdict is not Verdict.PASSED]


@pytest.fixture
def told(world: World) -> Told:
    """An honest record in which Somchai signed after the sealed end and before the extended one."""
    devices = signed_late(closing(world))
    agreement = devices.world.agreement
    with world.service.database.read() as session:
        found = openings.of_scope(session, agreement)
        terms = Terms.from_json(agreements.get(session, agreement).terms)
        revision0 = agreements.ends(session, agreement)[0].sha256
    events = [parse_canonical_json(one.event or b"") for one in found]
    trust = parse_trust_file(trust_file(world.service))
    return Told(events, terms, revision0, trust, devices.device(world.officer))


def by_a_rogue_device(told: Told) -> None:
    told.restate(authenticator("a rogue"))


def under_another_name(told: Told) -> None:
    told.restate(authenticator("a rogue"), officer="somebody")


def longer_than_was_signed(told: Told) -> None:
    told.extension["until"] = format_time(LONG_AFTER)


def for_another_reason(told: Told) -> None:
    told.extension["reason"] = "because"


def of_another_text(told: Told) -> None:
    told.revision0 = "0" * 64


def against_the_rules(told: Told) -> None:
    told.terms = replace(told.terms, rules=replace(told.terms.rules, extension="refused"))


def by_an_officer_who_had_left(told: Told) -> None:
    assert told.trust is not None
    officers = tuple(replace(one, until=told.statement.time - timedelta(days=1)) for one in told.trust.officers)
    told.trust = replace(told.trust, officers=officers)


def from_an_end_that_never_was(told: Told) -> None:
    told.restate(told.officer, closes=CLOSES + timedelta(days=1))


def after_the_end_by_an_officer_who_says_so(told: Told) -> None:
    told.restate(told.officer, time=CLOSES)


def recorded_after_the_end(told: Told) -> None:
    told.extension["time"] = format_time(CLOSES)


def backdated_behind_the_late_signature(told: Told) -> None:
    """The officer takes part and writes it after the fact: the signature's own time gives it away."""
    extension = told.extension
    told.events.remove(extension)
    place = 1 + next(at for at, event in enumerate(told.events) if event.get("signer", "").startswith("andaman")
                     and event["type"] == "signature")  # fmt: skip
    told.events.insert(place, extension)


def never_made(told: Told) -> None:
    told.events.remove(told.extension)


LIES: list[tuple[Callable[[Told], None], str]] = [
    (by_a_rogue_device, "not one of officer"),
    (under_another_name, "whom the trust file does not name"),
    (longer_than_was_signed, "another until"),
    (for_another_reason, "another reason"),
    (of_another_text, "another revision0"),
    (against_the_rules, "let nobody extend"),
    (by_an_officer_who_had_left, "after leaving the secretariat"),
    (from_an_end_that_never_was, "not when it was to close"),
    (after_the_end_by_an_officer_who_says_so, "before it was signed"),
    (recorded_after_the_end, "when signing had closed"),
    (backdated_behind_the_late_signature, "before what the record or a timestamp tells earlier"),
    (never_made, "signing closed at"),
]


def test_what_an_officer_extended_in_time_stands(told: Told):
    assert told.judged() == []


def test_a_false_extension_fails_and_lets_no_late_signature_count(told: Told):
    for lie, reason in LIES:  # one honest record for all: it takes a second to make
        lied = deepcopy(told)
        lie(lied)
        failed = [problem.message for problem in lied.judged() if problem.verdict is Verdict.FAILED]
        assert any(reason in message for message in failed), (lie.__name__, failed)


def test_without_a_trust_file_nothing_is_known_of_who_extended(told: Told):
    told.trust = None
    assert [problem.verdict for problem in told.judged()] == [Verdict.INDETERMINATE]


def test_a_bundle_that_leaves_the_extension_out_fails(world: World):
    devices: Devices = signed_late(closing(world))
    bundle, trust = read_bundle(evidence_of(devices)), read_trust([trust_file(world.service)])
    assert verify_bundle(write_bundle(bundle), trust, world.clock.now).verdict is Verdict.PASSED

    left_out = next(line for line in bundle.events if b'"type":"extension"' in (line.event or b""))
    kept = tuple(line for line in bundle.events if line is not left_out)
    proofs = {index: proof for index, proof in bundle.proofs.items() if index != left_out.index}
    lying = replace(bundle, events=kept, proofs=proofs, complete=False)
    without = verify_bundle(write_bundle(lying), trust, world.clock.now)
    assert without.verdict is Verdict.FAILED
    assert any("signing closed at" in check.message for check in without.problems), without.problems


def test_the_statement_reads_back(told: Told):
    assert ExtensionStatement.from_json(told.statement.to_json()) == told.statement
    assert (told.statement.closes, told.statement.until) == (CLOSES, LATER)
