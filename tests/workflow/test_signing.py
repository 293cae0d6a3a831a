"""From publication to the archived PDF: who may sign when, what is stored once, and what a repeat answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from signing_service.errors import (
    ApprovalError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    VerificationError,
)
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.store import acts, agreements, openings, publisher
from signing_service.store.tables import Turn
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence, pdf
from signing_service.workflow.prepared import Prepared, Waiting
from signing_service.workflow.signing import Reprepared, complete_attempt
from tests.cast import ALES, HOA, LIN, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import SIGNERS, OneTimeKey, Signing, World


def test_the_whole_ceremony_ends_in_evidence_that_passes(world: World) -> None:
    world.publish()
    for person in SIGNERS:
        world.clock.forward(minutes=1)
        world.sign(person)
    world.countersign()
    world.archive()
    _, bundle = evidence(world.service, world.officer, world.agreement)
    report = verify_evidence(bundle, world)
    assert report.verdict is Verdict.PASSED, report


def test_nobody_signs_for_another_party(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.person_id = world.ids[LIN]
    with pytest.raises(NotFoundError):
        signing.approve()
    with pytest.raises(NotFoundError):
        signing.begin()


def test_a_wrong_password_approves_nothing(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    with pytest.raises(NotAllowedError, match="password"):
        signing.approve("not the password of anybody")
    with world.service.database.read() as session:
        assert not openings.of_type(session, world.agreement, "issuance")


def test_a_statement_that_was_not_begun_is_refused(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.attempt["statement"]["consent"] = "I give away the university."
    with pytest.raises(ApprovalError):
        signing.approve()


def test_a_signature_by_another_key_is_refused_and_nothing_is_stored(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    prepared = signing.approve()
    assert isinstance(prepared, Prepared)
    stranger = world.signing(LIN).key.sign(prepared.signed_attributes)
    attempt = signing.attempt["attempt"]
    with pytest.raises(VerificationError):
        complete_attempt(world.service, world.ids[SOMCHAI], attempt, stranger, prepared.revision)
    with world.service.database.read() as session:
        assert agreements.newest_end(session, world.agreement).number == 0


def test_approving_again_gives_the_same_certificate_and_asks_for_no_password(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    first = signing.approve()
    second = signing.approve("")
    assert isinstance(first, Prepared)
    assert isinstance(second, Prepared)
    assert (first.certificate, first.delta, first.signed_attributes) == (
        second.certificate,
        second.delta,
        second.signed_attributes,
    )


def test_an_approval_that_arrives_again_after_the_signature_holds_up_nobody(world: World) -> None:
    world.publish()
    late = world.signing(SOMCHAI)
    late.approve()
    late.complete()
    with pytest.raises(ConflictError, match="you have signed already"):
        late.approve()
    second = world.signing(LIN)
    assert isinstance(second.approve(), Prepared)
    second.complete()


def test_who_comes_second_waits_for_the_turn(world: World) -> None:
    world.publish()
    first, second = world.signing(SOMCHAI), world.signing(LIN)
    first.approve()
    assert isinstance(waiting := second.approve(), Waiting)
    assert waiting.place == 1
    first.complete()
    assert isinstance(second.approve(), Prepared)
    second.complete()


def test_who_waits_far_back_only_looks_until_the_lease_would_run_out(world: World) -> None:
    world.publish()
    ahead = [world.signing(person) for person in (SOMCHAI, LIN, HOA)]
    last = world.signing(ALES)
    for signing in (*ahead, last):
        signing.approve()
    queued = lease_of(world, last)
    world.clock.forward(seconds=4)
    assert isinstance(waiting := last.approve(), Waiting)
    assert (waiting.place, lease_of(world, last)) == (3, queued)
    world.clock.forward(seconds=4)
    last.approve()
    assert lease_of(world, last) == queued + timedelta(seconds=8), "else it ran out before the next question"
    for signing in ahead[1:]:  # the first one's browser is dead
        signing.approve()
    world.clock.forward(seconds=5)
    assert isinstance(ahead[1].approve(), Prepared)
    for signing in (*ahead[1:], last):
        signing.approve()
        signing.complete()


def lease_of(world: World, signing: Signing) -> datetime:
    with world.service.database.read() as session:
        return session.scalars(select(Turn.lease_until).where(Turn.attempt == signing.attempt["attempt"])).one()


def test_a_browser_that_died_loses_its_turn_and_may_still_sign_later(world: World) -> None:
    world.publish()
    dead, living = world.signing(SOMCHAI), world.signing(LIN)
    dead.approve()
    world.clock.forward(seconds=11)
    living.approve()
    living.complete()
    with pytest.raises(Reprepared) as caught:
        dead.complete()
    assert isinstance(caught.value.prepared, Prepared)
    dead.prepared = caught.value.prepared
    dead.complete()
    with world.service.database.read() as session:
        assert [row.signer for row in acts.signatures(session, world.agreement)] == [LIN.signer, SOMCHAI.signer]


def test_one_signer_signs_once(world: World) -> None:
    world.publish()
    world.sign(SOMCHAI)
    with pytest.raises(ConflictError):
        world.signing(SOMCHAI)


def test_two_attempts_of_one_signer_make_one_signature(world: World) -> None:
    world.publish()
    phone, laptop = world.signing(SOMCHAI), world.signing(SOMCHAI)
    phone.approve()
    phone.complete()
    with pytest.raises(ConflictError):
        laptop.approve()


def test_an_attempt_expires_and_nothing_is_signed(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    world.clock.forward(minutes=16)
    with pytest.raises(NotAllowedError, match="expired"):
        signing.approve()


def test_an_officer_countersigns_only_when_the_parties_are_complete(world: World) -> None:
    world.publish()
    world.sign(LIN)
    with pytest.raises(NotAllowedError, match="signatures are missing"):
        world.countersign()
    world.sign(SOMCHAI)
    world.sign(ALES)
    world.countersign()  # the guest has not signed, and counts for nothing


def test_a_guest_attests_but_is_not_waited_for(world: World) -> None:
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    with pytest.raises(NotAllowedError, match="countersigned and closed"):
        world.signing(HOA)


def test_revisions_are_only_ever_appended(world: World) -> None:
    world.publish()
    before = pdf(world.service, world.officer, world.agreement)
    world.sign(SOMCHAI)
    assert pdf(world.service, world.officer, world.agreement).startswith(before)
    assert pdf(world.service, world.officer, world.agreement, 0) == before


def test_the_event_names_the_very_revision(world: World) -> None:
    world.publish()
    world.sign(SOMCHAI)
    with world.service.database.read() as session:
        event = json.loads(openings.of_type(session, world.agreement, "signature")[0].event or b"")
        end = agreements.newest_end(session, world.agreement)
    assert (event["revision"], event["pdf_sha256"], event["pdf_length"]) == (1, end.sha256, end.length)


def test_an_attempt_that_is_not_approved_cannot_be_completed(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    with pytest.raises(NotAllowedError, match="not approved"):
        complete_attempt(world.service, world.ids[SOMCHAI], signing.attempt["attempt"], bytes(64), 1)


def test_a_one_time_key_serves_one_attempt(world: World) -> None:
    world.publish()
    first, second = world.signing(SOMCHAI), world.signing(LIN)
    second.key = first.key
    first.approve()
    with pytest.raises(ConflictError, match="one-time key"):
        second.approve()
    with world.service.database.read() as session:
        assert len(openings.of_type(session, world.agreement, "issuance")) == 1
    second.key = OneTimeKey()
    assert isinstance(second.approve(), Waiting)


def test_an_approved_attempt_takes_no_other_key(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.approve()
    signing.key = OneTimeKey()
    with pytest.raises(ConflictError, match="another key"):
        signing.approve()


def test_a_process_that_died_between_commit_and_checkpoint_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)

    class Killed(BaseException):
        pass

    def die(*_: object) -> bytes:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(publisher, "publish", die)
        with pytest.raises(Killed):
            signing.approve()
    signing.approve("")
    with monkeypatch.context() as patch:
        patch.setattr(publisher, "publish", die)
        with pytest.raises(Killed):
            signing.complete()
    verify_receipt(parse_receipt(signing.complete()), world.service.trust)
