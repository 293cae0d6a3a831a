"""From a finished CMS to a stored revision: embedded, checked on its known-good prefix, kept as a delta."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.errors import ConflictError
from signing_service.pdf.delta import Delta, embed
from signing_service.store import agreements
from signing_service.store.agreements import RevisionEnd
from signing_service.verify.revision import verify_last_revision
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published


class OvertakenError(ConflictError):
    """Another revision was stored first; this one continues bytes that are no longer the newest."""


Candidate = agreements.NewRevision  # a complete new revision that is not stored yet


def make_candidate(
    session: Session, service: Service, published: Published, end: RevisionEnd, delta: Delta, der: bytes
) -> Candidate:
    """Embed ``der`` (a CMS or a timestamp token) into a delta on the newest revision, ``end``, and check the result.

    Raises OvertakenError when the delta does not continue the newest revision, VerificationError when the service's
    own verifier refuses what it made.
    """
    if delta.start != end.length:
        raise OvertakenError("another revision was stored in between")
    data = embed(delta, der)
    digest = service.prefixes.hash_of(session, published.id, end)
    digest.update(data)
    previous = service.prefixes.bytes_of(session, published.id, end)
    verify_last_revision(previous, previous + data, trust=service.trust, at=service.clock())
    tail = delta.tail
    return Candidate(end.number + 1, data, tail.length, tail.startxref, tail.size, digest.hexdigest())


def store_candidate(session: Session, agreement_id: str, candidate: Candidate, now: datetime) -> None:
    """Store the revision within the caller's transaction, which holds the agreement (agreements.hold, agreements.lock).

    Raises OvertakenError if another one came first.
    """
    if agreements.newest_end(session, agreement_id).number + 1 != candidate.number:
        raise OvertakenError("another revision was stored in between")
    agreements.add_revision(session, agreement_id, candidate, now=now)
