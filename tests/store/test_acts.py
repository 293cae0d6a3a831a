from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import acts, attempts, ledger, mandates
from signing_service.store.database import Database
from signing_service.store.tables import ArchiveTimestamp, Refusal, Withdrawal
from tests.cast import NOON, OFFICER, SAULE, SECOND_OFFICER, SOMCHAI, SOPHEA
from tests.store.world import (
    AGREEMENT,
    add_person,
    begin_attempt,
    give_mandate,
    publish_agreement,
    sign,
)

SECRETARIAT = "secretariat:officer"


# -- mandates


def test_a_signer_has_one_representative_at_a_time(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        first = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
    with pytest.raises(ConflictError, match="andaman:president has a mandate already"), database.begin() as session:
        give_mandate(session, add_person(session, SOPHEA), "andaman:president")

    with database.begin() as session:
        mandates.revoke(session, first.id, now=NOON)
        mandates.revoke(session, first.id, now=NOON + timedelta(seconds=10))
        second = give_mandate(session, add_person(session, SOPHEA), "andaman:president")
    with database.read() as session:
        assert mandates.in_force(session, AGREEMENT, "andaman:president").id == second.id
        assert mandates.get(session, first.id).revoked == NOON


def test_officers_hold_their_mandates_side_by_side_but_once_each(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        officer = add_person(session, OFFICER)
        give_mandate(session, officer, SECRETARIAT)
        give_mandate(session, add_person(session, SECOND_OFFICER), SECRETARIAT)

    with pytest.raises(ConflictError), database.begin() as session:
        give_mandate(session, officer, SECRETARIAT)


def test_one_person_may_act_for_two_parties(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        saule = add_person(session, SAULE)
        given = {give_mandate(session, saule, signer).id for signer in ("steppe:secretary", "tonle:president")}

    with database.read() as session:
        assert {mandate.id for mandate in mandates.of_person(session, saule.id)} == given
        signers = [mandate.signer for mandate, person in mandates.of_agreement(session, AGREEMENT)]
        assert signers == ["steppe:secretary", "tonle:president"]


def test_a_signer_without_a_mandate_is_not_found(database: Database):
    with database.read() as session:
        with pytest.raises(NotFoundError, match="tonle:president has no mandate"):
            mandates.in_force(session, AGREEMENT, "tonle:president")
        with pytest.raises(NotFoundError):
            mandates.get(session, "nothing")


# -- attempts


def test_an_attempt_is_kept_step_by_step(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        attempt = begin_attempt(session, mandate)
    with database.begin() as session:
        locked = attempts.find(session, attempt.id, lock=True)
        attempts.change(session, locked.id, state="complete", receipt=b"{}", completed=NOON)

    with database.read() as session:
        assert attempts.find(session, attempt.id) == replace(attempt, state="complete", receipt=b"{}", completed=NOON)
        newest = attempts.newest(session, AGREEMENT, "andaman:president", mandate.person)
        assert newest is not None
        assert newest.id == attempt.id


def test_a_one_time_key_serves_one_attempt(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        begin_attempt(session, mandate, spki=b"a key")

    with pytest.raises(ConflictError), database.begin() as session:
        begin_attempt(session, mandate, spki=b"a key")


def test_an_unknown_attempt_is_not_found(database: Database):
    with database.begin() as session:
        for lock in (False, True):
            with pytest.raises(NotFoundError):
                attempts.find(session, "nothing", lock=lock)


# -- acts


def test_a_signature_is_stored_with_its_revision(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        sign(session, give_mandate(session, add_person(session, SOPHEA), "tonle:president"))
        sign(session, give_mandate(session, add_person(session, SOMCHAI), "andaman:president"))

    with database.read() as session:
        stored = [(signature.signer, signature.revision) for signature in acts.signatures(session, AGREEMENT)]
        assert stored == [("tonle:president", 1), ("andaman:president", 2)]
        assert acts.signature(session, AGREEMENT, "tonle:president") is not None
        assert acts.signature(session, AGREEMENT, "steppe:secretary") is None


def test_a_signer_signs_once(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOPHEA), "tonle:president")
        sign(session, mandate)

    with pytest.raises(ConflictError, match="tonle:president has signed already"), database.begin() as session:
        sign(session, mandate)


def test_a_one_time_certificate_signs_once(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        first = sign(session, give_mandate(session, add_person(session, SOPHEA), "tonle:president"))

    with pytest.raises(ConflictError), database.begin() as session:
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        sign(session, mandate, certificate_sha256=first.certificate_sha256)


def test_refusals_and_a_withdrawal_are_stored_once(database: Database):
    def refuse(person: str, mandate: str) -> None:
        with database.begin() as session:
            index = ledger.append(session, AGREEMENT, "refusal", {}, NOON).index
            row = Refusal(agreement=AGREEMENT, signer="tonle:president", person=person, mandate=mandate, time=NOON)
            row.reason, row.entry_index = "the senate did not agree", index
            acts.add_refusal(session, row)

    def withdraw(officer: str) -> None:
        with database.begin() as session:
            index = ledger.append(session, AGREEMENT, "withdrawal", {}, NOON).index
            acts.add_withdrawal(
                session,
                Withdrawal(agreement=AGREEMENT, officer=officer, reason="a typo", time=NOON, entry_index=index),
            )

    with database.begin() as session:
        publish_agreement(session)
        sophea, officer = add_person(session, SOPHEA), add_person(session, OFFICER)
        mandate = give_mandate(session, sophea, "tonle:president")
    refuse(sophea.id, mandate.id)
    withdraw(officer.id)

    with pytest.raises(ConflictError, match="refused already"):
        refuse(sophea.id, mandate.id)
    with pytest.raises(ConflictError, match="withdrawn already"):
        withdraw(officer.id)
    with database.read() as session:
        done = [(one.kind, one.reason) for one in acts.summary(session, AGREEMENT)]
        assert done == [("refusal", "the senate did not agree"), ("withdrawal", "a typo")]
        assert ledger.read_frontier(session).size == 3


def test_a_countersigned_agreement_waits_for_its_archive_timestamp(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        sign(session, give_mandate(session, add_person(session, SOPHEA), "tonle:president"))
        assert acts.awaiting_archive(session) == []
        mandate = give_mandate(session, add_person(session, OFFICER), SECRETARIAT)
        countersignature = sign(session, mandate, "countersignature")
        assert acts.awaiting_archive(session) == [AGREEMENT]
        acts.add_archive_timestamp(
            session,
            ArchiveTimestamp(
                agreement=AGREEMENT,
                field="archive-1",
                revision=countersignature.revision,
                timestamp_time=NOON,
                timestamp_independent=True,
                material=b"{}",
                entry_index=ledger.append(session, AGREEMENT, "archive-timestamp", {}, NOON).index,
            ),
            NOON + timedelta(days=3650),
        )

    with database.read() as session:
        assert acts.awaiting_archive(session) == []
        assert [archive.field for archive in acts.archive_timestamps(session, AGREEMENT)] == ["archive-1"]


def test_what_awaits_its_archive_is_found_by_an_index(database: Database):
    with database.begin() as session:
        columns = {tuple(index["column_names"]) for index in inspect(session.connection()).get_indexes("signatures")}
    assert ("act", "entry_index") in columns
