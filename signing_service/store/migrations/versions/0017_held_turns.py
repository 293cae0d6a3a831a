"""Since when the head of a queue holds the turn, so that it is not held for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("turns", sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
