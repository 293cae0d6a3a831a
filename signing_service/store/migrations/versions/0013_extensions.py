"""Later ends of signing, each signed by an officer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "extensions",
        sa.Column("entry_index", BIG, autoincrement=False, nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("officer", sa.String(length=26), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_extensions_entry_index"),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_extensions_agreement"),
        sa.ForeignKeyConstraint(["officer"], ["people.id"], name="fk_extensions_officer"),
        sa.PrimaryKeyConstraint("entry_index", name="pk_extensions"),
    )
    op.create_index("ix_extensions_agreement", "extensions", ["agreement"])
