"""Passkeys, what they were enrolled and confirmed for, the challenges that they answer, and one-time-code seeds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id, Sha256, SignerId

_WAITING = text("state = 'waiting'")


class Credential(Base):
    """A person's passkey; its kind never changes, so that one for login can never approve."""

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("kind IN ('login', 'approval', 'officer')", name="kind"),
        Index("ix_credentials_person", "person"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """``login``; ``approval``, a representative's for acts; ``officer``, for confirmations and countersignatures."""
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    """The authenticator's own name for it."""
    key: Mapped[bytes]
    """COSE_Key."""
    key_sha256: Mapped[str] = mapped_column(Sha256, unique=True)
    counter: Mapped[int] = mapped_column(Big)
    """The highest signature counter seen; synced passkeys stay at 0."""
    backup_eligible: Mapped[bool]
    backed_up: Mapped[bool]
    created: Mapped[datetime]
    last_used: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    """From then on it is not accepted."""


class Enrolment(Base):
    """An approval credential for one mandate, and the officer's confirmation that it is that person's."""

    __tablename__ = "enrolments"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'revoked')", name="state"),
        UniqueConstraint("credential", "mandate"),
        Index("ix_enrolments_agreement_signer", "agreement", "signer"),
        Index("ix_enrolments_mandate", "mandate"),
        Index("ix_enrolments_waiting", "entry_index", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    credential: Mapped[str] = mapped_column(Id, ForeignKey("credentials.id"))
    mandate: Mapped[str] = mapped_column(Id, ForeignKey("mandates.id"))
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    signer: Mapped[str] = mapped_column(SignerId)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    created: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)
    officer: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    method: Mapped[str | None] = mapped_column(String(16))
    """How the officer compared the code: ``in-person``, ``video`` or ``phone``."""
    confirmed: Mapped[datetime | None]
    confirmation_index: Mapped[int | None] = mapped_column(Big, ForeignKey("entries.index"), unique=True)
    revoked: Mapped[datetime | None]
    revocation_index: Mapped[int | None] = mapped_column(Big, ForeignKey("entries.index"), unique=True)


class Challenge(Base):
    """A challenge that was handed out; answering it takes it away, so no answer counts twice."""

    __tablename__ = "challenges"
    __table_args__ = (Index("ix_challenges_expires", "expires"),)

    challenge: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    person: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    """None at login, where nobody is known yet."""
    about: Mapped[bytes]
    """What it was made for, such as the confirmation's statement; empty where nothing more is to be remembered."""
    expires: Mapped[datetime]


class CodeSeed(Base):
    """The seed of a person's time-based one-time codes (RFC 6238), encrypted under a key outside the database."""

    __tablename__ = "code_seeds"

    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"), primary_key=True)
    sealed: Mapped[bytes]
    """Nonce and AES-256-GCM ciphertext; the person's id is authenticated with it."""
    last_step: Mapped[int] = mapped_column(Big)
    """The time step of the last accepted code: none is accepted twice."""
    created: Mapped[datetime]
    confirmed: Mapped[datetime | None]
    """When the person first typed a right code; before that it does not count."""
    admitted: Mapped[datetime | None]
    """When an officer compared the check words with the person: before that the codes approve no signature."""
    officer: Mapped[str | None] = mapped_column(Id)
