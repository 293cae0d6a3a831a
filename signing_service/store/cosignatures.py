"""Log witnesses' cosignatures of the published checkpoints, and how asking each witness goes.

Example::

    with database.begin() as session:
        if cosignatures.claim(session, "witness.example.edu+5d1c0a52", now=now, lease=timedelta(minutes=1)):
            ...  # ask it, outside any transaction
    with database.begin() as session:
        cosignatures.add(session, size, "witness.example.edu+5d1c0a52", line, time=time, now=now)
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from signing_service.store.driver import Driver
from signing_service.store.tables import Checkpoint, Cosignature, UtcTime, WitnessProgress

_BEGIN = text(
    "INSERT INTO witness_progress (witness, cosigned, attempts, next_attempt) VALUES (:witness, 0, 0, :now)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcTime()))
_OF_CHECKPOINT = "SELECT witness, line FROM cosignatures WHERE size = :size ORDER BY witness"


def of_checkpoint(session: Session, size: int) -> dict[str, str]:
    """The cosignature lines of the checkpoint of that size, by witness, in the order of their names."""
    return dict(Driver.of(session).rows(_OF_CHECKPOINT, {"size": size}))


def add(session: Session, size: int, witness: str, line: str, *, time: datetime, now: datetime) -> None:
    """Store a verified cosignature, made at ``time``; one that is there already stays. Its witness is well again."""
    progress = _progress(session, witness, now)
    if session.get(Cosignature, (size, witness)) is None:  # the row above is locked: nobody else adds it meanwhile
        session.add(Cosignature(size=size, witness=witness, line=line, time=time))
    progress.cosigned = max(progress.cosigned, size)
    progress.attempts, progress.error, progress.alarm, progress.alarmed = 0, None, None, None
    progress.next_attempt = now
    session.flush()


def claim(session: Session, witness: str, *, now: datetime, lease: timedelta) -> WitnessProgress | None:
    """Take the right to ask a witness until ``now + lease``; None while another worker has it, or it is too early."""
    progress = _progress(session, witness, now)
    if progress.next_attempt > now:
        return None
    progress.next_attempt = now + lease
    session.flush()
    return progress


def put_off(
    session: Session, witness: str, error: str, *, next_attempt: datetime, now: datetime, alarm: bool = False
) -> bool:
    """Note a failure; with ``alarm``, what the witness says against the record. Give whether that alarm is new."""
    progress = _progress(session, witness, now)
    progress.attempts += 1
    progress.error, progress.next_attempt = error[:500], next_attempt
    new = alarm and progress.alarm is None
    if new:
        progress.alarm, progress.alarmed = error[:500], now
    session.flush()
    return new


def progress_of_all(session: Session) -> list[WitnessProgress]:
    """How asking goes, of every witness that was ever asked or took part by file."""
    return list(session.scalars(select(WitnessProgress).order_by(WitnessProgress.witness)))


def newest_by_quorum(session: Session, witnesses: Collection[str], quorum: int, *, above: int = 0) -> Checkpoint | None:
    """The newest checkpoint of ``above`` entries or more that at least ``quorum`` of ``witnesses`` have cosigned."""
    counted = select(Cosignature.size).where(Cosignature.witness.in_(witnesses), Cosignature.size >= above)
    sizes = counted.group_by(Cosignature.size).having(func.count() >= quorum).order_by(Cosignature.size.desc()).limit(1)
    size = session.scalar(sizes)
    return None if size is None else session.get(Checkpoint, size)


def _progress(session: Session, witness: str, now: datetime) -> WitnessProgress:
    """The witness's row, locked until commit, made if this is the first time."""
    session.execute(_BEGIN, {"witness": witness, "now": now})
    query = select(WitnessProgress).where(WitnessProgress.witness == witness).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
