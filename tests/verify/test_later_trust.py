"""Who verifies with an earlier trust file is told to get a later one; a forged chain in the bundle moves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import canonical_json, format_time, sha256_hex
from signing_service.evidence import TrustedOfficer, TrustFile, format_trust_file
from signing_service.evidence.event_lines import BundledEvent, EventLine
from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.record.entry import make_entry, parse_entry
from signing_service.record.note import Signer
from signing_service.verify.later_trust import MOST_FOLLOWED, LaterTrust
from signing_service.verify.report import Report
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle
from tests.approval.cast import authenticator
from tests.cast import NOON, OFFICER, ORIGIN, SECOND_OFFICER
from tests.verify.test_successors import RECORD_KEY, Chain, named
from tests.verify.world import LATER, Event, World, the_passkey_ceremony


@pytest.fixture(scope="module")
def world() -> World:
    """Mei confirmed every passkey and countersigned."""
    return replace(the_passkey_ceremony(), log=Signer(ORIGIN, RECORD_KEY))


@pytest.fixture(scope="module")
def ruslan() -> Authenticator:
    return authenticator(SECOND_OFFICER.id)


@pytest.fixture
def paper(world: World, ruslan: Authenticator) -> TrustFile:
    """The file whose fingerprint is on paper: it names Ruslan alone."""
    return world.trust_file(officers=(named(SECOND_OFFICER, ruslan),))


def mei(world: World) -> TrustedOfficer:
    return world.trust_file().officers[0]


def verify(world: World, trusted: TrustFile, *told: TrustFile, spoilt: bool = False) -> Report:
    """The bundle whose service tells these trust files, verified with ``trusted``."""
    events = world.events()
    events[1:1] = [event(number, file) for number, file in enumerate(told, 1)]
    if spoilt:
        enrolment = next(one for one in events if one["type"] == "enrolment")
        enrolment["mandate_sha256"] = sha256_hex(b"another")
    return verify_bundle(world.bundle(events), read_trust([format_trust_file(trusted)]), LATER)


def event(sequence: int, file: TrustFile) -> Event:
    data = format_trust_file(file)
    assert data == canonical_json(file.to_value()) + b"\n"
    plain: dict[str, Any] = {"v": 1, "scope": "service", "sequence": sequence, "type": "trust-file"}
    plain |= {"time": format_time(NOON), "reason": "officer-added"}
    return {**plain, "file": file.to_value(), "sha256": sha256_hex(data)}


def successor(old: TrustFile, by: Authenticator | Ed25519PrivateKey, *added: TrustedOfficer) -> TrustFile:
    return Chain.after(old, by, *old.officers, *added)


def test_it_is_open_and_names_the_later_file_and_the_officer(world, paper, ruslan):
    later = successor(paper, ruslan, mei(world))
    report = verify(world, paper, later)

    assert report.verdict is Verdict.INDETERMINATE, report.problems
    printed = fingerprint_text(fingerprint(format_trust_file(later)))
    hint = (
        f"a later trust file is needed (SHA-256 fingerprint {printed}): get it from elsewhere, check that it follows "
        "with `verify --trust OLD NEW`, then verify with it"
    )
    assert list(report.hints) == [hint]
    said = [one.message for one in report.problems]
    assert f"the approval is by a passkey confirmed by {OFFICER.name}, whom the trust file does not name" in said
    assert "the approval is by a passkey that is not this officer's in the trust file" in said, "the countersignature"
    assert verify(world, later, later).verdict is Verdict.PASSED, "with the later file everything is decided"


def test_the_newest_file_of_a_longer_chain_is_the_one_to_get(world, paper, ruslan):
    second = successor(paper, ruslan, mei(world))
    third = Chain.after(second, ruslan, replace(second.officers[0], until=LATER), second.officers[1])
    report = verify(world, paper, second, third)

    assert report.verdict is Verdict.INDETERMINATE
    assert fingerprint_text(fingerprint(format_trust_file(third))) in report.hints[0]


def by_the_records_key(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    return [successor(paper, RECORD_KEY, mei(world))]


def by_the_officer_who_is_added(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    return [successor(paper, world.ceremony.passkeys[OFFICER.id], mei(world))]


def with_a_signature_of_another_file(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    good = successor(paper, ruslan)
    return [replace(good, officers=(*good.officers, mei(world)))]


def behind_a_missing_file(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    missing = successor(paper, ruslan)
    return [successor(missing, ruslan, mei(world))]


def behind_a_forged_file(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    forged = successor(paper, RECORD_KEY, mei(world))
    return [forged, successor(forged, world.ceremony.passkeys[OFFICER.id])]


def of_a_chain_of_its_own(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    own = replace(paper, officers=())
    return [successor(own, RECORD_KEY, mei(world))]


def that_name_other_officers(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    return [successor(paper, ruslan)]


def that_give_the_officer_another_key(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    return [successor(paper, ruslan, named(OFFICER, authenticator()))]


def none(world: World, paper: TrustFile, ruslan: Authenticator) -> list[TrustFile]:
    return []


@pytest.mark.parametrize(
    "told",
    [
        none,
        by_the_records_key,
        by_the_officer_who_is_added,
        with_a_signature_of_another_file,
        behind_a_missing_file,
        behind_a_forged_file,
        of_a_chain_of_its_own,
        that_name_other_officers,
        that_give_the_officer_another_key,
    ],
)
def test_trust_files_in_the_bundle_leave_it_failed(world, paper, ruslan, told):
    report = verify(world, paper, *told(world, paper, ruslan))

    assert report.verdict is Verdict.FAILED
    assert not any("a later trust file is needed" in hint for hint in report.hints)


def test_what_fails_under_the_later_file_too_stays_failed(world, paper, ruslan):
    report = verify(world, paper, successor(paper, ruslan, mei(world)), spoilt=True)

    assert report.verdict is Verdict.FAILED
    approval = next(one for one in report.problems if "is by a passkey that was enrolled for another" in one.message)
    assert approval.verdict is Verdict.FAILED


def test_of_files_that_a_forged_bundle_tells_without_end_no_more_are_read_than_an_alliance_makes(
    world: World, paper: TrustFile
):
    entry = make_entry(canonical_json(event(1, paper)), bytes(32), None)
    line = EventLine(BundledEvent(0, entry), parse_entry(entry), event(1, paper))

    assert len(LaterTrust.of(paper, [line] * 3).told) == 3
    assert len(LaterTrust.of(paper, [line] * (MOST_FOLLOWED + 100)).told) == MOST_FOLLOWED
