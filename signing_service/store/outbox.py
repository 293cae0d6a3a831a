"""The outbox: mails are rows of the transaction that they tell about, and are sent afterwards.

A worker claims a few, sends them outside any transaction, and says what became of each. Its claim ends by
itself, so mails of a worker that died are claimed again; a mail can be sent twice, but never lost::

    with database.begin() as session:
        mails = outbox.claim(session, now=now, lease=timedelta(minutes=5))
    for mail in mails:
        ...
        with database.begin() as session:
            outbox.mark_sent(session, mail, text=mail.text, html=mail.html, now=now)

``anything_due`` says for less than a claim whether there is something to claim.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store.driver import Driver, read_moment
from signing_service.store.tables import OutboxMail

_DUE = "state = 'waiting' AND (next_attempt <= :now OR next_attempt > :late)"
_ANY_DUE = f"SELECT 1 FROM outbox WHERE {_DUE} LIMIT 1"
_CLAIMABLE = f"""\
SELECT id, recipient, kind, locale, subject, text, html, created, message_id, attempts FROM outbox
WHERE {_DUE} ORDER BY next_attempt, id LIMIT :limit"""
_CLAIM = "UPDATE outbox SET attempts = :attempts, message_id = :message_id, next_attempt = :until WHERE id = :id"
_SENT = "UPDATE outbox SET state = 'sent', sent = :now, error = NULL WHERE id = :id"
_SENT_IN_OTHER_WORDS = _SENT.replace(" WHERE", ", text = :text, html = :html WHERE")
CLAIM_SIZE = 20  # mails a worker takes at once
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
MAX_ATTEMPTS = 100  # with the waits above more than a week of answers like "try again later"
OUTAGE_PAUSE = timedelta(minutes=2)  # between two knocks at a mail server that is down


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that its claimant is to send."""

    id: int
    recipient: str
    kind: str
    locale: str
    subject: str
    text: str
    html: str | None
    created: datetime
    message_id: str
    """What stands before its "@": the same however often the mail is tried."""
    attempts: int
    """This one included."""


def add(
    session: Session,
    *,
    recipient: str,
    kind: str,
    locale: str,
    subject: str,
    text: str,
    html: str | None,
    now: datetime,
    person: str | None = None,
    agreement: str | None = None,
) -> OutboxMail:
    """Put a mail into the outbox, to be sent once the transaction is committed."""
    mail = OutboxMail(
        recipient=recipient,
        person=person,
        agreement=agreement,
        kind=kind,
        locale=locale,
        subject=subject,
        text=text,
        html=html,
        created=now,
        next_attempt=now,
    )
    session.add(mail)  # stored with the act's own rows
    return mail


def anything_due(session: Session, now: datetime) -> bool:
    """Whether a claim may find something; a single statement that locks nothing."""
    return Driver.of(session).row(_ANY_DUE, _moments(session, now)) is not None


def claim(session: Session, *, now: datetime, lease: timedelta, limit: int = CLAIM_SIZE) -> list[ClaimedMail]:
    """Take due mails that no other worker holds (FOR UPDATE SKIP LOCKED), until ``now + lease``.

    Each has a Message-ID from then on, however often it is tried.
    """
    session.flush()
    driver = Driver.of(session)
    query = f"{_CLAIMABLE} FOR UPDATE SKIP LOCKED" if driver.locks_rows else _CLAIMABLE
    mails = [_claimed(row) for row in driver.rows(query, {**_moments(session, now), "limit": limit})]
    until = driver.moment(now + lease)
    claims = [
        {"id": mail.id, "attempts": mail.attempts, "message_id": mail.message_id, "until": until} for mail in mails
    ]
    driver.run_all([(_CLAIM, one) for one in claims])
    return mails


def _claimed(row: tuple[Any, ...]) -> ClaimedMail:
    number, recipient, kind, locale, subject, text, html, created, message_id, attempts = row
    message_id, created = message_id or secrets.token_hex(16), read_moment(created)
    return ClaimedMail(number, recipient, kind, locale, subject, text, html, created, message_id, attempts + 1)


def _moments(session: Session, now: datetime) -> dict[str, Any]:
    """When a mail is due, and what no mail waits for unless the clock was set back."""
    driver = Driver.of(session)
    return {"now": driver.moment(now), "late": driver.moment(now + 2 * LONGEST_RETRY)}


def mark_returned(session: Session, mail: OutboxMail, reason: str, *, for_good: bool) -> int:
    """A mail server that took the mail says that it cannot deliver it, or not yet; give 1, or 0 if it was known."""
    if mail.state != "sent" or mail.error == reason[:500]:
        return 0
    mail.error = reason[:500]
    if for_good:
        mail.state = "failed"
    session.flush()
    return 1


def by_message_id(session: Session, message_id: str) -> OutboxMail | None:
    """The mail that went out under that Message-ID (``<…@…>``), if there is one."""
    local = message_id.strip("<>").partition("@")[0]
    return session.scalar(select(OutboxMail).where(OutboxMail.message_id == local))


def mark_sent(session: Session, mail: ClaimedMail, *, text: str, html: str | None, now: datetime) -> None:
    """The mail server has taken the mail; ``text`` and ``html`` are what is kept of its words."""
    driver = Driver.of(session)
    done = {"id": mail.id, "now": driver.moment(now)}
    if (text, html) == (mail.text, mail.html):  # most mails: some 10 KB that need not be written again
        driver.run(_SENT, done)
    else:
        driver.run(_SENT_IN_OTHER_WORDS, {**done, "text": text, "html": html})


def mark_failed(session: Session, mail_id: int, error: str, *, now: datetime, permanent: bool = False) -> None:
    """Sending failed; it is tried again after a growing wait unless the failure is ``permanent``."""
    mail = get(session, mail_id)
    mail.error = error[:500]
    mail.next_attempt = now + retry_wait(mail.attempts)
    if permanent or mail.attempts >= MAX_ATTEMPTS:
        mail.state = "failed"
    session.flush()


def put_off(session: Session, claimed: Sequence[int], reason: str, *, now: datetime) -> None:
    """No mail gets through now: these, which were claimed in vain, and all others that are due wait for a moment.

    That is no attempt at any of them: they wait as long as it takes, and go out as soon as the mail server is back.
    """
    until = now + OUTAGE_PAUSE
    tried = case((OutboxMail.id.in_(claimed), 1), else_=0)
    query = update(OutboxMail).where(
        OutboxMail.state == "waiting", or_(OutboxMail.id.in_(claimed), OutboxMail.next_attempt <= now)
    )
    session.execute(query.values(next_attempt=until, error=reason[:500], attempts=OutboxMail.attempts - tried))


def retry_wait(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts: doubling, up to LONGEST_RETRY."""
    doublings = max(0, min(attempts, 20) - 1)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)


def get(session: Session, mail_id: int) -> OutboxMail:
    """The mail of that id; raises NotFoundError."""
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        raise NotFoundError("there is no such mail")
    return mail


def of_agreement(session: Session, agreement: str) -> list[OutboxMail]:
    """An agreement's mails, the newest first."""
    query = select(OutboxMail).where(OutboxMail.agreement == agreement)
    return list(session.scalars(query.order_by(OutboxMail.id.desc())))


def failed(session: Session, limit: int) -> list[OutboxMail]:
    """The newest mails that were given up, at most ``limit``."""
    query = select(OutboxMail).where(OutboxMail.state == "failed").order_by(OutboxMail.id.desc()).limit(limit)
    return list(session.scalars(query))


def failed_by_agreement(session: Session, agreements: Sequence[str]) -> dict[str, int]:
    """How many mails of each of these agreements were refused or came back; those without any are left out."""
    query = select(OutboxMail.agreement, func.count()).where(
        OutboxMail.agreement.in_(agreements), OutboxMail.state == "failed"
    )
    return {str(agreement): count for agreement, count in session.execute(query.group_by(OutboxMail.agreement))}


def last_asked_to_sign(session: Session, agreement: str) -> dict[str, datetime]:
    """When each person was invited, reminded or told of the turn last, by person."""
    query = select(OutboxMail.person, func.max(OutboxMail.created)).where(
        OutboxMail.agreement == agreement,
        OutboxMail.kind.in_(("invitation", "reminder", "turn")),
        OutboxMail.person.is_not(None),
    )
    found = session.execute(query.group_by(OutboxMail.person))
    return {person: created for person, created in found if person is not None}


def undelivered(session: Session) -> dict[str, int]:
    """How many mails wait and how many were given up; those that were sent, which are ever more, are not looked at."""
    return {state: count(session, state) for state in ("waiting", "failed")}


def count(session: Session, state: str) -> int:
    """How many mails are in one state, found by an index."""
    return session.scalar(select(func.count()).select_from(OutboxMail).where(OutboxMail.state == state)) or 0


def oldest_due(session: Session, *, now: datetime) -> datetime | None:
    """Since when the longest waiting mail is due; None where none is."""
    query = select(func.min(OutboxMail.next_attempt)).where(OutboxMail.state == "waiting")
    return session.scalar(query.where(OutboxMail.next_attempt <= now))
