"""How asking log witnesses goes, and the parties' feeds of openings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "witness_progress",
        sa.Column("witness", sa.String(length=255), nullable=False),
        sa.Column("cosigned", BIG, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", TIME, nullable=False),
        sa.Column("error", sa.String, nullable=True),
        sa.Column("alarm", sa.String, nullable=True),
        sa.Column("alarmed", TIME, nullable=True),
        sa.PrimaryKeyConstraint("witness", name="pk_witness_progress"),
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("party", sa.String(length=32), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("created_by", sa.String(length=26), nullable=True),
        sa.Column("revoked", TIME, nullable=True),
        sa.Column("last_used", TIME, nullable=True),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_feeds_agreement"),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name="fk_feeds_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("token_sha256", name="uq_feeds_token_sha256"),
    )
    op.create_index("ix_feeds_agreement", "feeds", ["agreement"])
