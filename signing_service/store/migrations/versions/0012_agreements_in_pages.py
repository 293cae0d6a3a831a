"""What finds the agreements of a page, those that are open and those to be archived or renewed, whatever their number.

The new columns are filled from the acts themselves. ``provable_until`` stands in the timestamps' certificates, which
a migration does not read: the worker fills it at its next look at renewals.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TIME = sa.DateTime(timezone=True)
DRAFT = sa.text("state = 'draft'")
OPEN = sa.text("state = 'published' AND countersigned IS NULL AND withdrawn IS NULL")
UNARCHIVED = sa.text("countersigned IS NOT NULL AND provable_until IS NULL")

COUNTERSIGNED = (
    "UPDATE agreements SET countersigned = (SELECT timestamp_time FROM signatures "
    "WHERE signatures.agreement = agreements.id AND act = 'countersignature')"
)
WITHDRAWN = (
    "UPDATE agreements SET withdrawn = (SELECT time FROM withdrawals WHERE withdrawals.agreement = agreements.id)"
)


def upgrade() -> None:
    for name in ("countersigned", "withdrawn", "provable_until"):
        op.add_column("agreements", sa.Column(name, TIME, nullable=True))
    op.execute(COUNTERSIGNED)
    op.execute(WITHDRAWN)
    op.create_index("ix_agreements_created", "agreements", ["created", "id", "reference"])
    for name, where in (("draft", DRAFT), ("open", OPEN)):
        columns = ["created", "id"]
        op.create_index(f"ix_agreements_{name}", "agreements", columns, sqlite_where=where, postgresql_where=where)
    op.create_index(
        "ix_agreements_unarchived",
        "agreements",
        ["countersigned"],
        sqlite_where=UNARCHIVED,
        postgresql_where=UNARCHIVED,
    )
    op.create_index("ix_agreements_provable_until", "agreements", ["provable_until"])
    op.create_index("ix_people_name", "people", ["name", "id"])
