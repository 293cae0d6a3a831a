"""The acts under an agreement: signatures, refusals, paper, withdrawals, extensions, archive timestamps.

Example::

    acts.add_signature(session, Signature(...))
    acts.summary(session, agreement_id)  # all of them, in the order of the record
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ConflictError
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import (
    Agreement,
    ArchiveTimestamp,
    Base,
    Extension,
    Paper,
    Refusal,
    Signature,
    Withdrawal,
)

_Row = TypeVar("_Row", bound=Base)

_SIGNATURE = select(Signature).where(
    Signature.agreement == bindparam("agreement"), Signature.signer == bindparam("signer")
)
_SIGNED_BY = "SELECT person FROM signatures WHERE agreement = :agreement AND signer = :signer"
_PAPERS = select(Paper).where(Paper.agreement == bindparam("agreement")).order_by(Paper.entry_index)
_SUMMARY = """\
SELECT 'signature', signer, timestamp_time, '', NULL, entry_index FROM signatures WHERE agreement = :agreement
UNION ALL SELECT 'refusal', signer, time, reason, NULL, entry_index FROM refusals WHERE agreement = :agreement
UNION ALL SELECT 'paper', signer, time, '', NULL, entry_index FROM papers WHERE agreement = :agreement
UNION ALL SELECT 'withdrawal', CAST(:secretariat AS varchar), time, reason, superseded_by, entry_index FROM withdrawals
    WHERE agreement = :agreement
UNION ALL SELECT 'extension', CAST(:secretariat AS varchar), until, reason, NULL, entry_index FROM extensions
    WHERE agreement = :agreement
ORDER BY 6"""
_AWAITING_ARCHIVE = """\
SELECT id FROM agreements WHERE countersigned IS NOT NULL AND provable_until IS NULL
    AND NOT EXISTS (SELECT 1 FROM archive_timestamps WHERE agreement = agreements.id)
ORDER BY countersigned, id"""


class ActDone(NamedTuple):
    """One act under an agreement, without its bytes."""

    kind: str
    """``signature`` (the countersignature's too) · ``refusal`` · ``paper`` · ``withdrawal`` · ``extension``."""
    signer: str
    time: datetime
    """The act's; of an extension the new end of signing."""
    reason: str
    superseded_by: str | None
    """SHA-256 of the successor's revision 0, of a withdrawal."""


def add_signature(session: Session, signature: Signature) -> Signature:
    """Store a signature or countersignature; raises ConflictError if the signer has one, or the key served before."""
    values = {column.key: getattr(signature, column.key) for column in Signature.__table__.columns}
    try:
        Driver.of(session).insert("signatures", values)  # each act's own row; the ORM takes twice as long
    except IntegrityError as error:
        raise ConflictError(f"{signature.signer} has signed already") from error
    if signature.act == "countersignature":
        _note(session, signature.agreement, countersigned=signature.timestamp_time)
    return signature


def signatures(session: Session, agreement: str) -> list[Signature]:
    """All signatures and the countersignature, in the order of their revisions."""
    query = select(Signature).where(Signature.agreement == agreement)
    return list(session.scalars(query.order_by(Signature.revision)))


def summary(session: Session, agreement: str) -> list[ActDone]:
    """Everything done under an agreement, in the order of the record, in one question to the database."""
    session.flush()
    rows = Driver.of(session).rows(_SUMMARY, {"agreement": agreement, "secretariat": SECRETARIAT})
    return [ActDone(kind, signer, read_moment(time), reason, by) for kind, signer, time, reason, by, _ in rows]


def signature(session: Session, agreement: str, signer: str) -> Signature | None:
    """The signature of one signer, if there is one."""
    return session.scalar(_SIGNATURE, {"agreement": agreement, "signer": signer})


def signed_by(session: Session, agreement: str, signer: str) -> str | None:
    """The id of the person who signed for a signer; None as long as nobody did."""
    row = Driver.of(session).row(_SIGNED_BY, {"agreement": agreement, "signer": signer})
    return None if row is None else str(row[0])


def add_refusal(session: Session, refusal: Refusal) -> Refusal:
    """Store a refusal; raises ConflictError if the signer has refused already."""
    return _add(session, refusal, f"{refusal.signer} has refused already")


def add_paper(session: Session, paper: Paper) -> Paper:
    """Store an attested signature on paper; raises ConflictError if the signer has one already."""
    return _add(session, paper, f"{paper.signer} has signed on paper already")


def paper(session: Session, agreement: str, signer: str) -> Paper | None:
    """The signer's attested signature on paper, if there is one."""
    return session.get(Paper, (agreement, signer))


def papers(session: Session, agreement: str) -> list[Paper]:
    """All signatures on paper, in time."""
    return list(session.scalars(_PAPERS, {"agreement": agreement}))


def add_extension(session: Session, extension: Extension) -> Extension:
    """Store a later end of signing."""
    return _add(session, extension, "this extension is stored already")


def add_archive_timestamp(session: Session, archive: ArchiveTimestamp, until: datetime) -> ArchiveTimestamp:
    """Store an archive delta's facts, provable ``until``; raises ConflictError if the field is taken."""
    stored = _add(session, archive, f"the field {archive.field} is filled already")
    note_end(session, archive.agreement, until)
    return stored


def note_end(session: Session, agreement: str, until: datetime) -> None:
    """Note until when an archived agreement is provable: the end of its newest archive timestamp."""
    _note(session, agreement, provable_until=until)


def archive_timestamps(session: Session, agreement: str) -> list[ArchiveTimestamp]:
    """All archive timestamps, in the order of their revisions."""
    query = select(ArchiveTimestamp).where(ArchiveTimestamp.agreement == agreement)
    return list(session.scalars(query.order_by(ArchiveTimestamp.revision)))


def awaiting_archive(session: Session, limit: int | None = None) -> list[str]:
    """Ids of the agreements that are countersigned but not archived, the first ``limit`` of them.

    Their archive delta was interrupted.
    """
    driver = Driver.of(session)
    if limit is None:
        return [agreement for (agreement,) in driver.rows(_AWAITING_ARCHIVE)]
    return [agreement for (agreement,) in driver.rows(f"{_AWAITING_ARCHIVE} LIMIT :limit", {"limit": limit})]


def add_withdrawal(session: Session, withdrawal: Withdrawal) -> Withdrawal:
    """Store a withdrawal; raises ConflictError if the agreement is withdrawn already."""
    stored = _add(session, withdrawal, "the agreement is withdrawn already")
    _note(session, withdrawal.agreement, withdrawn=withdrawal.time)
    return stored


def _note(session: Session, agreement: str, **moments: datetime) -> None:
    """Keep a moment beside the agreement, by which an index finds it."""
    session.execute(update(Agreement).where(Agreement.id == agreement).values(**moments))


def _add(session: Session, row: _Row, conflict: str) -> _Row:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError(conflict) from error
    return row
