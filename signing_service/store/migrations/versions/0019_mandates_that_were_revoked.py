"""What finds all mandates of an agreement among very many: those that were revoked are in none of the other indexes."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index("ix_mandates_agreement", "mandates", ["agreement"])
