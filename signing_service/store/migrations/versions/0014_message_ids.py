"""The Message-ID under which a mail goes out, by which mail servers' reports find it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("message_id", sa.String(length=32), nullable=True))
    op.create_index("ix_outbox_message_id", "outbox", ["message_id"], unique=True)
