"""Whether the newest revision of a document is the one in the record, before something is built upon it for decades. ::

    guard = service.guard.remembered()
    with service.database.read() as session:
        check_recorded(session, guard, agreement_id, agreements.newest_end(session, agreement_id))
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from signing_service.errors import DamagedError, RecordError
from signing_service.record.entry import verify_opening
from signing_service.record.tree import inclusion_proof, leaf_hash, verify_inclusion
from signing_service.store import acts, agreements, openings
from signing_service.store.guard import Guard
from signing_service.store.tree import hash_reader


def check_recorded(session: Session, guard: Guard, agreement_id: str, end: agreements.RevisionEnd) -> None:
    """Raise DamagedError unless the guard vouches for the digest of the newest revision.

    The new timestamp says for decades that these bytes were there: digest, event, entry, tree and guard must agree,
    whoever could write into the database meanwhile. ``guard`` was remembered before the session's snapshot.
    """
    entries = {row.revision: row.entry_index for row in acts.signatures(session, agreement_id)}
    entries |= {row.revision: row.entry_index for row in acts.archive_timestamps(session, agreement_id)}
    guarded = guard.read()
    try:
        index = entries.get(end.number)
        if index is None:
            raise RecordError("it is no countersignature and no archive timestamp")
        opening = openings.by_index(session, [index])[0]
        if opening.event is None or opening.salt is None:  # workflow.erasure erases none of them
            raise RecordError("its event is not there any more")
        verify_opening(opening.entry, opening.event, opening.salt)
        if f'"pdf_sha256":"{end.sha256}"'.encode() not in opening.event:
            raise RecordError("its event names another digest")
        if guarded is not None and index < guarded.size:
            path = inclusion_proof(index, guarded.size, hash_reader(session))
            verify_inclusion(index, guarded.size, leaf_hash(opening.entry), path, guarded.root)
    except RecordError as error:
        raise DamagedError(
            f"revision {end.number} of agreement {agreement_id} is not the one in the record: {error.message}",
            hint="no timestamp was added; docs/operations.md says how to bring a damaged revision back",
        ) from error
