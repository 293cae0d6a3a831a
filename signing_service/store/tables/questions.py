"""Questions of representatives to the secretariat, and the answers: correspondence, without legal effect."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id

_UNANSWERED = text("answered IS NULL")


class Question(Base):
    """One question about one agreement; whoever asked it and the officers see it."""

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_agreement", "agreement"),
        Index("ix_questions_unanswered", "agreement", sqlite_where=_UNANSWERED, postgresql_where=_UNANSWERED),
    )

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    text: Mapped[str]
    asked: Mapped[datetime]
    answer: Mapped[str | None]
    answered: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
