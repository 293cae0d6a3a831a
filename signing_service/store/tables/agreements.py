"""Agreements, their source, their revisions as deltas, and who may act in them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Big, Id, Sha256, SignerId

_IN_FORCE = text("revoked IS NULL")
_DRAFT = text("state = 'draft'")
_OPEN = text("state = 'published' AND countersigned IS NULL AND withdrawn IS NULL")
_CLOSED = text("countersigned IS NOT NULL OR withdrawn IS NOT NULL")
_REMINDED = text("next_reminder IS NOT NULL AND state = 'published' AND countersigned IS NULL AND withdrawn IS NULL")
_FIRST = text("number = 0")
_UNARCHIVED = text("countersigned IS NOT NULL AND provable_until IS NULL")
_REPRESENTATIVE = text("revoked IS NULL AND signer <> 'secretariat:officer'")


class Agreement(Base):
    """An agreement's frozen parts; its life after publication is computed from the acts."""

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published')", name="state"),
        Index("ix_agreements_created", "created", "id", "reference"),
        Index("ix_agreements_draft", "created", "id", sqlite_where=_DRAFT, postgresql_where=_DRAFT),
        Index("ix_agreements_open", "created", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_agreements_unarchived", "countersigned", sqlite_where=_UNARCHIVED, postgresql_where=_UNARCHIVED),
        Index("ix_agreements_closed", "created", "id", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
        Index("ix_agreements_provable_until", "provable_until", "id"),
        Index(
            "ix_agreements_next_reminder",
            "next_reminder",
            "id",
            sqlite_where=_REMINDED,
            postgresql_where=_REMINDED,
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    reference: Mapped[str]
    """As in the terms; for lists and mails only."""
    terms: Mapped[bytes]
    """Canonical JSON of docs/formats.md 1."""
    layout: Mapped[bytes | None]
    """JSON of pdf.grammar.Layout: object numbers and field bodies; from publication on."""
    contents_size: Mapped[int | None]
    """Bytes of DER that each /Contents holds; fixed at publication."""
    base_length: Mapped[int | None]
    """Bytes of the unsigned base, the beginning of revision 0."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    published: Mapped[datetime | None]
    published_by: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    publication_index: Mapped[int | None] = mapped_column(Big, ForeignKey("entries.index"))
    publicity: Mapped[str] = mapped_column(String(16), default="parties", server_default="parties")
    """Who sees its state without signing in: ``nobody``, everybody the ``parties``, or ``people`` who signed too."""
    remind_every: Mapped[int | None]
    """Days after which a signer who has not signed is reminded; None: by hand only."""
    countersigned: Mapped[datetime | None]
    """As the countersignature's timestamp; here, like the next two, only so that lists are found by an index."""
    withdrawn: Mapped[datetime | None]
    provable_until: Mapped[datetime | None]
    """The end of the newest archive timestamp; None before archiving, and where an earlier schema did not keep it."""
    next_reminder: Mapped[datetime | None]
    """When the worker looks next at who is to be reminded; None: by hand only."""


class AgreementWords(Base):
    """What an agreement is found by; a table of its own, so that a search reads nothing else."""

    __tablename__ = "agreement_words"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    words: Mapped[str]
    """Reference, titles and the parties' names in all their languages, a line each, case folded."""


class SourceFile(Base):
    """One file of an agreement's source: agreement.toml or a language's Markdown."""

    __tablename__ = "source_files"

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(255), primary_key=True)
    content: Mapped[bytes]


class Revision(Base):
    """The bytes that a revision adds; number 0 holds the whole of revision 0.

    The primary key refuses a second successor of the same predecessor.
    """

    __tablename__ = "revisions"
    __table_args__ = (Index("ix_revisions_first", "sha256", sqlite_where=_FIRST, postgresql_where=_FIRST),)

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    delta: Mapped[bytes]
    length: Mapped[int] = mapped_column(Big)
    """Bytes of the whole file up to the end of this revision."""
    startxref: Mapped[int] = mapped_column(Big)
    """Offset of this revision's own cross-reference section."""
    size: Mapped[int]
    """The trailer's /Size."""
    sha256: Mapped[str] = mapped_column(Sha256)
    """Of the whole file up to the end of this revision."""
    created: Mapped[datetime]


class Mandate(Base):
    """Who authorised which person to act as which signer of one agreement, from when to when."""

    __tablename__ = "mandates"
    __table_args__ = (
        Index(
            "uq_mandates_representative",  # one representative a signer; officers act side by side
            "agreement",
            "signer",
            unique=True,
            sqlite_where=_REPRESENTATIVE,
            postgresql_where=_REPRESENTATIVE,
        ),
        Index(
            "uq_mandates_in_force",
            "agreement",
            "signer",
            "person",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        Index("ix_mandates_person", "person"),
        Index("ix_mandates_agreement", "agreement"),  # those that were revoked, too
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"))
    signer: Mapped[str] = mapped_column(SignerId)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    json: Mapped[bytes]
    """Canonical JSON of docs/formats.md 2."""
    digest: Mapped[str] = mapped_column(Sha256)
    """The tagged digest of the JSON."""
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    created: Mapped[datetime]
    revoked: Mapped[datetime | None]
    entry_index: Mapped[int | None] = mapped_column(Big, ForeignKey("entries.index"))


class Document(Base):
    """A PDF that is evidence, such as a mandate's; named by its SHA-256."""

    __tablename__ = "documents"

    sha256: Mapped[str] = mapped_column(Sha256, primary_key=True)
    content: Mapped[bytes]
    created: Mapped[datetime]
