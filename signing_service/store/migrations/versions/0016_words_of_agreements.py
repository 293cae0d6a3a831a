"""What agreements are found by: reference, titles and parties, out of the terms of those that are there."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

AT_ONCE = 500  # agreements, whose terms are some kilobytes each


def upgrade() -> None:
    table = op.create_table(
        "agreement_words",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_agreement_words_agreement"),
        sa.PrimaryKeyConstraint("agreement", name="pk_agreement_words"),
    )
    agreements = sa.table("agreements", *(sa.column(name) for name in ("id", "reference", "terms")))
    connection, after = op.get_bind(), ""
    while rows := connection.execute(
        sa.select(agreements).where(agreements.c.id > after).order_by(agreements.c.id).limit(AT_ONCE)
    ).all():
        values = [{"agreement": row.id, "words": _words(row.reference, json.loads(bytes(row.terms)))} for row in rows]
        connection.execute(table.insert(), values)
        after = rows[-1].id


def _words(reference: str, terms: dict[str, Any]) -> str:
    names = [name for party in terms.get("parties", ()) for name in (party["name"], party["native_name"])]
    return "\n".join([reference, *terms.get("title", {}).values(), *names]).casefold()
