"""Agreements, what people do in them, and the mail about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _agreements()
    _authority()
    _signing()
    _other_acts()
    _outbox()


def _agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("layout", sa.LargeBinary, nullable=True),
        sa.Column("contents_size", sa.Integer, nullable=True),
        sa.Column("base_length", sa.Integer, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("created_by", sa.String(length=26), nullable=True),
        sa.Column("published", TIME, nullable=True),
        sa.Column("published_by", sa.String(length=26), nullable=True),
        sa.Column("publication_index", BIG, nullable=True),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_agreements_state")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name="fk_agreements_created_by"),
        sa.ForeignKeyConstraint(["publication_index"], ["entries.index"], name="fk_agreements_publication_index"),
        sa.ForeignKeyConstraint(["published_by"], ["people.id"], name="fk_agreements_published_by"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
    )
    op.create_table(
        "source_files",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_source_files_agreement"),
        sa.PrimaryKeyConstraint("agreement", "path", name="pk_source_files"),
    )
    op.create_table(
        "revisions",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("delta", sa.LargeBinary, nullable=False),
        sa.Column("length", BIG, nullable=False),
        sa.Column("startxref", BIG, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_revisions_agreement"),
        sa.PrimaryKeyConstraint("agreement", "number", name="pk_revisions"),
    )


def _authority() -> None:
    op.create_table(
        "mandates",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("json", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("revoked", TIME, nullable=True),
        sa.Column("entry_index", BIG, nullable=True),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_mandates_agreement"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_mandates_entry_index"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_mandates_person"),
        sa.PrimaryKeyConstraint("id", name="pk_mandates"),
    )
    op.create_index("ix_mandates_person", "mandates", ["person"])
    op.create_index(
        "uq_mandates_in_force",
        "mandates",
        ["agreement", "signer", "person"],
        unique=True,
        sqlite_where=sa.text("revoked IS NULL"),
        postgresql_where=sa.text("revoked IS NULL"),
    )
    op.create_index(
        "uq_mandates_representative",
        "mandates",
        ["agreement", "signer"],
        unique=True,
        sqlite_where=sa.text("revoked IS NULL AND signer <> 'secretariat:officer'"),
        postgresql_where=sa.text("revoked IS NULL AND signer <> 'secretariat:officer'"),
    )
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("used", TIME, nullable=True),
        sa.Column("revoked", TIME, nullable=True),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_invitations_agreement"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_invitations_person"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_invitations"),
    )
    op.create_index("ix_invitations_person", "invitations", ["person"])


def _signing() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("mandate", sa.String(length=26), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("appearance", sa.LargeBinary, nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("approval", sa.LargeBinary, nullable=True),
        sa.Column("spki", sa.LargeBinary, nullable=True),
        sa.Column("certificate", sa.LargeBinary, nullable=True),
        sa.Column("issuance_index", BIG, nullable=True),
        sa.Column("prepared_revision", sa.Integer, nullable=True),
        sa.Column("prepared_delta", sa.LargeBinary, nullable=True),
        sa.Column("prepared_contents_offset", BIG, nullable=True),
        sa.Column("prepared_startxref", BIG, nullable=True),
        sa.Column("prepared_size", sa.Integer, nullable=True),
        sa.Column("signed_attributes", sa.LargeBinary, nullable=True),
        sa.Column("receipt", sa.LargeBinary, nullable=True),
        sa.Column("completed", TIME, nullable=True),
        sa.CheckConstraint("state IN ('begun', 'approved', 'complete', 'expired')", name=op.f("ck_attempts_state")),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_attempts_agreement"),
        sa.ForeignKeyConstraint(["issuance_index"], ["entries.index"], name="fk_attempts_issuance_index"),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name="fk_attempts_mandate"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_attempts_person"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("spki", name="uq_attempts_spki"),
    )
    op.create_index("ix_attempts_agreement_signer", "attempts", ["agreement", "signer"])
    op.create_table(
        "turns",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("ticket", BIG, autoincrement=False, nullable=False),
        sa.Column("attempt", sa.String(length=26), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_turns_agreement"),
        sa.ForeignKeyConstraint(["attempt"], ["attempts.id"], name="fk_turns_attempt"),
        sa.PrimaryKeyConstraint("agreement", "ticket", name="pk_turns"),
        sa.UniqueConstraint("attempt", name="uq_turns_attempt"),
    )
    op.create_table(
        "signatures",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("mandate", sa.String(length=26), nullable=False),
        sa.Column("attempt", sa.String(length=26), nullable=True),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("assurance", sa.String(length=16), nullable=False),
        sa.Column("timestamp_time", TIME, nullable=False),
        sa.Column("timestamp_independent", sa.Boolean, nullable=False),
        sa.Column("ocsp", sa.LargeBinary, nullable=True),
        sa.Column("entry_index", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement", "revision"],
            ["revisions.agreement", "revisions.number"],
            name="fk_signatures_agreement_revision",
        ),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_signatures_agreement"),
        sa.ForeignKeyConstraint(["attempt"], ["attempts.id"], name="fk_signatures_attempt"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_signatures_entry_index"),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name="fk_signatures_mandate"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_signatures_person"),
        sa.PrimaryKeyConstraint("agreement", "signer", name="pk_signatures"),
        sa.UniqueConstraint("agreement", "revision", name="uq_signatures_agreement_revision"),
        sa.UniqueConstraint("attempt", name="uq_signatures_attempt"),
        sa.UniqueConstraint("certificate_sha256", name="uq_signatures_certificate_sha256"),
        sa.UniqueConstraint("entry_index", name="uq_signatures_entry_index"),
    )


def _other_acts() -> None:
    op.create_table(
        "refusals",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("signer", sa.String(length=65), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=False),
        sa.Column("mandate", sa.String(length=26), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("entry_index", BIG, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_refusals_agreement"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_refusals_entry_index"),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name="fk_refusals_mandate"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_refusals_person"),
        sa.PrimaryKeyConstraint("agreement", "signer", name="pk_refusals"),
        sa.UniqueConstraint("entry_index", name="uq_refusals_entry_index"),
    )
    op.create_table(
        "archive_timestamps",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("timestamp_time", TIME, nullable=False),
        sa.Column("timestamp_independent", sa.Boolean, nullable=False),
        sa.Column("material", sa.LargeBinary, nullable=False),
        sa.Column("entry_index", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement", "revision"],
            ["revisions.agreement", "revisions.number"],
            name="fk_archive_timestamps_agreement_revision",
        ),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_archive_timestamps_agreement"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_archive_timestamps_entry_index"),
        sa.PrimaryKeyConstraint("agreement", "field", name="pk_archive_timestamps"),
        sa.UniqueConstraint("agreement", "revision", name="uq_archive_timestamps_agreement_revision"),
        sa.UniqueConstraint("entry_index", name="uq_archive_timestamps_entry_index"),
    )
    op.create_table(
        "withdrawals",
        sa.Column("agreement", sa.String(length=26), nullable=False),
        sa.Column("officer", sa.String(length=26), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("superseded_by", sa.String(length=64), nullable=True),
        sa.Column("time", TIME, nullable=False),
        sa.Column("entry_index", BIG, nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_withdrawals_agreement"),
        sa.ForeignKeyConstraint(["entry_index"], ["entries.index"], name="fk_withdrawals_entry_index"),
        sa.ForeignKeyConstraint(["officer"], ["people.id"], name="fk_withdrawals_officer"),
        sa.PrimaryKeyConstraint("agreement", name="pk_withdrawals"),
        sa.UniqueConstraint("entry_index", name="uq_withdrawals_entry_index"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG, nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("person", sa.String(length=26), nullable=True),
        sa.Column("agreement", sa.String(length=26), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("html", sa.String, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("next_attempt", TIME, nullable=False),
        sa.Column("sent", TIME, nullable=True),
        sa.Column("error", sa.String, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(["agreement"], ["agreements.id"], name="fk_outbox_agreement"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_outbox_person"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_agreement", "outbox", ["agreement"])
    op.create_index("ix_outbox_state_next_attempt", "outbox", ["state", "next_attempt"])
