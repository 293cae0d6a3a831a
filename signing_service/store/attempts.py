"""Attempts: one signing each, from "begin" to the receipt; every step of every signature asks for one.

Example::

    attempt = attempts.find(session, attempt_id, lock=True)
    if attempt.state == "complete":
        return attempt.receipt  # a repeat gives the same answer
    attempts.change(session, attempt.id, state="complete", completed=now)

They are read and written by the driver: SQLAlchemy's objects cost more than all that PostgreSQL does for them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import Attempt, Turn


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as it stood when it was read; the table says what each column holds."""

    id: str
    agreement: str
    signer: str
    person: str
    mandate: str
    act: str
    created: datetime
    expires: datetime
    appearance: bytes
    statement: bytes
    state: str = "begun"
    approval: bytes | None = None
    spki: bytes | None = None
    certificate: bytes | None = None
    issuance_index: int | None = None
    prepared_revision: int | None = None
    prepared_delta: bytes | None = None
    prepared_contents_offset: int | None = None
    prepared_startxref: int | None = None
    prepared_size: int | None = None
    signed_attributes: bytes | None = None
    receipt: bytes | None = None
    completed: datetime | None = None
    own_certificate: bool = False


_COLUMNS = tuple(field.name for field in fields(AttemptRow))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM attempts"
_FIND = f"{_SELECT} WHERE id = :attempt"
_OF_SIGNER = "agreement = :agreement AND signer = :signer AND person = :person"
_NEWEST = f"{_SELECT} WHERE {_OF_SIGNER} ORDER BY created DESC, id LIMIT 1"
_ASKED = "SELECT person, agreement, state, expires, statement, spki FROM attempts WHERE id = :attempt"
_COMPLETED = (
    'SELECT a.agreement, a.signer, a.receipt, e."index", e.data, v.event, v.salt FROM attempts AS a '
    "JOIN signatures AS s ON s.attempt = a.id "
    'JOIN entries AS e ON e."index" = s.entry_index JOIN events AS v ON v."index" = e."index" '
    "WHERE a.id = :attempt AND a.state = 'complete'"
)
_MOMENTS = tuple(_COLUMNS.index(name) for name in ("created", "expires", "completed"))
_OWN_CERTIFICATE = _COLUMNS.index("own_certificate")


def _read(row: tuple[Any, ...]) -> AttemptRow:
    values = list(row)
    for place in _MOMENTS:
        values[place] = None if values[place] is None else read_moment(values[place])
    values[_OWN_CERTIFICATE] = bool(values[_OWN_CERTIFICATE])  # a number in SQLite
    return AttemptRow(*values)


def add(session: Session, attempt: AttemptRow) -> None:
    """Store a new attempt; raises ConflictError if there is one of that id."""
    values = {name: getattr(attempt, name) for name in _COLUMNS}
    try:
        Driver.of(session).insert("attempts", values)
    except IntegrityError as error:
        raise ConflictError("the attempt exists already") from error


def find(session: Session, attempt_id: str, *, lock: bool = False) -> AttemptRow:
    """The attempt of that id; ``lock`` holds its row until commit, so that doubled requests take their turns.

    Raises NotFoundError.
    """
    driver = Driver.of(session)
    held = " FOR NO KEY UPDATE" if lock and driver.locks_rows else ""
    row = driver.row(_FIND + held, {"attempt": attempt_id})
    if row is None:
        raise NotFoundError("there is no such attempt")
    return _read(row)


def newest(session: Session, agreement: str, signer: str, person: str) -> AttemptRow | None:
    """A person's last attempt for a signer of an agreement; who comes back finds it again."""
    row = Driver.of(session).row(_NEWEST, {"agreement": agreement, "signer": signer, "person": person})
    return None if row is None else _read(row)


def change(session: Session, attempt_id: str, **values: Any) -> None:
    """Set columns of an attempt."""
    Driver.of(session).update("attempts", "id", attempt_id, values)


def approve(session: Session, attempt_id: str, statement: bytes, spki: bytes, **issued: Any) -> None:
    """Let an attempt be approved, for the one-time key ``spki`` (DER SubjectPublicKeyInfo) with what was ``issued``.

    Raises ConflictError if another attempt has that key, be it one that is approved in the same moment.
    """
    try:
        change(session, attempt_id, state="approved", statement=statement, spki=spki, **issued)
    except IntegrityError as error:
        hint = "reload the page and begin again"
        raise ConflictError("this one-time key served another attempt", hint=hint) from error


class Asked(NamedTuple):
    """Of an attempt what is looked at each time that somebody asks for its turn."""

    person: str
    agreement: str
    state: str
    expires: datetime
    statement: bytes
    spki: bytes | None


def asked(session: Session | Driver, attempt_id: str) -> Asked:
    """The attempt of that id; raises NotFoundError."""
    row = Driver.of(session).row(_ASKED, {"attempt": attempt_id})
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
    driver = Driver.of(session)
    held = lock and driver.locks_rows
    row = driver.row(_COMPLETED + " FOR NO KEY UPDATE OF a" if held else _COMPLETED, {"attempt": attempt_id})
    return None if row is None else Completed(*row)


def signing_now(session: Session, agreement: str, *, now: datetime) -> set[str]:
    """The signers of an agreement who have approved, and whose lease in its queue runs: who left is none of them."""
    query = (
        select(Attempt.signer)
        .join(Turn, Turn.attempt == Attempt.id)
        .where(Turn.agreement == agreement, Turn.lease_until > now, Attempt.state == "approved")
    )
    return set(session.scalars(query))


def end_all_of(session: Session, person: str) -> None:
    """Let what a person has approved and not signed expire and leave the queue; an own certificate's stays.

    It expires when it was begun, so that it is over for a machine whose clock is behind, and for who read the clock
    and waits for the attempt.
    """
    living = (Attempt.person == person, Attempt.state == "approved", ~Attempt.own_certificate)
    over = Attempt.created
    ended = update(Attempt).where(*living, Attempt.expires > over).values(expires=over).returning(Attempt.id)
    ids = session.scalars(ended.execution_options(synchronize_session=False)).all()
    session.execute(delete(Turn).where(Turn.attempt.in_(ids)).execution_options(synchronize_session=False))
