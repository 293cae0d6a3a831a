"""Offices instead of a flag, and observers. Who was an officer is a lead officer: nobody loses what they could do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("people", sa.Column("office", sa.String(length=16), nullable=False, server_default=""))
    op.execute("UPDATE people SET office = 'lead-officer' WHERE officer")
    op.drop_column("people", "officer")  # not in a batch: SQLite would copy a table that others refer to
    op.create_table(
        "observers",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("invited_by", sa.String(length=26), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_observers_agreement"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_observers_person"),
        sa.ForeignKeyConstraint(["invited_by"], ["people.id"], name="fk_observers_invited_by"),
        sa.PrimaryKeyConstraint("agreement", "person", name="pk_observers"),
    )
    op.create_index("ix_observers_person", "observers", ["person"])
