from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store import outbox
from signing_service.store.database import Database
from signing_service.store.tables import OutboxMail
from tests.cast import NOON, SOMCHAI
from tests.store.world import AGREEMENT, add_agreement

LEASE = timedelta(minutes=5)


def write(session: Session, number: int = 1, agreement: str | None = None) -> OutboxMail:
    mail = outbox.add(
        session,
        recipient=SOMCHAI.email,
        kind="invitation",
        locale="th",
        subject=f"ขอเชิญลงนาม {number}",
        text="…",
        html="<p>…</p>",
        now=NOON,
        agreement=agreement,
    )
    session.flush()
    return mail


def test_a_mail_is_sent_only_if_its_act_is_committed(database: Database):
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        write(session)
        _ = 1 / 0
    with database.begin() as session:
        assert outbox.claim(session, now=NOON, lease=LEASE) == []


def test_a_claimed_mail_can_be_read_outside_the_transaction_and_marked_sent(database: Database):
    with database.begin() as session:
        write(session)
    with database.begin() as session:
        (mail,) = outbox.claim(session, now=NOON, lease=LEASE)
    assert (mail.recipient, mail.subject, mail.attempts) == (SOMCHAI.email, "ขอเชิญลงนาม 1", 1)
    with database.begin() as session:
        outbox.mark_sent(session, mail, text=mail.text, html=mail.html, now=NOON)

    with database.begin() as session:
        assert outbox.claim(session, now=NOON + timedelta(days=9), lease=LEASE) == []
        assert outbox.count(session, "sent") == 1
        assert outbox.undelivered(session) == {"waiting": 0, "failed": 0}
        assert outbox.get(session, mail.id).sent == NOON


def test_what_a_claim_would_find_is_due_and_nothing_else_is(database: Database):
    with database.begin() as session:
        assert not outbox.anything_due(session, NOON)
        write(session)
        assert not outbox.anything_due(session, NOON - timedelta(seconds=1))
        assert outbox.anything_due(session, NOON)
        assert outbox.anything_due(session, NOON - timedelta(days=1)), "the clock was set back: nothing waits for a day"
        (mail,) = outbox.claim(session, now=NOON, lease=LEASE)
        assert not outbox.anything_due(session, NOON)
        assert outbox.anything_due(session, NOON + LEASE)
        outbox.mark_sent(session, mail, text=mail.text, html=mail.html, now=NOON)
        assert not outbox.anything_due(session, NOON + LEASE)


def test_words_are_kept_as_they_are_told_once_a_mail_is_out(database: Database):
    with database.begin() as session:
        for _ in range(2):
            write(session)
        same, other = outbox.claim(session, now=NOON, lease=LEASE)
        outbox.mark_sent(session, same, text=same.text, html=same.html, now=NOON)
        outbox.mark_sent(session, other, text="less", html=None, now=NOON)
    with database.read() as session:
        kept = [outbox.get(session, mail.id) for mail in (same, other)]
    assert [(mail.state, mail.text, mail.html) for mail in kept] == [("sent", "…", "<p>…</p>"), ("sent", "less", None)]


def test_a_claim_ends_by_itself_when_its_worker_dies(database: Database):
    with database.begin() as session:
        write(session)
    with database.begin() as session:
        outbox.claim(session, now=NOON, lease=LEASE)

    with database.begin() as session:
        assert outbox.claim(session, now=NOON + LEASE - timedelta(seconds=1), lease=LEASE) == []
        (again,) = outbox.claim(session, now=NOON + LEASE, lease=LEASE)
        assert again.attempts == 2


def test_a_failed_mail_waits_ever_longer_and_is_tried_again(database: Database):
    with database.begin() as session:
        write(session)
    now, waits = NOON, []
    for _ in range(9):
        with database.begin() as session:
            (claimed,) = outbox.claim(session, now=now, lease=LEASE)
            outbox.mark_failed(session, claimed.id, "450 greylisted", now=now)
            until = outbox.get(session, claimed.id).next_attempt
        waits.append(until - now)
        now = until

    assert waits == [outbox.retry_wait(attempts) for attempts in range(1, 10)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (outbox.FIRST_RETRY, outbox.LONGEST_RETRY)


def test_a_mail_outlives_a_mail_server_that_is_down_for_a_week():
    waits = sum((outbox.retry_wait(attempts) for attempts in range(1, outbox.MAX_ATTEMPTS)), timedelta())

    assert waits > timedelta(days=7)


def test_a_refused_mail_fails_for_good(database: Database):
    with database.begin() as session:
        mail = write(session)
        outbox.mark_failed(session, mail.id, "550 no such user" * 99, now=NOON, permanent=True)
        assert len(mail.error or "") == 500
    with database.begin() as session:
        assert outbox.undelivered(session) == {"waiting": 0, "failed": 1}
        assert outbox.claim(session, now=NOON + timedelta(days=9), lease=LEASE) == []


def test_a_mail_that_was_tried_too_often_fails(database: Database):
    with database.begin() as session:
        mail = write(session)
        mail.attempts = outbox.MAX_ATTEMPTS
        outbox.mark_failed(session, mail.id, "421 busy", now=NOON)

        assert mail.state == "failed"


def test_mails_are_sent_in_the_order_in_which_they_were_written(database: Database):
    with database.begin() as session:
        written = [write(session, number).id for number in range(5)]

    with database.begin() as session:
        first = [mail.id for mail in outbox.claim(session, now=NOON, lease=LEASE, limit=3)]
        rest = [mail.id for mail in outbox.claim(session, now=NOON, lease=LEASE, limit=3)]
    assert (first, rest) == (written[:3], written[3:])


def test_workers_at_once_never_claim_the_same_mail(open_database: Callable[..., Database]):
    databases = [open_database() for _ in range(4)]
    with databases[0].begin() as session:
        written = sorted(write(session, number).id for number in range(40))
    claimed: list[int] = []

    def work(database: Database) -> None:
        while True:
            with database.begin() as session:
                mails = outbox.claim(session, now=NOON, lease=LEASE, limit=3)
            if not mails:
                return
            claimed.extend(mail.id for mail in mails)

    threads = [threading.Thread(target=work, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(claimed) == written


def test_on_postgresql_a_worker_does_not_wait_for_mails_that_another_is_claiming(postgresql: Database):
    first, second = postgresql, Database(postgresql.url.render_as_string(hide_password=False))
    with first.begin() as session:
        for number in range(2):
            write(session, number)

    with first.begin() as one, second.begin() as two:
        mine = outbox.claim(one, now=NOON, lease=LEASE, limit=1)
        others = outbox.claim(two, now=NOON, lease=LEASE, limit=1)
    assert mine[0].id != others[0].id
    second.dispose()


def test_an_agreements_mails_are_listed_the_newest_first(database: Database):
    with database.begin() as session:
        add_agreement(session)
        write(session)
        own = [write(session, number, AGREEMENT).id for number in range(3)]

    with database.read() as session:
        assert [mail.id for mail in outbox.of_agreement(session, AGREEMENT)] == own[::-1]


def test_an_unknown_mail_is_not_found(database: Database):
    with database.read() as session, pytest.raises(NotFoundError):
        outbox.get(session, 4711)
