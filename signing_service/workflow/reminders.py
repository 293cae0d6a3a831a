"""Reminding who has not signed: by an officer's hand, or by the worker every so many days. And who may look on.

Nobody is reminded twice within a day, whoever asks for it; declining ends reminders, and so does the agreement's end.
Where enough have signed, the worker reminds nobody; officers still may, until they countersign.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts, may_sign, state
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.errors import InputError, SigningServiceError
from signing_service.store import agreements, listing, mandates, outbox
from signing_service.store.tables import Agreement, Person
from signing_service.workflow.notification import remind
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts, load_terms

EVERY = (1, 2, 3, 7, 14)  # days that an officer may choose
AT_MOST_EVERY = timedelta(days=1)
AT_LEAST_EVERY = timedelta(days=1)  # the worker sees who is awaited now
AFTER_A_FAILURE = timedelta(hours=1)  # later than the others, or failing ones could fill every batch
BATCH = 20  # agreements that one look of the worker takes
PUBLICITY = ("nobody", "parties", "people")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manners:
    """How an agreement is followed."""

    remind_every: int | None
    """Days; None: by hand only."""
    publicity: str
    """One of PUBLICITY: who is shown to those who are not signed in."""


def manners(service: Service, officer_id: str, agreement_id: str) -> Manners:
    """How an agreement is followed now; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        row = agreements.get(session, agreement_id)
        return Manners(row.remind_every, row.publicity)


def set_manners(service: Service, officer_id: str, agreement_id: str, chosen: Manners) -> None:
    """Change how an agreement is followed; raises InputError on anything but EVERY and PUBLICITY."""
    if chosen.publicity not in PUBLICITY or chosen.remind_every not in (None, *EVERY):
        raise InputError("there is no such choice", hint="reload the page and try again")
    with service.database.begin() as session:
        require(session, officer_id, "secretariat")
        row = agreements.lock(session, agreement_id)
        row.remind_every, row.publicity = chosen.remind_every, chosen.publicity
        row.next_reminder = None if chosen.remind_every is None else service.clock()


def remind_all(service: Service, officer_id: str, agreement_id: str) -> int:
    """Remind everybody whose signature is awaited and who was not written to within a day; return how many."""
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "secretariat")
        row = agreements.lock(session, agreement_id)
        return _remind(session, service, row, _awaited(session, load_terms(row), now), AT_MOST_EVERY, now)[0]


def remind_due(service: Service) -> int:
    """The worker's part: remind by schedule, in a batch of agreements; return how many mails that made."""
    now = service.clock()
    with service.database.read() as session:
        due = listing.to_remind(session, now, now + 2 * AT_LEAST_EVERY, BATCH)
    count = 0
    for agreement_id in due:
        try:
            count += _remind_by_schedule(service, agreement_id, now)
        except Exception:  # one agreement must not hold up the others
            _log.exception("reminding for agreement %s failed; it is tried again later", agreement_id)
            with service.database.begin() as session:
                agreements.lock(session, agreement_id).next_reminder = now + AFTER_A_FAILURE
    return count


def _remind_by_schedule(service: Service, agreement_id: str, now: datetime) -> int:
    with service.database.begin() as session:
        row = agreements.lock(session, agreement_id)
        if not row.remind_every:
            return 0
        terms, pause = load_terms(row), timedelta(days=row.remind_every)
        enough = state(terms, load_acts(session, row.id), now) != "open"  # whom nobody waits for, only people remind
        awaited = [] if enough else _awaited(session, terms, now)
        made, row.next_reminder = _remind(session, service, row, awaited, pause, now)
        return made


def _remind(
    session: Session, service: Service, row: Agreement, awaited: list[Person], pause: timedelta, now: datetime
) -> tuple[int, datetime]:
    """How many were reminded, and when it is time to look again."""
    terms = load_terms(row)
    told = outbox.last_asked_to_sign(session, row.id)
    waiting = {person.id: person for person in awaited}
    ends = {person: told[person] + pause if person in told else now for person in waiting}
    due = [person for person, end in ends.items() if end <= now]
    for person in sorted(due):
        remind(session, service, terms, waiting[person], now)
    return len(due), min((*(end for end in ends.values() if end > now), now + AT_LEAST_EVERY))


def _awaited(session: Session, terms: Terms, now: datetime) -> list[Person]:
    """Who may sign now and has not, nor declined."""
    done = load_acts(session, terms.id)
    return [
        person
        for mandate, person in mandates.of_agreement(session, terms.id)
        if mandate.signer not in (SECRETARIAT, *done.refusals)  # an officer who began to countersign has one too
        and person.ended is None
        and _may_sign(terms, mandate.signer, now, done)
    ]


def _may_sign(terms: Terms, signer: str, now: datetime, done: Acts) -> bool:
    try:
        may_sign(terms, done, signer, now)
    except SigningServiceError:
        return False
    return True
