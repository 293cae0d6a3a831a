"""The publisher: signs the committed tree's checkpoint, and lets it out only behind the guard (DESIGN 5).

Example::

    note = publish(database, guard, signer, now)  # bytes of a signed note, to be served and put into receipts

In this order, under a lock that only one publisher holds:

1. take the lock: an advisory lock of PostgreSQL, which all machines share, and the guard's file lock
2. read the committed tree, compare it with the guard, and wait until a synchronous standby has it, too
3. sign its checkpoint
4. write the guard and sync it: from here on no smaller or other tree can be published
5. store the checkpoint and release it

Whoever dies between 4 and 5 leaves a guard that was never released; the next publisher releases it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import RecordError, UnavailableError
from signing_service.record import checkpoint as checkpoints
from signing_service.record.note import Signer, verify_note
from signing_service.record.tree import Frontier
from signing_service.store import guard as guards
from signing_service.store.database import Database
from signing_service.store.driver import Driver, read_moment
from signing_service.store.guard import Guard
from signing_service.store.ledger import read_frontier
from signing_service.store.tables import Checkpoint

ADVISORY_LOCK = 0x7369676E_70756273  # "signpubs"
_LOCK = f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK}), current_setting('synchronous_standby_names') <> ''"
_WAITS = "commits wait for a standby"  # key of Session.info
_NEWEST = "SELECT size, note, published FROM checkpoints ORDER BY size DESC LIMIT 1"
_NOTE = "SELECT note FROM checkpoints WHERE size = :size"
_RELEASE = "INSERT INTO checkpoints (size, note, published) VALUES (:size, :note, :now) ON CONFLICT (size) DO NOTHING"


class Released(NamedTuple):
    """A checkpoint that was released."""

    size: int
    note: str
    """The signed note, without cosignatures."""
    published: datetime


def publish(
    database: Database,
    guard: Guard,
    signer: Signer,
    now: datetime,
    check: Callable[[Session], None] = lambda session: None,
) -> bytes:
    """Publish the newest checkpoint and give its signed note; the same again while nothing was appended.

    The signer's name is the record's origin. ``check`` runs under the lock and may raise, so that a key that was
    replaced meanwhile signs no more. Raises ForkError when database and guard contradict each other.
    """
    with one_publisher(database, guard) as session:  # (1)
        check(session)
        frontier = read_frontier(session)  # (2)
        guards.check(session, frontier, guard)
        guarded = guard.read()
        if guarded is not None and guarded.size == frontier.size:
            note = guarded.note
            if _stored(session, frontier.size) == note.decode():
                return note
        else:
            if session.info.get(_WAITS):
                database.settle()
            note = _sign(frontier, signer)  # (3)
        guard.write(note)  # (4)
        driver = Driver.of(session)
        driver.run(_RELEASE, {"size": frontier.size, "note": note.decode(), "now": driver.moment(now)})  # (5)
        return note


def newest(session: Session) -> Released | None:
    """The newest checkpoint that was released, None before the first."""
    row = Driver.of(session).row(_NEWEST)
    return None if row is None else Released(row[0], row[1], read_moment(row[2]))


def newest_first(session: Session, limit: int) -> list[Checkpoint]:
    """The released checkpoints, the newest first, at most ``limit``."""
    return list(session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(limit)))


def _sign(frontier: Frontier, signer: Signer) -> bytes:
    note = checkpoints.sign_checkpoint(checkpoints.Checkpoint(signer.name, frontier.size, frontier.root()), signer)
    try:
        verify_note(note, [signer.verifier_key])
    except RecordError as error:  # receipts would carry it for good; of Ed25519 a wrong one may give the key away
        raise UnavailableError(
            "the record's key has made a signature that does not verify; no checkpoint was released",
            hint="look at the token or the memory of this machine; try again on another one",
        ) from error
    return note


def _stored(session: Session, size: int) -> str | None:
    row = Driver.of(session).row(_NOTE, {"size": size})
    return None if row is None else str(row[0])


@contextmanager
def one_publisher(database: Database, guard: Guard) -> Iterator[Session]:
    """One transaction during which nobody publishes."""
    with guard.lock(), database.begin() as session:
        if database.dialect == "postgresql":
            session.info[_WAITS] = (Driver.of(session).row(_LOCK) or ("", False))[1]
        yield session
