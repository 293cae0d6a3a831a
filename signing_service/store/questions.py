"""Questions and answers about an agreement.

Example::

    question = questions.ask(session, agreement, person.id, "May our vice-rector sign?", now=now)
    questions.answer(session, question.id, officer.id, "Yes, with a mandate.", now=now)
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store.tables import Question


def ask(session: Session, agreement: str, person: str, text: str, *, now: datetime) -> Question:
    """Keep a question."""
    question = Question(agreement=agreement, person=person, text=text, asked=now)
    session.add(question)
    session.flush()
    return question


def answer(session: Session, agreement: str, question_id: int, officer: str, text: str, *, now: datetime) -> Question:
    """Answer an agreement's question; raises NotFoundError, ConflictError where it is answered already."""
    query = select(Question).where(Question.id == question_id, Question.agreement == agreement).with_for_update()
    question = session.scalar(query)
    if question is None:
        raise NotFoundError("there is no such question")
    if question.answered is not None:
        raise ConflictError("this question is answered already")
    question.answer, question.answered, question.answered_by = text, now, officer
    session.flush()
    return question


def of_agreement(session: Session, agreement: str, person: str | None = None) -> list[Question]:
    """An agreement's questions, the newest first; only one person's, if one is given."""
    query = select(Question).where(Question.agreement == agreement)
    if person is not None:
        query = query.where(Question.person == person)
    return list(session.scalars(query.order_by(Question.id.desc())))


def unanswered(session: Session) -> dict[str, int]:
    """How many questions wait for an answer, by agreement."""
    query = select(Question.agreement, func.count()).where(Question.answered.is_(None)).group_by(Question.agreement)
    return dict(session.execute(query).all())
