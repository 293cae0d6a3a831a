"""Forgetting what an erased event repeated elsewhere: rows beside the record, and mails about it.

Example::

    with database.begin() as session:
        if openings.erase(session, index):
            forgetting.forget_refusal(session, agreement_id, index)
    forgetting.overwrite(database)  # what the database's file still holds of it
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.store.database import Database
from signing_service.store.tables import Mandate, OutboxMail, Refusal, Withdrawal

TOLD = "refused", "declined", "withdrawn"  # kinds of mail that repeat a reason
_TOUCHED = "events, refusals, withdrawals, mandates, outbox"


def forget_refusal(session: Session, agreement: str, index: int) -> None:
    """Take the reason out of the refusal whose entry has that index, and out of the mails about it."""
    row = session.scalar(select(Refusal).where(Refusal.entry_index == index))
    if row is not None:
        _forget_mails(session, agreement, row.reason)
        row.reason = ""
    session.flush()


def forget_withdrawal(session: Session, agreement: str, index: int) -> None:
    """Take the reason out of the withdrawal whose entry has that index, and out of the mails about it."""
    row = session.scalar(select(Withdrawal).where(Withdrawal.entry_index == index))
    if row is not None:
        _forget_mails(session, agreement, row.reason)
        row.reason = ""
    session.flush()


def forget_mandate(session: Session, index: int, without_names: Callable[[bytes], bytes]) -> None:
    """Take the names out of the mandate whose entry has that index; its digest and its dates stay."""
    row = session.scalar(select(Mandate).where(Mandate.entry_index == index))
    if row is not None:
        row.json = without_names(row.json)
    session.flush()


def _forget_mails(session: Session, agreement: str, reason: str) -> None:
    """Mails about it keep their place and their recipient; one that was not sent yet says less."""
    query = select(OutboxMail).where(OutboxMail.agreement == agreement, OutboxMail.kind.in_(TOLD))
    for mail in session.scalars(query):
        if reason in mail.text:
            mail.text = mail.text.replace(reason, "…")
            mail.html = None


def overwrite(database: Database) -> bool:
    """Let the database overwrite what changed rows held before; whether it could be done now.

    SQLite overwrites within its file as it deletes (``secure_delete``), and here empties the write-ahead log;
    PostgreSQL reclaims the old rows. Copies and backups are out of reach.
    """
    connection = database.engine.raw_connection()
    try:
        if database.dialect == "sqlite":
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        connection.rollback()
        connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]
        connection.cursor().execute(f"VACUUM {_TOUCHED}")
        return True
    finally:
        if database.dialect != "sqlite":
            connection.dbapi_connection.autocommit = False  # type: ignore[union-attr]
        connection.close()
