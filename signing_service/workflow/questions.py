"""Asking the secretariat: a representative's question about an agreement, and an officer's answer.

Correspondence, not an act: it has no legal effect, so the record holds nothing of it, and it can be erased. Both are
told by mail; the log names neither words nor people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.names import check_characters
from signing_service.agreement.terms import Terms
from signing_service.errors import InputError, NotAllowedError
from signing_service.store import agreements, people, questions
from signing_service.store.tables import Person, Question
from signing_service.workflow.download import check_reader
from signing_service.workflow.notification import tell_about_answer, tell_about_question
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service

MAX_TEXT = 4000  # characters of a question or an answer
MAX_WAITING = 10  # unanswered questions of one person about one agreement


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question as its people see it."""

    id: int
    name: str
    """Who asked."""
    native_name: str | None
    text: str
    asked: datetime
    answer: str | None
    answered: datetime | None


def ask(service: Service, person_id: str, agreement_id: str, text: str) -> None:
    """Ask, and tell the officers.

    Raises InputError on a text that is empty, too long or cannot be shown, NotFoundError for all but the agreement's
    people, NotAllowedError while too many questions of the person wait.
    """
    text = clean_text(text)
    now = service.clock()
    with service.database.begin() as session:
        check_reader(session, person_id, agreement_id)
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        own = questions.of_agreement(session, agreement_id, person_id)
        if sum(question.answered is None for question in own) >= MAX_WAITING:
            raise NotAllowedError("many questions of yours wait already", hint="wait for the answers")
        questions.ask(session, agreement_id, person_id, text, now=now)
        tell_about_question(session, service, terms, people.get(session, person_id), text, now)


def answer(service: Service, officer_id: str, agreement_id: str, question_id: int, text: str) -> None:
    """Answer, and tell who asked; raises as ``ask``, and ConflictError where another officer was faster."""
    text = clean_text(text)
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "secretariat")
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        question = questions.answer(session, agreement_id, question_id, officer_id, text, now=now)
        asked, officer = people.get(session, question.person), people.get(session, officer_id)
        said: dict[str, str | Person] = {"question": question.text, "answer": text, "officer": officer}
        tell_about_answer(session, service, terms, asked, now, **said)


def own_questions(service: Service, person_id: str, agreement_id: str) -> list[QuestionView]:
    """A person's own questions, the newest first; raises NotFoundError."""
    with service.database.read() as session:
        check_reader(session, person_id, agreement_id)
        return _views(session, questions.of_agreement(session, agreement_id, person_id))


def all_questions(service: Service, officer_id: str, agreement_id: str) -> list[QuestionView]:
    """Everybody's questions, the newest first; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        agreements.get(session, agreement_id)
        return _views(session, questions.of_agreement(session, agreement_id))


def unanswered(service: Service, officer_id: str) -> dict[str, int]:
    """How many questions wait for an answer, by agreement; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        return questions.unanswered(session)


def _views(session: Session, found: list[Question]) -> list[QuestionView]:
    asked = [(one, people.get(session, one.person)) for one in found]
    return [
        QuestionView(one.id, who.name, who.native_name, one.text, one.asked, one.answer, one.answered)
        for one, who in asked
    ]


def clean_text(text: str) -> str:
    """The text in NFC with its lines; raises InputError where it is empty, too long or cannot be shown."""
    lines = text.replace("\r\n", "\n").replace("\t", " ").strip().split("\n")
    cleaned = "\n".join(check_characters(line, what="the text").rstrip() for line in lines)
    if not 0 < len(cleaned) <= MAX_TEXT:
        raise InputError(
            "the text has %(count)s characters", hint="write 1 to %(limit)s", count=len(cleaned), limit=MAX_TEXT
        )
    return cleaned
