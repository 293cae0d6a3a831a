"""The record, people, and the service's own rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _record()
    _people()
    _service()
    _empty_log()


def _record() -> None:
    op.create_table(
        "entries",
        sa.Column("index", BIG, autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_entries"),
        sa.UniqueConstraint("scope", "sequence", name="uq_entries_scope_sequence"),
    )
    op.create_table(
        "events",
        sa.Column("index", BIG, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=True),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint("(event IS NULL) = (salt IS NULL)", name=op.f("ck_events_opening")),
        sa.ForeignKeyConstraint(["index"], ["entries.index"], name="fk_events_index"),
        sa.PrimaryKeyConstraint("index", name="pk_events"),
    )
    op.create_table(
        "log_state",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_state_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_log_state"),
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("index", BIG, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name="pk_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", BIG, autoincrement=False, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("published", TIME, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoints"),
    )
    op.create_table(
        "cosignatures",
        sa.Column("size", BIG, nullable=False),
        sa.Column("witness", sa.String(length=255), nullable=False),
        sa.Column("line", sa.String, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoints.size"], name="fk_cosignatures_size"),
        sa.PrimaryKeyConstraint("size", "witness", name="pk_cosignatures"),
    )


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("native_name", sa.String, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String, nullable=True),
        sa.Column("officer", sa.Boolean, nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("ended", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email", name="uq_people_email"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("step_up", TIME, nullable=True),
        sa.Column("ended", TIME, nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "documents",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_documents"),
    )


def _service() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("public_url", sa.String, nullable=False),
        sa.Column("record_origin", sa.String, nullable=False),
        sa.Column("relying_party_id", sa.String, nullable=False),
        sa.Column("trust_file", sa.LargeBinary, nullable=False),
        sa.Column("demo", sa.Boolean, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "rate_counters",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rate_counters"),
    )
    op.create_table(
        "rate_hits",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rate_hits"),
    )
    op.create_index("ix_rate_hits_expires", "rate_hits", ["expires"])
    op.create_index("ix_rate_hits_key_time", "rate_hits", ["key", "time"])


def _empty_log() -> None:
    log_state = sa.table("log_state", sa.column("id"), sa.column("size"), sa.column("frontier", sa.LargeBinary))
    op.bulk_insert(log_state, [{"id": 1, "size": 0, "frontier": b""}])
