"""How sessions began and what the signing table's are for; universities' accounts; codes that an officer admitted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.String(length=26)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("method", sa.String(length=16), nullable=True))
    op.add_column("sessions", sa.Column("table_agreement", ID, nullable=True))
    op.add_column("sessions", sa.Column("table_signer", sa.String(length=65), nullable=True))
    op.add_column("code_seeds", sa.Column("admitted", TIME, nullable=True))
    op.add_column("code_seeds", sa.Column("officer", ID, nullable=True))
    _university_logins()


def _university_logins() -> None:
    op.create_table(
        "university_logins",
        sa.Column("id", ID, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("claimed_name", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("officer", ID, nullable=False),
        sa.Column("came", TIME, nullable=True),
        sa.Column("confirmed", TIME, nullable=True),
        sa.Column("confirmed_by", ID, nullable=True),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("ended", TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('expected', 'waiting', 'confirmed', 'ended')", name=op.f("ck_university_logins_state")
        ),
        sa.ForeignKeyConstraint(["confirmed_by"], ["people.id"], name="fk_university_logins_confirmed_by"),
        sa.ForeignKeyConstraint(["officer"], ["people.id"], name="fk_university_logins_officer"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_university_logins_person"),
        sa.PrimaryKeyConstraint("id", name="pk_university_logins"),
    )
    op.create_index("ix_university_logins_person", "university_logins", ["person"])
    op.create_index(
        "uq_university_logins_subject",
        "university_logins",
        ["issuer", "subject"],
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
