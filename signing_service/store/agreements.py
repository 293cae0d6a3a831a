"""Agreements, their source and their revisions.

Example::

    agreements.add_draft(session, agreement_id, reference="12C12U/2025", terms=terms, files=files, officer=me, now=now)
    agreements.publish(session, agreement_id, Publication(...), now=now)
    agreements.add_revision(session, agreement_id, NewRevision(1, delta, length, startxref, size, sha256), now=now)
    pdf = agreements.read_pdf(session, agreement_id)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import words
from signing_service.store.driver import Driver
from signing_service.store.tables import Agreement, Document, Revision, SourceFile

# What every step of signing asks, built once or written out: SQLAlchemy takes longer for a statement than the database.
_AGREEMENT = select(Agreement).where(Agreement.id == bindparam("agreement"))
_LOCKED_AGREEMENT = _AGREEMENT.with_for_update(key_share=True).execution_options(populate_existing=True)
_HELD = "SELECT id FROM agreements WHERE id = :agreement"
_STATE = "SELECT state FROM agreements WHERE id = :agreement"
_ENDS = "SELECT number, length, startxref, size, sha256 FROM revisions WHERE agreement = :agreement"
_ALL_ENDS = _ENDS + " ORDER BY number"
_NEWEST_END = _ENDS + " ORDER BY number DESC LIMIT 1"
_OUTERMOST_ENDS = (
    _ENDS + " AND (number = 0 OR number = (SELECT max(number) FROM revisions WHERE agreement = :agreement)) "
    "ORDER BY number"
)
_END_OF = _ENDS + " AND number = :number"
_DELTAS = (
    "SELECT number, delta FROM revisions "
    "WHERE agreement = :agreement AND number > :after AND number <= :last ORDER BY number"
)


@dataclass(frozen=True, slots=True)
class RevisionEnd:
    """Where a stored revision ends; all that preparing the next one needs."""

    number: int
    length: int
    """Bytes of the whole file up to here."""
    startxref: int
    size: int
    """The trailer's /Size."""
    sha256: str
    """Of the whole file up to here, hexadecimal."""


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A revision to be stored: its place and the bytes that it adds."""

    number: int
    delta: bytes
    length: int
    startxref: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing freezes."""

    terms: bytes
    layout: bytes
    contents_size: int
    base_length: int
    revision0: NewRevision
    officer: str | None


def add_draft(
    session: Session,
    agreement_id: str,
    *,
    reference: str,
    terms: bytes,
    files: Mapping[str, bytes],
    officer: str | None,
    now: datetime,
) -> Agreement:
    """Store a new draft with its source files."""
    agreement = Agreement(id=agreement_id, reference=reference, terms=terms, created=now, created_by=officer)
    session.add(agreement)
    session.flush()
    session.add_all(SourceFile(agreement=agreement_id, path=path, content=data) for path, data in files.items())
    session.flush()
    words.keep(session, agreement)
    return agreement


def replace_draft(
    session: Session, agreement_id: str, *, reference: str, terms: bytes, files: Mapping[str, bytes]
) -> Agreement:
    """Replace a draft's terms and source; raises ConflictError once it is published."""
    agreement = lock(session, agreement_id)
    if agreement.state != "draft":
        raise ConflictError("the agreement is published; its bytes are frozen", hint="publish a corrected version")
    session.execute(delete(SourceFile).where(SourceFile.agreement == agreement_id))
    agreement.reference, agreement.terms = reference, terms
    session.add_all(SourceFile(agreement=agreement_id, path=path, content=data) for path, data in files.items())
    session.flush()
    words.keep(session, agreement)
    return agreement


def publish(session: Session, agreement_id: str, publication: Publication, *, now: datetime) -> Agreement:
    """Freeze a draft, whose event is recorded next; raises ConflictError if it is published already."""
    agreement = lock(session, agreement_id)
    if agreement.state != "draft":
        raise ConflictError("the agreement is published already")
    agreement.state = "published"
    agreement.terms = publication.terms
    agreement.layout = publication.layout
    agreement.contents_size = publication.contents_size
    agreement.base_length = publication.base_length
    agreement.published, agreement.published_by = now, publication.officer
    add_revision(session, agreement_id, publication.revision0, now=now)
    return agreement


def get(session: Session, agreement_id: str) -> Agreement:
    """The agreement of that id; raises NotFoundError."""
    agreement = session.scalar(_AGREEMENT, {"agreement": agreement_id})
    if agreement is None:
        raise NotFoundError("there is no such agreement")
    return agreement


def lock(session: Session, agreement_id: str) -> Agreement:
    """As get, holding the agreement's row until commit: one act on an agreement at a time.

    The lock lets others' foreign keys point at the row (PostgreSQL ``FOR NO KEY UPDATE``): their checks come after
    they took the log's lock, and would wait for this one in the wrong order.
    """
    agreement = session.scalar(_LOCKED_AGREEMENT, {"agreement": agreement_id})
    if agreement is None:
        raise NotFoundError("there is no such agreement")
    return agreement


def hold(session: Session, agreement_id: str) -> None:
    """Hold the row as lock does, for who needs nothing of it: terms and layout are long."""
    driver = Driver.of(session)
    held = _HELD + " FOR NO KEY UPDATE" if driver.locks_rows else _HELD
    if driver.row(held, {"agreement": agreement_id}) is None:
        raise NotFoundError("there is no such agreement")


def state_of(session: Session, agreement_id: str) -> str:
    """``draft`` or ``published``; raises NotFoundError for an unknown agreement."""
    row = Driver.of(session).row(_STATE, {"agreement": agreement_id})
    if row is None:
        raise NotFoundError("there is no such agreement")
    return str(row[0])


def newest_first(session: Session) -> list[Agreement]:
    """All agreements, the last one made first."""
    return list(session.scalars(select(Agreement).order_by(Agreement.created.desc(), Agreement.id)))


def with_reference(session: Session, reference: str) -> list[Agreement]:
    """All agreements of one reference, drafts too."""
    return list(session.scalars(select(Agreement).where(Agreement.reference == reference)))


def by_revision0(session: Session, sha256: str) -> str:
    """The id of the agreement whose revision 0 has this SHA-256; raises NotFoundError."""
    query = select(Revision.agreement).where(Revision.number == 0, Revision.sha256 == sha256)
    found = session.scalar(query)
    if found is None:
        raise NotFoundError("there is no agreement whose revision 0 has the digest %(digest)s", digest=sha256)
    return found


def source_files(session: Session, agreement_id: str) -> dict[str, bytes]:
    """The agreement's source, path → content."""
    query = select(SourceFile.path, SourceFile.content).where(SourceFile.agreement == agreement_id)
    return dict(session.execute(query.order_by(SourceFile.path)).all())


def source_file(session: Session, agreement_id: str, path: str) -> bytes:
    """One file of a source, whose path is known to be in it."""
    return session.get_one(SourceFile, (agreement_id, path)).content


def add_revision(session: Session, agreement_id: str, revision: NewRevision, *, now: datetime) -> None:
    """Store a revision; raises ConflictError when somebody else's has taken the number.

    The error ends the transaction: nothing else of it may be kept.
    """
    session.flush()
    row = {field.name: getattr(revision, field.name) for field in fields(revision)}
    try:
        Driver.of(session).insert("revisions", {"agreement": agreement_id, **row, "created": now})
    except IntegrityError as error:
        raise ConflictError(
            "revision %(number)s of the agreement exists already",
            hint="another signature came first; prepare this one again",
            number=revision.number,
        ) from error


def newest_end(session: Session, agreement_id: str) -> RevisionEnd:
    """Where the newest revision ends; raises NotFoundError before publication."""
    row = Driver.of(session).row(_NEWEST_END, {"agreement": agreement_id})
    if row is None:
        raise NotFoundError("the agreement is not published")
    return RevisionEnd(*row)


def outermost_ends(session: Session, agreement_id: str) -> tuple[RevisionEnd, RevisionEnd] | None:
    """Where revision 0 and the newest one end, which may be the same; None before publication."""
    found = [RevisionEnd(*row) for row in Driver.of(session).rows(_OUTERMOST_ENDS, {"agreement": agreement_id})]
    return (found[0], found[-1]) if found else None


def end_of(session: Session, agreement_id: str, number: int) -> RevisionEnd:
    """Where one revision ends; raises NotFoundError."""
    found = find_end(session, agreement_id, number)
    if found is None:
        raise NotFoundError("there is no such revision")
    return found


def find_end(session: Session, agreement_id: str, number: int) -> RevisionEnd | None:
    """Where one revision ends; None where there is no such revision."""
    row = Driver.of(session).row(_END_OF, {"agreement": agreement_id, "number": number})
    return None if row is None else RevisionEnd(*row)


def ends(session: Session, agreement_id: str) -> list[RevisionEnd]:
    """Where each revision ends, in order."""
    return [RevisionEnd(*row) for row in Driver.of(session).rows(_ALL_ENDS, {"agreement": agreement_id})]


def read_pdf(session: Session, agreement_id: str, number: int | None = None) -> bytes:
    """The whole PDF up to revision ``number`` (default: the newest); raises NotFoundError."""
    query = select(Revision.number, Revision.delta).where(Revision.agreement == agreement_id)
    if number is not None:
        query = query.where(Revision.number <= number)
    rows = session.execute(query.order_by(Revision.number)).all()
    if not rows or (number is not None and rows[-1].number != number):
        raise NotFoundError("there is no such revision")
    return b"".join(row.delta for row in rows)


def read_end(session: Session, agreement_id: str, number: int, start: int) -> bytes:
    """The bytes of revision ``number`` from offset ``start`` on; reads only the deltas that hold them."""
    query = select(Revision.delta, Revision.length).where(
        Revision.agreement == agreement_id, Revision.number <= number, Revision.length > start
    )
    rows = session.execute(query.order_by(Revision.number)).all()
    data = b"".join(row.delta for row in rows)
    return data[len(data) - (rows[-1].length - start) :] if rows else b""


def read_deltas(session: Session, agreement_id: str, after: int, last: int) -> list[tuple[int, bytes]]:
    """Number and delta of each revision above ``after``, up to ``last``, in order."""
    rows = Driver.of(session).rows(_DELTAS, {"agreement": agreement_id, "after": after, "last": last})
    return [(number, delta) for number, delta in rows]


def add_document(session: Session, sha256: str, content: bytes, *, now: datetime) -> None:
    """Keep a PDF that is evidence; storing the same one again changes nothing."""
    if not session.scalar(select(exists().where(Document.sha256 == sha256))):
        session.add(Document(sha256=sha256, content=content, created=now))
        session.flush()


def find_document(session: Session, sha256: str) -> bytes | None:
    """The document with that SHA-256; None if it was never kept, or erased."""
    row = session.get(Document, sha256)
    return None if row is None else row.content


def document(session: Session, sha256: str) -> bytes:
    """The document with that SHA-256; raises NotFoundError."""
    row = session.get(Document, sha256)
    if row is None:
        raise NotFoundError("there is no such document")
    return row.content
