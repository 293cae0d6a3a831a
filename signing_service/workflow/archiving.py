"""The archive delta (PAdES B-LTA): validation material and a document timestamp over the whole file, in one update."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.terms import ARCHIVE_FIELDS
from signing_service.encoding import canonical_json, format_time
from signing_service.errors import (
    ConfigurationError,
    ForkError,
    NotAllowedError,
    TimestampError,
    UnavailableError,
)
from signing_service.pdf.delta import Delta, Dss, archive_delta, byte_range_digest
from signing_service.pki.timestamps import TimestampToken
from signing_service.store import acts, agreements, ledger
from signing_service.store.tables import ArchiveTimestamp
from signing_service.workflow.material import gather, token_until
from signing_service.workflow.recorded import check_recorded
from signing_service.workflow.revisions import Candidate, OvertakenError, make_candidate, store_candidate
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_published, tail_of

BATCH = 20  # agreements that the worker archives before it looks at other work
AFTER_A_FAILURE = timedelta(hours=1)  # one that cannot be archived is tried again

_FOR_ALL = (ConfigurationError, ForkError, TimestampError, UnavailableError)  # what concerns every agreement alike

_log = logging.getLogger(__name__)


def archive(
    service: Service,
    agreement_id: str,
    accept: Callable[[TimestampToken], None] = lambda token: None,
    *,
    only: str | None = None,
) -> None:
    """Append the next archive delta to a countersigned agreement and publish the record.

    ``accept`` may raise to refuse a timestamp; then nothing is stored. ``only``: the field that is to be filled; who
    found out some time ago that it is empty may be late. Raises TimestampError if no authority answers (the worker
    tries again), NotAllowedError before the countersignature or when all archive fields are filled, OvertakenError when
    another process was first, DamagedError where what is stored is not what the record says.
    """
    guard = service.guard.remembered()
    with service.database.read() as session:
        published = load_published(session, agreement_id)
        field = _next_field(session, agreement_id)
        if only not in (None, field):
            raise OvertakenError("another revision was stored in between")
        end = agreements.newest_end(session, agreement_id)
        before = service.prefixes.hash_of(session, agreement_id, end)
        check_recorded(session, guard, agreement_id, end)
        delta = _next_delta(session, service, published, field, end)
        digest = byte_range_digest(before, delta)
    token = service.timestamp(digest)
    accept(token)
    with service.database.read() as session:
        candidate = make_candidate(session, service, published, end, delta, token.der)
    _store(service, agreement_id, field, candidate, token, delta.dss or Dss())
    service.publish()


def archive_all(service: Service) -> int:
    """Archive agreements whose countersignature was not followed by its archive delta, BATCH of them; how many."""
    with service.database.look() as session:
        waiting = _waiting(session, service)
    done = 0
    for agreement_id in waiting:
        try:
            archive(service, agreement_id, only=ARCHIVE_FIELDS[0])
            done += 1
        except OvertakenError:
            continue  # another worker did it
        except _FOR_ALL:
            raise
        except Exception:  # one agreement must not hold up the others
            _log.exception("archiving agreement %s failed; it is tried again later", agreement_id)
            service.schedule.put_off(_task(agreement_id), service.clock())
    return done


def _task(agreement_id: str) -> str:
    return f"archive {agreement_id}"


def _waiting(session: Session, service: Service) -> list[str]:
    """Those that wait for their archive delta, but for those that have just failed; at most BATCH."""
    late, now = service.schedule.count_put_off(), service.clock()
    waiting = acts.awaiting_archive(session, BATCH + late)
    return [one for one in waiting if not service.schedule.is_put_off(_task(one), now, AFTER_A_FAILURE)][:BATCH]


def _next_field(session: Session, agreement_id: str) -> str:
    earlier = acts.archive_timestamps(session, agreement_id)
    signatures = acts.signatures(session, agreement_id)
    if not any(signature.act == "countersignature" for signature in signatures):
        raise NotAllowedError("the agreement is not countersigned yet", hint="archive it after the countersignature")
    if len(earlier) == len(ARCHIVE_FIELDS):
        raise NotAllowedError("all archive fields of this agreement are filled")
    return ARCHIVE_FIELDS[len(earlier)]


def _next_delta(
    session: Session, service: Service, published: Published, field: str, end: agreements.RevisionEnd
) -> Delta:
    material = gather(session, service, published.id, service.clock())
    return archive_delta(
        published.layout, tail_of(end), field, material.certificates, material.ocsps, material.earlier, material.crls
    )


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
