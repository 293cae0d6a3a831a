"""Keys that were replaced after the auditor's trust file: the later file is named, and no forger gains by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.ceremony.authenticator import Authenticator
from signing_service.cli import main
from signing_service.errors import VerificationError
from signing_service.evidence import TrustFile, format_trust_file
from signing_service.evidence.record_keys import RetiredKey
from signing_service.evidence.succession import (
    sign_succession,
    succession_challenge,
    unsigned_predecessor,
    verify_succession,
)
from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.pki.timestamps import BuiltInAuthority, TimestampToken
from signing_service.record.cosignature import Cosigner
from signing_service.record.note import Signer, format_verifier_key
from signing_service.record.proof import Proof, format_proof, parse_proof
from signing_service.verify.report import Report
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Step, SubIndication, Verdict
from signing_service.verify.verifier import verify_bundle
from tests.approval.cast import authenticator
from tests.cast import LIN, OFFICER, ORIGIN, SOMCHAI
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.verify.test_later_trust import event
from tests.verify.test_successors import RECORD_KEY, named
from tests.verify.world import LATER, Event, World, the_passkey_ceremony

NEXT_KEY = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
THIRD_KEY = Ed25519PrivateKey.from_private_bytes(b"\3" * 32)
RETIRED_AT = 3  # entries that the record had when its first key was replaced
By = Authenticator | Ed25519PrivateKey


def successor(old: TrustFile, by: By, **changes: object) -> TrustFile:
    new = replace(old, predecessor=unsigned_predecessor(format_trust_file(old)), **changes)  # type: ignore[arg-type]
    return sign_succession(new, by if isinstance(by, Ed25519PrivateKey) else by.approve(succession_challenge(new)))


def rotated(old: TrustFile, by: By, key: Ed25519PrivateKey = NEXT_KEY, size: int = RETIRED_AT) -> TrustFile:
    retired = (*old.retired_record_keys, RetiredKey(old.record_key, size))
    return successor(old, by, record_key=Signer(ORIGIN, key).verifier_key, retired_record_keys=retired)


@pytest.fixture(scope="module")
def world() -> World:
    """The record is signed by its next key."""
    return replace(the_passkey_ceremony(), log=Signer(ORIGIN, NEXT_KEY))


@pytest.fixture(scope="module")
def paper(world: World) -> TrustFile:
    """The file whose fingerprint is on paper, from before."""
    return world.trust_file(record_key=Signer(ORIGIN, RECORD_KEY).verifier_key)


@pytest.fixture(scope="module")
def mei(world: World) -> Authenticator:
    return world.ceremony.passkeys[OFFICER.id]


def history(world: World, *told: TrustFile) -> list[Event]:
    """The service began with its first key, and tells these trust files."""
    events = world.events()
    events[0]["record_key"] = format_verifier_key(Signer(ORIGIN, RECORD_KEY).verifier_key)
    events[1:1] = [event(number, file) for number, file in enumerate(told, 1)]
    return events


def verify(world: World, trusted: TrustFile, *told: TrustFile) -> Report:
    return verify_bundle(world.bundle(history(world, *told)), read_trust([format_trust_file(trusted)]), LATER)


def asks_for(report: Report, file: TrustFile) -> bool:
    return any(fingerprint_text(fingerprint(format_trust_file(file))) in hint for hint in report.hints)


@pytest.mark.parametrize("signer", ["the record's key", "an officer"])
def test_a_record_signed_by_its_next_key_is_open_and_the_later_file_is_named(world, paper, mei, signer):
    later = rotated(paper, RECORD_KEY if signer == "the record's key" else mei)
    report = verify(world, paper, later)

    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert {one.step for one in report.problems} == {Step.RECORD}
    assert report.indication is SubIndication.NO_POE
    assert asks_for(report, later)
    assert verify(world, later, later).verdict is Verdict.PASSED, "with the later file everything is decided"


def test_the_newest_file_after_two_rotations_is_the_one_to_get(world, paper):
    second = rotated(paper, RECORD_KEY)
    third = rotated(second, NEXT_KEY, THIRD_KEY, 1000)
    report = verify(replace(world, log=Signer(ORIGIN, THIRD_KEY)), paper, second, third)

    assert report.verdict is Verdict.INDETERMINATE, report.problems
    assert asks_for(report, third)


def test_the_command_says_which_file_to_get_and_accepts_it_and_the_chain_to_it(world, paper, tmp_path, capsys):
    later = rotated(paper, RECORD_KEY)
    old, new, bundle = (tmp_path / name for name in ("paper.json", "later.json", "evidence.zip"))
    old.write_bytes(format_trust_file(paper))
    new.write_bytes(format_trust_file(later))
    bundle.write_bytes(world.bundle(history(world, later)))

    assert run("--trust", old, bundle) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert fingerprint_text(fingerprint(new.read_bytes())) in said
    assert run("--trust", old, new) == 0
    assert run("--trust", new, bundle) == 0


def run(*words: str | Path) -> int:
    return main(["verify", "--at", f"{LATER:%Y-%m-%dT%H:%M:%SZ}", *map(str, words)])


Forged = Callable[[World, TrustFile, Authenticator], list[TrustFile]]


def no_file(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return []


def a_file_signed_by_the_new_key(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [rotated(paper, NEXT_KEY)]


def a_file_that_keeps_no_history(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [successor(paper, mei, record_key=Signer(ORIGIN, NEXT_KEY).verifier_key)]


def a_file_with_the_signature_of_another(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    signed = rotated(paper, RECORD_KEY, THIRD_KEY)
    return [replace(signed, record_key=Signer(ORIGIN, NEXT_KEY).verifier_key)]


def the_genuine_rotation_to_another_key(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [rotated(paper, RECORD_KEY, THIRD_KEY)]


def a_file_behind_a_missing_one(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [rotated(successor(paper, mei, name="Another name"), RECORD_KEY)]


def a_chain_of_its_own(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [rotated(replace(paper, officers=()), RECORD_KEY)]


def a_file_of_another_origin(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [replace(rotated(paper, RECORD_KEY), web_origin="https://other.example")]


def two_files_that_succeed(world: World, paper: TrustFile, mei: Authenticator) -> list[TrustFile]:
    return [rotated(paper, RECORD_KEY), rotated(paper, RECORD_KEY, THIRD_KEY)]


@pytest.mark.parametrize(
    "told",
    [
        no_file,
        a_file_signed_by_the_new_key,
        a_file_that_keeps_no_history,
        a_file_with_the_signature_of_another,
        the_genuine_rotation_to_another_key,
        a_file_behind_a_missing_one,
        a_chain_of_its_own,
        a_file_of_another_origin,
        two_files_that_succeed,
    ],
)
def test_a_record_signed_by_a_key_that_no_successor_names_stays_failed(world, paper, mei, told: Forged):
    report = verify(world, paper, *told(world, paper, mei))

    assert report.verdict is Verdict.FAILED
    assert not any("a later trust file is needed" in hint for hint in report.hints)


def test_the_old_key_signs_no_further_once_a_trust_file_retires_it(world, paper):
    later = rotated(paper, RECORD_KEY)
    stolen = replace(world, log=Signer(ORIGIN, RECORD_KEY))

    assert verify(stolen, later, later).verdict is Verdict.FAILED
    third = rotated(later, NEXT_KEY, THIRD_KEY, 1000)
    assert verify(stolen, later, later, third).verdict is Verdict.FAILED, "no later file gives it back"


def test_what_is_forged_otherwise_stays_failed_whatever_later_file_is_named(world, paper):
    later = rotated(paper, RECORD_KEY)
    events = history(world, later)
    signature = next(one for one in events if one["type"] == "signature")
    signature["pdf_sha256"] = "0" * 64
    report = verify_bundle(world.bundle(events), read_trust([format_trust_file(paper)]), LATER)

    assert report.verdict is Verdict.FAILED


def test_a_broken_proof_stays_failed_under_the_rotated_key(world, paper):
    later = rotated(paper, RECORD_KEY)
    parts = world.bundle_parts(history(world, later))
    proof = parse_proof(parts.proofs[0])
    changed = format_proof(Proof(0, tuple(reversed(proof.hashes)), proof.checkpoint))
    data = world.bundle(history(world, later), proofs={**parts.proofs, 0: changed})
    report = verify_bundle(data, read_trust([format_trust_file(paper)]), LATER)

    assert report.verdict is Verdict.FAILED


def test_witnesses_who_came_later_are_those_of_the_later_file(world, paper, mei):
    first, second = (Cosigner(f"w{number}.example", key) for number, key in enumerate((NEXT_KEY, THIRD_KEY)))
    held = replace(world, log=Signer(ORIGIN, RECORD_KEY), witnesses=(second,))
    trusted = replace(paper, quorum=1, witnesses=(first.verifier_key,))
    later = successor(trusted, mei, witnesses=(first.verifier_key, second.verifier_key))
    report = verify(held, trusted, later)

    assert report.verdict is Verdict.INDETERMINATE
    assert asks_for(report, later)
    assert verify(held, later, later).verdict is Verdict.PASSED
    alone = verify(held, trusted)
    assert alone.hints == ("cosignatures may have arrived since: get the evidence anew",)


class StampedElsewhere(Ceremony):
    """A ceremony whose signatures another alliance's authority stamps; its archive timestamp is the service's own."""

    elsewhere = keystore_in_memory()

    def _timestamp(self, data: bytes) -> TimestampToken:
        return BuiltInAuthority(self.elsewhere).timestamp(sha256(data).digest(), self.now)


def stamped_elsewhere() -> tuple[World, list[Event]]:
    ceremony = StampedElsewhere.held((LIN, SOMCHAI))
    world = World(ceremony, Signer(ORIGIN, RECORD_KEY))
    events = world.events()
    for one in events:
        if one["type"] in ("signature", "countersignature"):
            one["timestamp"] = {**one["timestamp"], "independent": True}
    return world, events


def test_a_timestamp_authority_that_came_later_is_that_of_the_later_file(mei):
    world, events = stamped_elsewhere()
    trusted = world.trust_file(officers=(named(OFFICER, mei),))
    later = successor(trusted, mei, timestamp_anchors=(StampedElsewhere.elsewhere.root,))
    forged = successor(trusted, authenticator(), timestamp_anchors=(StampedElsewhere.elsewhere.root,))
    reports = {}
    for name, file in (("honest", later), ("forged", forged)):
        told = [events[0], event(1, file), *events[1:]]
        reports[name] = verify_bundle(world.bundle(told), read_trust([format_trust_file(trusted)]), LATER)

    assert reports["honest"].verdict is Verdict.INDETERMINATE, reports["honest"].problems
    assert asks_for(reports["honest"], later)
    assert reports["forged"].verdict is Verdict.INDETERMINATE
    assert not any("a later trust file is needed" in hint for hint in reports["forged"].hints)
    told = [events[0], event(1, later), *events[1:]]
    assert verify_bundle(world.bundle(told), read_trust([format_trust_file(later)]), LATER).verdict is Verdict.PASSED


def test_another_root_is_never_a_matter_of_a_later_file(world, paper, mei):
    moved = successor(paper, mei, root=keystore_in_memory().root)
    own = replace(paper, root=moved.root)
    report = verify(world, own, successor(own, mei, root=world.ceremony.keystore.root))

    assert report.verdict is Verdict.FAILED
    assert not any("a later trust file is needed" in hint for hint in report.hints)
    with pytest.raises(VerificationError, match="fixed for ever"):
        verify_succession(format_trust_file(paper), format_trust_file(moved))
