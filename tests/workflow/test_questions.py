"""Asking the secretariat: who sees what, what is mailed, and that nothing of it is in the record or the log."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import select

from signing_service.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.store import openings
from signing_service.store.tables import OutboxMail
from signing_service.workflow.personal_export import export_person
from signing_service.workflow.questions import (
    MAX_TEXT,
    MAX_WAITING,
    all_questions,
    answer,
    ask,
    own_questions,
    unanswered,
)
from tests.cast import HOA, LIN, OFFICER, SOMCHAI
from tests.workflow.world import World

ASKED = "May our vice-president sign?\nShe holds full powers."


def mails(world: World, kind: str) -> list[OutboxMail]:
    with world.service.database.read() as session:
        return list(session.scalars(select(OutboxMail).where(OutboxMail.kind == kind)))


def test_a_question_is_mailed_and_answered_and_seen_by_both_and_by_nobody_else(world: World) -> None:
    world.publish()
    ask(world.service, world.ids[SOMCHAI], world.agreement, ASKED)
    [told] = mails(world, "question")
    assert told.recipient == OFFICER.email
    assert ASKED in told.text
    assert f"/secretariat/agreements/{world.agreement}/questions/" in told.text
    assert unanswered(world.service, world.officer) == {world.agreement: 1}

    [question] = all_questions(world.service, world.officer, world.agreement)
    answer(world.service, world.officer, world.agreement, question.id, "Yes.")
    [told] = mails(world, "answer")
    assert told.recipient == SOMCHAI.email
    assert "Yes." in told.text
    assert ASKED in told.text
    [seen] = own_questions(world.service, world.ids[SOMCHAI], world.agreement)
    assert (seen.text, seen.answer) == (ASKED, "Yes.")
    assert own_questions(world.service, world.ids[LIN], world.agreement) == []
    assert unanswered(world.service, world.officer) == {}


def test_a_second_answer_is_refused(world: World) -> None:
    world.publish()
    ask(world.service, world.ids[LIN], world.agreement, "When?")
    [question] = all_questions(world.service, world.officer, world.agreement)
    answer(world.service, world.officer, world.agreement, question.id, "On Friday.")
    with pytest.raises(ConflictError, match="answered already"):
        answer(world.service, world.officer, world.agreement, question.id, "On Monday.")


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MAX_TEXT + 1), "a\x00b", "a\u202eb"])
def test_what_cannot_be_a_question_is_refused(world: World, text: str) -> None:
    world.publish()
    with pytest.raises(InputError):
        ask(world.service, world.ids[LIN], world.agreement, text)


def test_only_officers_answer_and_only_the_agreements_people_ask(world: World) -> None:
    world.publish()
    ask(world.service, world.ids[LIN], world.agreement, "When?")
    with pytest.raises(NotAllowedError):
        all_questions(world.service, world.ids[HOA], world.agreement)
    with pytest.raises(NotAllowedError):
        answer(world.service, world.ids[HOA], world.agreement, 1, "Now.")
    with pytest.raises(NotFoundError):
        ask(world.service, world.ids[LIN], "a" * 26, "When?")


def test_nobody_heaps_up_questions(world: World) -> None:
    world.publish()
    for number in range(MAX_WAITING):
        ask(world.service, world.ids[LIN], world.agreement, f"Question {number}?")
    with pytest.raises(NotAllowedError, match="wait already"):
        ask(world.service, world.ids[LIN], world.agreement, "One more?")


def test_the_record_and_the_log_know_nothing_of_it_and_the_persons_export_all(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish()
    with world.service.database.read() as session:
        before = len(openings.of_scope(session, world.agreement))
    with caplog.at_level(logging.DEBUG):
        ask(world.service, world.ids[LIN], world.agreement, "Is the annex binding?")
    assert "annex" not in caplog.text
    with world.service.database.read() as session:
        assert len(openings.of_scope(session, world.agreement)) == before
    assert export_person(world.service, LIN.email)["rows"]["questions"][0]["text"] == "Is the annex binding?"
