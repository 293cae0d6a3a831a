"""An address that nobody else has, but no key: PostgreSQL lets rows point at a person whose address is corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        there = sa.text("email IS NOT NULL")
        op.create_index("uq_people_address", "people", ["email"], unique=True, postgresql_where=there)
        op.drop_constraint("uq_people_email", "people", type_="unique")
