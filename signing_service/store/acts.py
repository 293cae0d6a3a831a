"""Signing attempts and the acts that came of them.

Example::

    attempt = acts.lock_attempt(session, attempt_id)
    if attempt.state == "complete":
        return attempt.receipt  # a repeat gives the same answer
    acts.add_signature(session, Signature(...))
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ConflictError, NotFoundError
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import (
    Agreement,
    ArchiveTimestamp,
    Attempt,
    Base,
    Extension,
    Paper,
    Refusal,
    Signature,
    Turn,
    Withdrawal,
)

_Row = TypeVar("_Row", bound=Base)

# What every step of every signature asks, built once: SQLAlchemy takes as long to build a statement as to run it.
_ATTEMPT = select(Attempt).where(Attempt.id == bindparam("attempt"))
_LOCKED_ATTEMPT = _ATTEMPT.with_for_update(key_share=True).execution_options(populate_existing=True)
_ASKED = "SELECT person, agreement, state, expires, statement, spki FROM attempts WHERE id = :attempt"
_KEY_SERVED = "SELECT id FROM attempts WHERE spki = :spki"
_COMPLETED = (
    'SELECT a.agreement, a.signer, a.receipt, e."index", e.data, v.event, v.salt FROM attempts AS a '
    "JOIN signatures AS s ON s.attempt = a.id "
    'JOIN entries AS e ON e."index" = s.entry_index JOIN events AS v ON v."index" = e."index" '
    "WHERE a.id = :attempt AND a.state = 'complete'"
)
_KEEP_RECEIPT = "UPDATE attempts SET receipt = :receipt WHERE id = :attempt"
_SIGNATURE = select(Signature).where(
    Signature.agreement == bindparam("agreement"), Signature.signer == bindparam("signer")
)
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


def add_attempt(session: Session, attempt: Attempt) -> Attempt:
    """Store a new attempt."""
    return _add(session, attempt, "the attempt exists already")


def attempt(session: Session, attempt_id: str) -> Attempt:
    """The attempt of that id; raises NotFoundError."""
    found = session.scalar(_ATTEMPT, {"attempt": attempt_id})
    if found is None:
        raise NotFoundError("there is no such attempt")
    return found


def lock_attempt(session: Session, attempt_id: str) -> Attempt:
    """As attempt, holding its row until commit: doubled requests take their turns."""
    found = session.scalar(_LOCKED_ATTEMPT, {"attempt": attempt_id})
    if found is None:
        raise NotFoundError("there is no such attempt")
    return found


class Asked(NamedTuple):
    """Of an attempt what is looked at each time that somebody asks for its turn."""

    person: str
    agreement: str
    state: str
    expires: datetime
    statement: bytes
    spki: bytes | None


def asked(session: Session, attempt_id: str) -> Asked:
    """The attempt of that id; raises NotFoundError."""
    row = Driver(session.connection()).row(_ASKED, {"attempt": attempt_id})
    if row is None:
        raise NotFoundError("there is no such attempt")
    person, agreement, state, expires, statement, spki = row
    return Asked(person, agreement, state, read_moment(expires), statement, spki)


class Completed(NamedTuple):
    """A complete attempt, with the opened entry of its act."""

    agreement: str
    signer: str
    receipt: bytes | None
    """The stored one."""
    entry_index: int
    entry: bytes
    event: bytes | None
    salt: bytes | None


def completed(session: Session, attempt_id: str, *, lock: bool = False) -> Completed | None:
    """What an attempt came to; None unless it is complete. ``lock`` holds its row until commit."""
    driver = Driver(session.connection())
    held = lock and driver.locks_rows
    row = driver.row(_COMPLETED + " FOR NO KEY UPDATE OF a" if held else _COMPLETED, {"attempt": attempt_id})
    return None if row is None else Completed(*row)


def keep_receipt(session: Session, attempt_id: str, receipt: bytes) -> None:
    """Store the receipt of a complete attempt."""
    Driver(session.connection()).run(_KEEP_RECEIPT, {"attempt": attempt_id, "receipt": receipt})


def key_served_before(session: Session, spki: bytes) -> bool:
    """Whether an attempt has this one-time key (DER SubjectPublicKeyInfo) already."""
    return Driver(session.connection()).row(_KEY_SERVED, {"spki": spki}) is not None


def newest_attempt(session: Session, agreement: str, signer: str, person: str) -> Attempt | None:
    """A person's last attempt for a signer of an agreement; who comes back finds it again."""
    query = select(Attempt).where(Attempt.agreement == agreement, Attempt.signer == signer, Attempt.person == person)
    return session.scalar(query.order_by(Attempt.created.desc(), Attempt.id).limit(1))


def signing_now(session: Session, agreement: str, *, now: datetime) -> set[str]:
    """The signers of an agreement who have approved, and whose lease in its queue runs: who left is none of them."""
    query = (
        select(Attempt.signer)
        .join(Turn, Turn.attempt == Attempt.id)
        .where(Turn.agreement == agreement, Turn.lease_until > now, Attempt.state == "approved")
    )
    return set(session.scalars(query))


def end_attempts_of(session: Session, person: str, *, now: datetime) -> None:
    """Let what a person has approved and not signed expire now and leave the queue; an own certificate's stays."""
    living = (Attempt.person == person, Attempt.state == "approved", ~Attempt.own_certificate)
    ended = update(Attempt).where(*living, Attempt.expires > now).values(expires=now).returning(Attempt.id)
    ids = session.scalars(ended.execution_options(synchronize_session=False)).all()
    session.execute(delete(Turn).where(Turn.attempt.in_(ids)).execution_options(synchronize_session=False))


def add_signature(session: Session, signature: Signature) -> Signature:
    """Store a signature or countersignature; raises ConflictError if the signer has one, or the key served before."""
    stored = _add(session, signature, f"{signature.signer} has signed already")
    if signature.act == "countersignature":
        _note(session, signature.agreement, countersigned=signature.timestamp_time)
    return stored


def signatures(session: Session, agreement: str) -> list[Signature]:
    """All signatures and the countersignature, in the order of their revisions."""
    query = select(Signature).where(Signature.agreement == agreement)
    return list(session.scalars(query.order_by(Signature.revision)))


def summary(session: Session, agreement: str) -> list[ActDone]:
    """Everything done under an agreement, in the order of the record, in one question to the database."""
    session.flush()
    rows = Driver(session.connection()).rows(_SUMMARY, {"agreement": agreement, "secretariat": SECRETARIAT})
    return [ActDone(kind, signer, read_moment(time), reason, by) for kind, signer, time, reason, by, _ in rows]


def signature(session: Session, agreement: str, signer: str) -> Signature | None:
    """The signature of one signer, if there is one."""
    return session.scalar(_SIGNATURE, {"agreement": agreement, "signer": signer})


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
    archived = exists().where(ArchiveTimestamp.agreement == Agreement.id)
    waiting = (Agreement.countersigned.is_not(None), Agreement.provable_until.is_(None), ~archived)
    query = select(Agreement.id).where(*waiting).order_by(Agreement.countersigned, Agreement.id)
    return list(session.scalars(query.limit(limit)))


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
