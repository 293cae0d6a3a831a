"""Renewing the proof: a further archive timestamp before the one before it can no longer be verified. ::

    for standing in standings(service):
        print(standing.reference, standing.until)
    renew(service, agreement_id)

A timestamp is worth what its authority's certificate and algorithms are. Twelve months before that ends, the worker
tells the officers and renews by itself, if the new timestamp lasts longer: the built-in authority's does only after its
key was rotated (``signing-service keys rotate timestamp``). Officers change, and mails are overlooked: while nothing is
done they are told again half a year, three months and one month before.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.terms import ARCHIVE_FIELDS, Terms
from signing_service.errors import FormatError, NotAllowedError, TimestampError, VerificationError
from signing_service.pki.timestamps import TimestampToken
from signing_service.store import acts, agreements, listing, outbox
from signing_service.store.tables import ArchiveTimestamp
from signing_service.workflow.archiving import archive
from signing_service.workflow.material import token_of_delta, token_until
from signing_service.workflow.notification import tell_about_renewal
from signing_service.workflow.service import Service

NOTICE = timedelta(days=365)  # before the end: the officers are told, and the worker renews
TOLD = (NOTICE, timedelta(days=180), timedelta(days=90), timedelta(days=30))  # before the end, once each
LEAST_GAIN = timedelta(days=30)  # that a renewal must add, since there are only eight fields
PAUSE = timedelta(hours=6)  # between two looks of one worker
TASK = "renewals"  # in the schedule
BATCH = 20  # agreements that one look takes of a round
MAIL = "renewal"  # the outbox's kind

_log = logging.getLogger(__name__)


class NoGainError(NotAllowedError):
    """A new timestamp would not hold longer than the agreement's newest."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How long an archived agreement's newest timestamp holds."""

    agreement: str
    reference: str
    field: str
    """Of that timestamp."""
    stamped: datetime
    until: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to renew."""
        return now > self.until - NOTICE

    @property
    def fields_left(self) -> int:
        """How many renewals the document still has room for."""
        return len(ARCHIVE_FIELDS) - 1 - ARCHIVE_FIELDS.index(self.field)


def standings(service: Service) -> list[Standing]:
    """All archived agreements, those that end first first."""
    note_ends(service)
    return _ending_before(service, None)


def note_ends(service: Service) -> None:
    """Note until when agreements are provable that were archived before the database kept that."""
    with service.database.read() as session:
        unknown = listing.with_unknown_end(session)
    for agreement_id in unknown:
        try:
            with service.database.begin() as session:
                agreements.lock(session, agreement_id)
                newest = acts.archive_timestamps(session, agreement_id)[-1]
                acts.note_end(session, agreement_id, _until(session, newest))
        except (FormatError, VerificationError):  # one agreement must not hold up the others
            _log.exception("until when agreement %s is provable cannot be read", agreement_id)


def due(service: Service, limit: int | None = None) -> list[Standing]:
    """Those of which it is time to renew, those that end first first; at most ``limit``."""
    note_ends(service)
    return _ending_before(service, service.clock() + NOTICE, limit)


def _ending_before(
    service: Service,
    moment: datetime | None,
    limit: int | None = None,
    behind: tuple[datetime, str] | None = None,
) -> list[Standing]:
    with service.database.read() as session:
        ids = listing.ending_before(session, moment, limit, behind)
        found = [standing_of(session, agreement_id) for agreement_id in ids]
    return [standing for standing in found if standing is not None]


def standing_of(session: Session, agreement_id: str) -> Standing | None:
    """One agreement's; None before it is archived."""
    archived = acts.archive_timestamps(session, agreement_id)
    return _standing(session, archived[-1]) if archived else None


def renew(service: Service, agreement_id: str) -> Standing:
    """Append the next archive delta to an archived agreement; gives how long it holds then.

    Raises NotAllowedError where it is not archived yet, has ended already, has no field left, or would not hold
    longer than now; TimestampError if no authority answers; OvertakenError if another process renewed it.
    """
    with service.database.read() as session:
        agreements.get(session, agreement_id)
        before = standing_of(session, agreement_id)
    if before is None:
        raise NotAllowedError(
            "the agreement is not archived yet", hint="the worker does that after the countersignature"
        )
    if service.clock() > before.until:
        raise NotAllowedError(
            f"the last archive timestamp of {before.reference} could be verified until {before.until:%Y-%m-%d} only",
            hint="nothing can prove any more that it was good then; keep bundles, receipts and the record as evidence",
        )
    if before.fields_left == 0:
        raise NotAllowedError(f"all archive fields of {before.reference} are filled")
    following = ARCHIVE_FIELDS[ARCHIVE_FIELDS.index(before.field) + 1]
    archive(service, agreement_id, functools.partial(_check_gain, before), only=following)
    with service.database.read() as session:
        after = standing_of(session, agreement_id)
    assert after is not None, "archive() stored it"
    return after


def renew_due(service: Service) -> int | None:
    """Tell the officers of what ends within a year, and renew what gains by it; give how much was done.

    None where it was not its time.

    A round takes BATCH agreements a look. They are in the order of their ends: where a new timestamp gains nothing,
    it gains nothing for those behind either, and no authority is asked for them.
    """
    behind = service.schedule.left_at(TASK)
    if behind is None:
        if not service.schedule.is_due(TASK, service.clock(), PAUSE):
            return None
        note_ends(service)
    batch = _ending_before(service, service.clock() + NOTICE, BATCH, behind)
    if len(batch) == BATCH:
        service.schedule.leave_at(TASK, (batch[-1].until, batch[-1].agreement))
    done, gains = 0, True
    for standing in batch:
        done += _warn(service, standing)
        if gains:
            renewed, gains = _renew_if_possible(service, standing)
            done += renewed
    return done


def _standing(session: Session, newest: ArchiveTimestamp) -> Standing:
    row = agreements.get(session, newest.agreement)
    until = row.provable_until or _until(session, newest)
    return Standing(newest.agreement, row.reference, newest.field, newest.timestamp_time, until)


def _until(session: Session, newest: ArchiveTimestamp) -> datetime:
    deltas = dict(agreements.read_deltas(session, newest.agreement, newest.revision - 1, newest.revision))
    return token_until(token_of_delta(deltas[newest.revision]))


def _check_gain(before: Standing, token: TimestampToken) -> None:
    until = token_until(token.der)
    if until < before.until + LEAST_GAIN:
        raise NoGainError(
            f"a new timestamp would hold until {until:%Y-%m-%d}, the one of {before.reference} "
            f"holds until {before.until:%Y-%m-%d}",
            hint="rotate the timestamp key first (signing-service keys rotate timestamp), or name another authority",
        )


def _warn(service: Service, standing: Standing) -> int:
    with service.database.begin() as session:
        agreements.lock(session, standing.agreement)
        sent = outbox.of_agreement(session, standing.agreement)
        since = max(standing.until - before for before in TOLD if standing.until - before < service.clock())
        if any(mail.kind == MAIL and mail.created > max(standing.stamped, since) for mail in sent):
            return 0
        terms = Terms.from_json(agreements.get(session, standing.agreement).terms)
        return tell_about_renewal(session, service, terms, standing.until, service.clock())


def _renew_if_possible(service: Service, standing: Standing) -> tuple[int, bool]:
    """How many were renewed, and whether it is worth while to go on with the next one."""
    try:
        after = renew(service, standing.agreement)
    except (NoGainError, TimestampError) as error:
        _log.warning("renewing %s: %s", standing.reference, error.message)
        return 0, False
    except Exception:  # one agreement must not hold up the others
        _log.exception("renewing %s failed; it is tried again later", standing.reference)
        return 0, True
    _log.info("renewed %s: provable until %s", after.reference, after.until.date())
    return 1, True
