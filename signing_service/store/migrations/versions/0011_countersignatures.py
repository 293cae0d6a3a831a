"""An index of the signatures by act: the worker asks every few seconds which countersignatures await their archive."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index("ix_signatures_act_entry_index", "signatures", ["act", "entry_index"])
