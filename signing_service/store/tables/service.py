"""What belongs to the service itself: its identity, outgoing mail, rate limits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id

_FAILED = text("state = 'failed'")


class Installation(Base):
    """One row, written by ``init``: what may never change afterwards."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_url: Mapped[str]
    record_origin: Mapped[str]
    relying_party_id: Mapped[str]
    trust_file: Mapped[bytes]
    """The current trust.json (docs/formats.md 11)."""
    demo: Mapped[bool] = mapped_column(default=False)
    """Made by the demo: ``make run`` refuses any other database."""
    created: Mapped[datetime]


class OutboxMail(Base):
    """A mail, written in the transaction of the act that it tells about; sent by the worker."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        Index("ix_outbox_state_next_attempt", "state", "next_attempt"),
        Index("ix_outbox_agreement", "agreement"),
        Index("ix_outbox_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_outbox_message_id", "message_id", unique=True),
    )

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    recipient: Mapped[str] = mapped_column(String(254))
    person: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    agreement: Mapped[str | None] = mapped_column(Id, ForeignKey("agreements.id"))
    kind: Mapped[str] = mapped_column(String(32))
    locale: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime]
    next_attempt: Mapped[datetime]
    """Not before then; while a worker is sending it, the end of that worker's claim."""
    sent: Mapped[datetime | None]
    """When the mail server took it; a ``failed`` one that was taken came back."""
    error: Mapped[str | None]
    message_id: Mapped[str | None] = mapped_column(String(32))
    """What stands before its "@": 128 random bits, known to who got the mail. None until it is first sent."""


class RateCounter(Base):
    """A fixed window's counter of the rate limits."""

    __tablename__ = "rate_counters"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    count: Mapped[int]
    expires: Mapped[datetime]


class RateHit(Base):
    """One hit of a moving window of the rate limits."""

    __tablename__ = "rate_hits"
    __table_args__ = (Index("ix_rate_hits_key_time", "key", "time"),)

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    key: Mapped[str] = mapped_column(String(255))
    time: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)
