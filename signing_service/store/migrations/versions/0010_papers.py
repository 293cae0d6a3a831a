"""Signatures on paper, attested by an officer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "papers",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("mandate", sa.String(length=26), nullable=False),
        sa.Column("officer", sa.String(length=26), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("signed_on", sa.Date, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("entry_index", BIG, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_papers_agreement"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_papers_person"),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name="fk_papers_mandate"),
        sa.ForeignKeyConstraint(["officer"], ["people.id"], name="fk_papers_officer"),
        sa.ForeignKeyConstraint(["document_sha256"], ["documents.sha256"], name="fk_papers_document_sha256"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_papers_entry_index"),
        sa.PrimaryKeyConstraint("agreement", "signer", name="pk_papers"),
        sa.UniqueConstraint("entry_index", name="uq_papers_entry_index"),
    )
