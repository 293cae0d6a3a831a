"""Signing attempts, their queue, and the acts that came of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id, Sha256, SignerId

_APPROVED = text("state = 'approved'")
_ONE_TIME = text("assurance <> 'own-certificate'")


class Attempt(Base):
    """One signing from "begin" to the receipt; each step is stored, so a repeat gives the same answer."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("state IN ('begun', 'approved', 'complete', 'expired')", name="state"),
        Index("ix_attempts_agreement_signer", "agreement", "signer"),
        Index("ix_attempts_approved", "person", sqlite_where=_APPROVED, postgresql_where=_APPROVED),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    signer: Mapped[str] = mapped_column(SignerId)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    mandate: Mapped[str] = mapped_column(Id, ForeignKey("mandates.id"))
    act: Mapped[str] = mapped_column(String(16))
    """``signature`` or ``countersignature``."""
    state: Mapped[str] = mapped_column(String(16), default="begun")
    created: Mapped[datetime]
    expires: Mapped[datetime]
    appearance: Mapped[bytes]
    """Body of the appearance stream (docs/formats.md 4)."""
    statement: Mapped[bytes]
    """Canonical JSON; all but "key" until the approval, then the whole (docs/formats.md 3)."""
    approval: Mapped[bytes | None]
    """DER."""
    spki: Mapped[bytes | None] = mapped_column(unique=True)
    """DER of the one-time public key; it serves one attempt only."""
    certificate: Mapped[bytes | None]
    """DER of the one-time certificate."""
    issuance_index: Mapped[int | None] = mapped_column(Big, ForeignKey("entries.index"))
    prepared_revision: Mapped[int | None]
    """The number that the prepared revision would have."""
    prepared_delta: Mapped[bytes | None]
    prepared_contents_offset: Mapped[int | None] = mapped_column(Big)
    prepared_startxref: Mapped[int | None] = mapped_column(Big)
    prepared_size: Mapped[int | None]
    signed_attributes: Mapped[bytes | None]
    """DER SET OF, for the prepared delta."""
    receipt: Mapped[bytes | None]
    """Canonical JSON of docs/formats.md 9, once complete."""
    completed: Mapped[datetime | None]
    own_certificate: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A reserved turn: the person signs with other software and uploads; no appearance, statement or one-time key."""


class Turn(Base):
    """A place in an agreement's queue; the lowest ticket with a running lease holds the turn."""

    __tablename__ = "turns"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    ticket: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    attempt: Mapped[str] = mapped_column(Id, ForeignKey("attempts.id"), unique=True)
    lease_until: Mapped[datetime]
    """Until then the browser behind the attempt must ask again, or it loses its place; a reserved turn ends then."""
    held_since: Mapped[datetime | None]
    """Since when nobody was ahead, so that a turn is not held for ever by renewing its lease."""


class Signature(Base):
    """A signature or countersignature that is part of the agreement; one for each signer and key."""

    __tablename__ = "signatures"
    __table_args__ = (
        ForeignKeyConstraint(["agreement", "revision"], ["revisions.agreement", "revisions.number"]),
        UniqueConstraint("agreement", "revision"),
        Index("ix_signatures_act_entry_index", "act", "entry_index"),
        Index(
            "uq_signatures_one_time",  # a one-time key signs once; somebody's own certificate signs for years
            "certificate_sha256",
            unique=True,
            sqlite_where=_ONE_TIME,
            postgresql_where=_ONE_TIME,
        ),
    )

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    signer: Mapped[str] = mapped_column(SignerId, primary_key=True)
    act: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    mandate: Mapped[str] = mapped_column(Id, ForeignKey("mandates.id"))
    attempt: Mapped[str | None] = mapped_column(Id, ForeignKey("attempts.id"), unique=True)
    certificate: Mapped[bytes]
    """DER."""
    certificate_sha256: Mapped[str] = mapped_column(Sha256)
    assurance: Mapped[str] = mapped_column(String(16))
    timestamp_time: Mapped[datetime]
    timestamp_independent: Mapped[bool]
    ocsp: Mapped[bytes | None]
    """DER of the OCSP response made just after the timestamp; goes into the DSS when archiving."""
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)
    material: Mapped[bytes | None]
    """With an own certificate: JSON of workflow.own_material, for the DSS and the bundle."""


class Refusal(Base):
    """A signer declined, with a reason."""

    __tablename__ = "refusals"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    signer: Mapped[str] = mapped_column(SignerId, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    mandate: Mapped[str] = mapped_column(Id, ForeignKey("mandates.id"))
    reason: Mapped[str]
    time: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)


class Paper(Base):
    """A signature on paper, attested by an officer; its scan is a document."""

    __tablename__ = "papers"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    signer: Mapped[str] = mapped_column(SignerId, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    mandate: Mapped[str] = mapped_column(Id, ForeignKey("mandates.id"))
    officer: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    document_sha256: Mapped[str] = mapped_column(Sha256, ForeignKey("documents.sha256"))
    media_type: Mapped[str] = mapped_column(String(32))
    signed_on: Mapped[date]
    """The day that stands on the page."""
    time: Mapped[datetime]
    """Of the attestation."""
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)


class Extension(Base):
    """An officer moved the end of signing to a later moment; the newest one counts."""

    __tablename__ = "extensions"
    __table_args__ = (Index("ix_extensions_agreement", "agreement"),)

    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), primary_key=True, autoincrement=False)
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    officer: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    until: Mapped[datetime]
    """The new end, UTC."""
    reason: Mapped[str]
    time: Mapped[datetime]


class ArchiveTimestamp(Base):
    """An archive delta: validation material and a document timestamp over the whole file."""

    __tablename__ = "archive_timestamps"
    __table_args__ = (
        ForeignKeyConstraint(["agreement", "revision"], ["revisions.agreement", "revisions.number"]),
        UniqueConstraint("agreement", "revision"),
    )

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(16), primary_key=True)
    revision: Mapped[int]
    timestamp_time: Mapped[datetime]
    timestamp_independent: Mapped[bool]
    material: Mapped[bytes]
    """JSON for the next archive delta: the object numbers of the DSS's streams so far."""
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)


class Withdrawal(Base):
    """An officer withdrew a published agreement, perhaps for a corrected version."""

    __tablename__ = "withdrawals"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    officer: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    reason: Mapped[str]
    superseded_by: Mapped[str | None] = mapped_column(Sha256)
    time: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), unique=True)
