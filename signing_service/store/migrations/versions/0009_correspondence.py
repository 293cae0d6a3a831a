"""Questions to the secretariat; who sees an agreement's state; reminders by schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("asked", TIME, nullable=False),
        sa.Column("answer", sa.String, nullable=True),
        sa.Column("answered", TIME, nullable=True),
        sa.Column("answered_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_questions_agreement"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_questions_person"),
        sa.ForeignKeyConstraint(["answered_by"], ["people.id"], name="fk_questions_answered_by"),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
    )
    op.create_index("ix_questions_agreement", "questions", ["agreement"])
    op.add_column("agreements", sa.Column("publicity", sa.String(length=16), nullable=False, server_default="parties"))
    op.add_column("agreements", sa.Column("remind_every", sa.Integer, nullable=True))
