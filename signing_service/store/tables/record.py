"""The record: entries, their openings, the tree's hashes, checkpoints and cosignatures.

Written by ``ledger`` and ``publisher`` only. Rows of ``entries``, ``nodes`` and ``checkpoints`` never
change and never go; a row of ``events`` may lose its opening by erasure.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id


class Entry(Base):
    """A leaf of the record; ``index`` is contiguous from 0 and never comes from a database sequence."""

    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("scope", "sequence"),)

    index: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    scope: Mapped[str] = mapped_column(String(32))
    sequence: Mapped[int] = mapped_column(Big)
    data: Mapped[bytes]
    """Canonical JSON of docs/formats.md 7."""


class Event(Base):
    """The opening of an entry; event and salt are None once erased."""

    __tablename__ = "events"
    __table_args__ = (CheckConstraint("(event IS NULL) = (salt IS NULL)", name="opening"),)

    index: Mapped[int] = mapped_column(Big, ForeignKey("entries.index"), primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(40))
    event: Mapped[bytes | None]
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class LogState(Base):
    """The one row that orders the record; whoever appends holds its lock until commit."""

    __tablename__ = "log_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(Big)
    frontier: Mapped[bytes]
    """The 32-byte hashes of the complete subtrees that make up the tree, largest first."""


class Node(Base):
    """The hash of a complete subtree of 2**level leaves, level 1 and up, written as it completes."""

    __tablename__ = "nodes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Checkpoint(Base):
    """A published checkpoint; one for each size, so two roots of one size cannot both be stored."""

    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    note: Mapped[str]
    """The signed note without witnesses' cosignatures."""
    published: Mapped[datetime]


class Cosignature(Base):
    """A log witness's line under a checkpoint, verified before it was stored."""

    __tablename__ = "cosignatures"

    size: Mapped[int] = mapped_column(Big, ForeignKey("checkpoints.size"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(255), primary_key=True)
    """The key's name and id, ``witness.example.edu+5d1c0a52``."""
    line: Mapped[str]
    time: Mapped[datetime]
    """When the witness says that it cosigned."""


class WitnessProgress(Base):
    """How asking a log witness goes; a row for each that was ever asked."""

    __tablename__ = "witness_progress"

    witness: Mapped[str] = mapped_column(String(255), primary_key=True)
    """As in ``cosignatures``."""
    cosigned: Mapped[int] = mapped_column(Big, default=0)
    """Size of the largest tree that it cosigned for us."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it failed since it last cosigned."""
    next_attempt: Mapped[datetime]
    """Not before then; while a worker is asking, the end of that worker's claim."""
    error: Mapped[str | None]
    """Why the last attempt failed."""
    alarm: Mapped[str | None]
    """What it says against the record, until it cosigns again."""
    alarmed: Mapped[datetime | None]


class Feed(Base):
    """A party's token for the openings of one agreement's entries."""

    __tablename__ = "feeds"
    __table_args__ = (Index("ix_feeds_agreement", "agreement"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    party: Mapped[str] = mapped_column(String(32))
    created: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    """The officer; None on the command line."""
    revoked: Mapped[datetime | None]
    last_used: Mapped[datetime | None]
    """To the hour."""
