"""Tests of verify/repeated.py and bundled.py: nothing beside a signed statement says anything else than it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from signing_service.approval import Confirmation, ConfirmationStatement
from signing_service.encoding import from_base64url, parse_canonical_json, sha256_hex, to_base64url
from signing_service.evidence.trust import format_trust_file
from signing_service.verify.report import Report
from signing_service.verify.verifier import verify_bundle
from tests.cast import SOMCHAI
from tests.verify.test_enrolments import of, renumbered, revocation_of
from tests.verify.world import LATER, Event, World, the_passkey_ceremony


@pytest.fixture(scope="module")
def world() -> World:
    return the_passkey_ceremony()


def judged(world: World, events: list[Event] | None = None, **changes: Any) -> Report:
    told = None if events is None else renumbered(events)
    return verify_bundle(world.bundle(told, **changes), world.trust(), LATER)


def refused_for(report: Report, reason: str) -> bool:
    return report.exit_code == 1 and any(reason in check.message for check in report.problems)


def changed(kind: str, **members: Any) -> Callable[[list[Event]], None]:
    def edit(events: list[Event]) -> None:
        next(event for event in events if event["type"] == kind).update(members)

    return edit


def restated(**members: Any) -> Callable[[list[Event]], None]:
    """Lin's confirmation with another statement; whoever signed it is not asked here."""

    def edit(events: list[Event]) -> None:
        event = of(events, "confirmation")
        confirmation = Confirmation.from_der(from_base64url(event["confirmation"]))
        stated = replace(ConfirmationStatement.from_json(confirmation.statement), **members)
        event["confirmation"] = to_base64url(replace(confirmation, statement=stated.to_json()).to_der())

    return edit


def never_used(events: list[Event]) -> list[Event]:
    """Another enrolment of Lin's, confirmed like the first, by whose passkey nobody approved anything."""
    enrolment, confirmation = copy.deepcopy(of(events, "enrolment")), copy.deepcopy(of(events, "confirmation"))
    at = events.index(of(events, "confirmation")) + 1
    enrolment["sequence"] = confirmation["enrolment"] = 900
    events[at:at] = [enrolment, confirmation]
    return [enrolment, confirmation]


def test_the_untouched_history_passes(world):
    assert judged(world, copy.deepcopy(world.events())).exit_code == 0


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (changed("confirmation", officer="somebody"), "(confirmation) says something else in officer than"),
        (changed("confirmation", method="phone"), "(confirmation) says something else in method than"),
        (restated(signer=SOMCHAI.signer), "(confirmation) says something else in signer than"),
        (restated(credential=sha256_hex(b"another")), "(confirmation) says something else in key_sha256 than"),
        (restated(mandate=sha256_hex(b"another")), "(confirmation) says something else in mandate_sha256 than"),
        (restated(agreement="a" * 26), "(confirmation) says something else in scope than"),
        (restated(time=LATER), "(confirmation) was recorded before the officer confirmed"),
        (restated(person=SOMCHAI.id), "(confirmation) differs in person from the enrolment that it names"),
        (changed("enrolment", key_sha256=sha256_hex(b"another")), "(enrolment) says something else in key_sha256 than"),
        (changed("mandate", mandate_sha256=sha256_hex(b"another")), "(mandate) says something else in mandate_sha256"),
        (changed("issuance", certificate_sha256=sha256_hex(b"x")), "says something else in certificate_sha256 than"),
        (changed("issuance", act="countersignature"), "(issuance) says something else in act than"),
        (changed("issuance", mandate_sha256=sha256_hex(b"x")), "(issuance) says something else in mandate_sha256 than"),
    ],
)
def test_an_event_that_contradicts_what_it_holds_is_refused(world, edit, reason):
    events = copy.deepcopy(world.events())
    edit(events)

    report = judged(world, events)

    assert refused_for(report, reason), [check.message for check in report.problems]


def test_an_enrolment_by_which_nobody_acted_is_compared_too(world):
    events = copy.deepcopy(world.events())
    never_used(events)
    assert judged(world, events).exit_code == 0

    events = copy.deepcopy(world.events())
    never_used(events)[1]["officer"] = "somebody"
    assert refused_for(judged(world, events), "(confirmation) says something else in officer than")

    events = copy.deepcopy(world.events())
    never_used(events)[0]["person"] = SOMCHAI.id
    assert refused_for(judged(world, events), "differs in person from the enrolment that it names")


def test_a_revocation_of_another_signers_enrolment_is_refused(world):
    events = copy.deepcopy(world.events())
    revocation = {**revocation_of(of(events, "enrolment")), "time": events[-1]["time"], "signer": SOMCHAI.signer}
    events.append(revocation)
    assert refused_for(judged(world, events), "(revocation) differs in signer from the enrolment that it names")


def test_a_confirmation_of_what_is_no_enrolment_is_refused(world):
    events = copy.deepcopy(world.events())
    never_used(events)[1]["enrolment"] = of(events, "confirmation")["sequence"]
    assert refused_for(judged(world, events), "names an enrolment that does not stand before it")


def test_a_trust_file_event_whose_digest_is_another_is_refused(world):
    data = format_trust_file(world.trust_file())
    event = {
        "v": 1,
        "type": "trust-file",
        "scope": "service",
        "sequence": 1,
        "time": world.events()[0]["time"],
        "file": parse_canonical_json(data.removesuffix(b"\n")),
        "sha256": sha256_hex(data),
        "reason": "a test",
    }
    events = copy.deepcopy(world.events())
    events.insert(1, event)
    assert judged(world, events).exit_code == 0
    event["sha256"] = sha256_hex(b"another")
    assert refused_for(judged(world, events), "(trust-file) says something else in sha256 than")


def test_certificates_pem_is_the_documents_list_and_no_other(world):
    whole = world.bundle_parts().certificates
    blocks = whole.split(b"-----BEGIN CERTIFICATE-----\n")[1:]
    again = [b"-----BEGIN CERTIFICATE-----\n" + block for block in blocks]
    assert len(blocks) == len(set(blocks)) > 4
    for certificates in (
        b"".join(again[1:]),
        b"".join([*again, again[0]]),
        b"".join(reversed(again)),
        b"# read this first\n" + whole,
        whole.replace(b"\n", b"\r\n"),
        b"",
    ):
        assert refused_for(judged(world, certificates=certificates), "is not the list of the document's certificates")


def test_a_document_that_no_mandate_rests_on_is_refused(world):
    page = b"%PDF-1.7\n% somebody else's full powers\n%%EOF\n"
    report = judged(world, mandates={sha256_hex(page): page})
    assert refused_for(report, "no mandate in the record rests on mandates/")
