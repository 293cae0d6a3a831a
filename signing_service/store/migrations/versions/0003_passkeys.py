"""Passkeys, their enrolments and confirmations, challenges, and seeds of one-time codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _credentials()
    _enrolments()
    _challenges()
    _code_seeds()


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("counter", BIG, nullable=False),
        sa.Column("backup_eligible", sa.Boolean, nullable=False),
        sa.Column("backed_up", sa.Boolean, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("ended", TIME, nullable=True),
        sa.CheckConstraint("kind IN ('login', 'approval', 'officer')", name=op.f("ck_credentials_kind")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_credentials_person"),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("credential_id", name="uq_credentials_credential_id"),
        sa.UniqueConstraint("key_sha256", name="uq_credentials_key_sha256"),
    )
    op.create_index("ix_credentials_person", "credentials", ["person"])


def _enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("credential", sa.String(length=26), nullable=False),
        sa.Column("mandate", sa.String(length=26), nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("entry_index", BIG, nullable=False),
        sa.Column("officer", sa.String(length=26), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=True),
        sa.Column("confirmed", TIME, nullable=True),
        sa.Column("confirmation_index", BIG, nullable=True),
        sa.Column("revoked", TIME, nullable=True),
        sa.Column("revocation_index", BIG, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'confirmed', 'revoked')", name=op.f("ck_enrolments_state")),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_enrolments_agreement"),
        sa.ForeignKeyConstraint(["confirmation_index"], ["entries.index"], name="fk_enrolments_confirmation_index"),
        sa.ForeignKeyConstraint(["credential"], ["credentials.id"], name="fk_enrolments_credential"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_enrolments_entry_index"),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name="fk_enrolments_mandate"),
        sa.ForeignKeyConstraint(["officer"], ["people.id"], name="fk_enrolments_officer"),
        sa.ForeignKeyConstraint(["revocation_index"], ["entries.index"], name="fk_enrolments_revocation_index"),
        sa.PrimaryKeyConstraint("id", name="pk_enrolments"),
        sa.UniqueConstraint("confirmation_index", name="uq_enrolments_confirmation_index"),
        sa.UniqueConstraint("credential", "mandate", name="uq_enrolments_credential_mandate"),
        sa.UniqueConstraint("entry_index", name="uq_enrolments_entry_index"),
        sa.UniqueConstraint("revocation_index", name="uq_enrolments_revocation_index"),
    )
    op.create_index("ix_enrolments_agreement_signer", "enrolments", ["agreement", "signer"])
    op.create_index("ix_enrolments_mandate", "enrolments", ["mandate"])


def _challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=True),
        sa.Column("about", sa.LargeBinary, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_challenges_person"),
        sa.PrimaryKeyConstraint("challenge", name="pk_challenges"),
    )
    op.create_index("ix_challenges_expires", "challenges", ["expires"])


def _code_seeds() -> None:
    op.create_table(
        "code_seeds",
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("last_step", BIG, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("confirmed", TIME, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_code_seeds_person"),
        sa.PrimaryKeyConstraint("person", name="pk_code_seeds"),
    )
