"""What finds what is due or waiting among very many rows that are not: reminders, questions, passkeys, sessions.

``next_reminder`` is filled with the time of publication: the worker looks at these agreements at once, and notes then
when it is to look again. Ends of proof are those of the authority's certificate, so that very many are the same.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TIME = sa.DateTime(timezone=True)
REMINDED = "next_reminder IS NOT NULL AND state = 'published' AND countersigned IS NULL AND withdrawn IS NULL"
INDEXES = (
    ("ix_agreements_next_reminder", "agreements", ["next_reminder", "id"], REMINDED),
    ("ix_agreements_closed", "agreements", ["created", "id"], "countersigned IS NOT NULL OR withdrawn IS NOT NULL"),
    ("ix_outbox_failed", "outbox", ["id"], "state = 'failed'"),
    ("ix_revisions_first", "revisions", ["sha256"], "number = 0"),
    ("ix_attempts_approved", "attempts", ["person"], "state = 'approved'"),
    ("ix_enrolments_waiting", "enrolments", ["entry_index"], "state = 'waiting'"),
    ("ix_questions_unanswered", "questions", ["agreement"], "answered IS NULL"),
    ("ix_sessions_living", "sessions", ["last_seen"], "ended IS NULL"),
)


def upgrade() -> None:
    op.add_column("agreements", sa.Column("next_reminder", TIME, nullable=True))
    op.execute("UPDATE agreements SET next_reminder = COALESCE(published, created) WHERE remind_every IS NOT NULL")
    op.drop_index("ix_agreements_provable_until", "agreements")
    op.create_index("ix_agreements_provable_until", "agreements", ["provable_until", "id"])
    for name, table, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
