"""The archive delta (PAdES B-LTA): validation material and a document timestamp over the whole file, in one update."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from signing_service.agreement.terms import ARCHIVE_FIELDS
from signing_service.encoding import canonical_json, format_time
from signing_service.errors import NotAllowedError
from signing_service.pdf.delta import Delta, Dss, archive_delta, byte_range_digest
from signing_service.pki.timestamps import TimestampToken
from signing_service.store import acts, agreements, ledger
from signing_service.store.tables import ArchiveTimestamp
from signing_service.workflow.material import gather, token_until
from signing_service.workflow.revisions import Candidate, OvertakenError, make_candidate, store_candidate
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_published, tail_of

BATCH = 20  # agreements that the worker archives before it looks at other work


def archive(service: Service, agreement_id: str, accept: Callable[[TimestampToken], None] = lambda token: None) -> None:
    """Append the next archive delta to a countersigned agreement and publish the record.

    ``accept`` may raise to refuse a timestamp; then nothing is stored. Raises TimestampError if no authority answers
    (the worker tries again), NotAllowedError before the countersignature or when all archive fields are filled,
    OvertakenError when another process was first.
    """
    with service.database.read() as session:
        published = load_published(session, agreement_id)
        delta, field = _next_delta(session, service, published)
        end = agreements.newest_end(session, agreement_id)
        digest = byte_range_digest(service.prefixes.hash_of(session, agreement_id, end.number), delta)
    token = service.timestamp(digest)
    accept(token)
    with service.database.read() as session:
        candidate = make_candidate(session, service, published, end, delta, token.der)
    _store(service, agreement_id, field, candidate, token, delta.dss or Dss())
    service.publish()


def archive_all(service: Service) -> int:
    """Archive agreements whose countersignature was not followed by its archive delta, BATCH of them; how many."""
    with service.database.read() as session:
        waiting = acts.awaiting_archive(session, BATCH)
    done = 0
    for agreement_id in waiting:
        try:
            archive(service, agreement_id)
            done += 1
        except OvertakenError:
            continue  # another worker did it
    return done


def _next_delta(session: Session, service: Service, published: Published) -> tuple[Delta, str]:
    earlier = acts.archive_timestamps(session, published.id)
    signatures = acts.signatures(session, published.id)
    if not any(signature.act == "countersignature" for signature in signatures):
        raise NotAllowedError("the agreement is not countersigned yet", hint="archive it after the countersignature")
    if len(earlier) == len(ARCHIVE_FIELDS):
        raise NotAllowedError("all archive fields of this agreement are filled")
    field = ARCHIVE_FIELDS[len(earlier)]
    material = gather(session, service, published.id, service.clock())
    tail = tail_of(agreements.newest_end(session, published.id))
    delta = archive_delta(
        published.layout, tail, field, material.certificates, material.ocsps, material.earlier, material.crls
    )
    return delta, field


def _store(
    service: Service, agreement_id: str, field: str, candidate: Candidate, token: TimestampToken, dss: Dss
) -> None:
    now = service.clock()
    members = {
        "field": field,
        "revision": candidate.number,
        "pdf_sha256": candidate.sha256,
        "pdf_length": candidate.length,
        "timestamp": {"time": format_time(token.time), "independent": token.independent},
    }
    with service.database.begin() as session:
        agreements.hold(session, agreement_id)
        store_candidate(session, agreement_id, candidate, now)
        entry = ledger.append(session, agreement_id, "archive-timestamp", members, now)
        row = _row(agreement_id, field, candidate, token, dss, entry.index)
        acts.add_archive_timestamp(session, row, token_until(token.der))


def _row(
    agreement_id: str, field: str, candidate: Candidate, token: TimestampToken, dss: Dss, index: int
) -> ArchiveTimestamp:
    return ArchiveTimestamp(
        agreement=agreement_id,
        field=field,
        revision=candidate.number,
        timestamp_time=token.time,
        timestamp_independent=token.independent,
        material=canonical_json(
            {"certificates": list(dss.certificates), "ocsps": list(dss.ocsps), "crls": list(dss.crls)}
        ),
        entry_index=index,
    )
