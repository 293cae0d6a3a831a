"""Erasure: what a person may have erased is gone everywhere in the service, and what proves a signature stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.record.audit import audit
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.record.export import static_files, write_files
from signing_service.record.sources import folder_fetch
from signing_service.store import ledger, openings
from signing_service.store.integrity import check_everything
from signing_service.store.tables import OutboxMail, Refusal, Withdrawal
from signing_service.store.tree import read_entries
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approvals import Password
from signing_service.workflow.download import evidence
from signing_service.workflow.erasure import erase
from signing_service.workflow.history import history
from signing_service.workflow.proofs import newest_checkpoint
from signing_service.workflow.refusal import refuse
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, HOA, LIN, PASSWORD, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

REASON = "A private reason & more."
WHY = "asked for by the person"


def sequence_of(world: World, kind: str) -> int:
    with world.service.database.read() as session:
        return openings.of_type(session, world.agreement, kind)[0].sequence


def declined(world: World) -> World:
    """Published, and Hoa has declined."""
    world.publish()
    refuse(world.service, world.ids[HOA], world.agreement, HOA.signer, REASON, Password(PASSWORD))
    return world


def erase_first(world: World, kind: str) -> None:
    erase(world.service, world.agreement, sequence_of(world, kind), WHY)


def finish(world: World) -> None:
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    world.archive()


def test_a_refusal_can_be_erased_and_the_log_still_audits(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    declined(world)
    erase_first(world, "refusal")
    folder = tmp_path_factory.mktemp("log")
    with world.service.database.read() as session:
        note = newest_checkpoint(session)
        write_files(folder, static_files(note, lambda start, end: read_entries(session, start, end)))
    assert audit(folder_fetch(folder), [world.service.trust.record_key]).verdict == "PASSED"
    words = [line.text for line in history(world.service, world.officer, world.agreement)]
    assert not any(REASON in line for line in words)
    assert any("refusal: erased" in line for line in words)


def test_after_an_erasure_the_evidence_is_indeterminate_and_names_the_event(world: World) -> None:
    declined(world)
    finish(world)
    erase_first(world, "refusal")
    _, bundle = evidence(world.service, world.officer, world.agreement)
    assert REASON.encode() not in bundle
    report = verify_evidence(bundle, world)
    assert report.verdict is Verdict.INDETERMINATE
    assert any("refusal" in check.message and "erased" in check.message for check in report.checks)


def test_the_reason_is_in_no_row_no_mail_and_no_file_of_the_database(world: World) -> None:
    declined(world)
    erase_first(world, "refusal")
    with world.service.database.read() as session:
        assert session.scalars(select(Refusal.reason)).all() == [""]
        mails = list(session.scalars(select(OutboxMail).where(OutboxMail.kind.in_(("refused", "declined")))))
        assert {mail.kind for mail in mails} == {"refused", "declined"}
        assert [mail for mail in mails if "private" in mail.text + (mail.html or "")] == []
        check_everything(session, world.service.guard)
    url = world.service.database.url
    if url.get_backend_name() == "sqlite":
        for suffix in ("", "-wal"):
            with open(f"{url.database}{suffix}", "rb") as file:
                assert b"private reason" not in file.read()


@pytest.mark.parametrize("kind", ["mandate", "issuance", "signature"])
def test_what_proves_a_signature_is_kept(world: World, kind: str) -> None:
    world.publish()
    world.sign(LIN)
    with pytest.raises(NotAllowedError, match="legal claims"):
        erase_first(world, kind)


@pytest.mark.parametrize("kind", ["mandate", "revocation", "a-type-of-the-future"])
def test_what_a_signature_may_need_is_kept_while_it_can_be_given(world: World, kind: str) -> None:
    world.publish()
    with world.service.database.begin() as session:
        ledger.append(session, world.agreement, kind, {"signer": LIN.signer}, world.clock())
    with pytest.raises(NotAllowedError, match="can still be signed"):
        erase_first(world, kind)


def test_a_revocation_is_kept_once_somebody_has_signed(world: World) -> None:
    """Without it, an enrolment that was revoked would look as if it counted."""
    world.publish()
    world.sign(LIN)
    with world.service.database.begin() as session:
        ledger.append(session, world.agreement, "revocation", {"signer": LIN.signer, "reason": "lost"}, world.clock())
    with pytest.raises(NotAllowedError, match="legal claims"):
        erase_first(world, "revocation")


@pytest.mark.parametrize("kind", ["publication", "erased"])
def test_what_holds_nobodys_data_is_always_kept(world: World, kind: str) -> None:
    declined(world)
    erase_first(world, "refusal")
    withdraw(world.service, world.officer, world.agreement, "a mistake")
    with pytest.raises(NotAllowedError, match="holds nobody's data"):
        erase_first(world, kind)


def test_after_an_agreement_ended_unsigned_its_mandates_and_its_reason_can_go(world: World) -> None:
    world.publish()
    withdraw(world.service, world.officer, world.agreement, REASON)
    while True:
        with world.service.database.read() as session:
            left = [one for one in openings.of_type(session, world.agreement, "mandate", "withdrawal") if one.event]
        if not left:
            break
        erase(world.service, world.agreement, left[0].sequence, WHY)
    with world.service.database.read() as session:
        assert session.scalars(select(Withdrawal.reason)).all() == [""]
        stored = [one.event or b"" for one in openings.of_scope(session, world.agreement)]
        check_everything(session, world.service.guard)
    assert LIN.name.encode() not in b"".join(stored)
    assert REASON.encode() not in b"".join(stored)
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is not Verdict.PASSED


def test_an_event_is_erased_once_and_must_exist(world: World) -> None:
    declined(world)
    erase_first(world, "refusal")
    with pytest.raises(ConflictError):
        erase_first(world, "refusal")
    with pytest.raises(NotFoundError):
        erase(world.service, world.agreement, 999, "no such event")
    with pytest.raises(NotFoundError):
        erase(world.service, "a" * 26, 0, "no such agreement")
    with pytest.raises(NotAllowedError):
        erase(world.service, SERVICE_SCOPE, 0, "the service's own")
    with world.service.database.read() as session:
        assert len(openings.of_type(session, world.agreement, "erased")) == 1
