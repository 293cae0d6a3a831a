"""The record: entries, their openings, the tree's hashes, checkpoints and cosignatures.

Written by ``ledger`` and ``publisher`` only. Rows of ``entries``, ``nodes`` and ``checkpoints`` never
change and never go; a row of ``events`` may lose its opening by erasure.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big


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
    """A log witness's line under a checkpoint."""

    __tablename__ = "cosignatures"

    size: Mapped[int] = mapped_column(Big, ForeignKey("checkpoints.size"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(255), primary_key=True)
    line: Mapped[str]
    time: Mapped[datetime]
