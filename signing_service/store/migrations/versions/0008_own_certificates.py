"""Turns that are reserved for signing elsewhere, and certificates that sign more than once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ONE_TIME = sa.text("assurance <> 'own-certificate'")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("own_certificate", sa.Boolean, nullable=False, server_default=sa.false()))
    with op.batch_alter_table("signatures") as table:
        table.drop_constraint("uq_signatures_certificate_sha256", type_="unique")
        table.add_column(sa.Column("material", sa.LargeBinary, nullable=True))
    op.create_index(
        "uq_signatures_one_time",
        "signatures",
        ["certificate_sha256"],
        unique=True,
        sqlite_where=_ONE_TIME,
        postgresql_where=_ONE_TIME,
    )
