"""People, their offices, invitations and sign-in links, their sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from signing_service.store.tables.base import Base, Id, SignerId

_LIVING = text("ended IS NULL")
_NOT_ENDED = text("state <> 'ended'")
_ADDRESSED = text("email IS NOT NULL")

OFFICERS = ("officer", "lead-officer")  # offices of the secretariat


class Person(Base):
    """Somebody who acts or reads here. The e-mail address is stored in lower case, and nobody else's.

    PostgreSQL lets no row point at one whose key is being changed, and takes every unique column for a key but those
    of a partial index. Were the address a key, each act that names the person would wait for a correction of it.
    """

    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_name", "name", "id"),
        UniqueConstraint("email").ddl_if(dialect="sqlite"),  # which would copy a table that others refer to
        Index("uq_people_address", "email", unique=True, postgresql_where=_ADDRESSED).ddl_if(dialect="postgresql"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str]
    native_name: Mapped[str | None]
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str | None]
    """argon2id, encoded; None until the person has chosen a password."""
    locale: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    created: Mapped[datetime]
    ended: Mapped[datetime | None]
    """From then on the person may not log in."""
    office: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """``officer``, ``lead-officer``, ``operator``, or empty: representatives, guests and observers hold none."""

    @hybrid_property
    def officer(self) -> bool:
        """Whether the person is of the secretariat, lead officers included."""
        return self.office in OFFICERS

    @officer.inplace.expression
    @classmethod
    def _officer(cls) -> ColumnElement[bool]:
        return cls.office.in_(OFFICERS)


class Observer(Base):
    """Somebody who may read one agreement, and nothing else of it."""

    __tablename__ = "observers"
    __table_args__ = (Index("ix_observers_person", "person"),)

    agreement: Mapped[str] = mapped_column(Id, ForeignKey("agreements.id"), primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"), primary_key=True)
    invited_by: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    created: Mapped[datetime]


class Invitation(Base):
    """A link's token, hashed; the token itself is only in the mail."""

    __tablename__ = "invitations"
    __table_args__ = (Index("ix_invitations_person", "person"),)

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    purpose: Mapped[str] = mapped_column(String(16))
    """``invitation``, ``sign-in``, ``officer`` or ``password``."""
    agreement: Mapped[str | None] = mapped_column(Id, ForeignKey("agreements.id"))
    created: Mapped[datetime]
    expires: Mapped[datetime]
    used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]


class LoginSession(Base):
    """A browser that is logged in; the cookie's token is stored hashed."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_person", "person"),
        Index("ix_sessions_living", "last_seen", sqlite_where=_LIVING, postgresql_where=_LIVING),
    )

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    step_up: Mapped[datetime | None]
    """When the person last proved presence (password or passkey)."""
    ended: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(255))
    table_officer: Mapped[str | None] = mapped_column(Id)
    """At the signing table: the officer who unlocked it for this person; None anywhere else."""
    method: Mapped[str | None] = mapped_column(String(16))
    """How the person signed in, one of sessions.METHODS; None in rows from before it was noted."""
    table_agreement: Mapped[str | None] = mapped_column(Id)
    """At the signing table: the one agreement that the session is for."""
    table_signer: Mapped[str | None] = mapped_column(SignerId)
    """At the signing table: the one signer that the person acts as."""


class UniversityLogin(Base):
    """A university's account (OpenID Connect) that opens this service to a person, once an officer has said so.

    ``subject`` is None until somebody came with the expected e-mail address; only a confirmed one signs anybody in.
    """

    __tablename__ = "university_logins"
    __table_args__ = (
        CheckConstraint("state IN ('expected', 'waiting', 'confirmed', 'ended')", name="state"),
        Index("ix_university_logins_person", "person"),
        Index(
            "uq_university_logins_subject", "issuer", "subject", unique=True,
            sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    provider: Mapped[str] = mapped_column(String(32))
    """The provider's name in the settings."""
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    """The address that is expected to come, lower case; None where the officer gave the subject."""
    claimed_name: Mapped[str | None] = mapped_column(String(255))
    """What the university calls who came, for the officer to compare."""
    state: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime]
    officer: Mapped[str] = mapped_column(Id, ForeignKey("people.id"))
    came: Mapped[datetime | None]
    """When somebody with the expected address first came."""
    confirmed: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(Id, ForeignKey("people.id"))
    last_used: Mapped[datetime | None]
    ended: Mapped[datetime | None]
