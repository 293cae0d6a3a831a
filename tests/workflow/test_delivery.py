"""The outbox's mails go out once, in both ways, and none is lost when the mail server is down or says no."""

from __future__ import annotations

import email
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signing_service.errors import UnavailableError
from signing_service.settings import parse_settings
from signing_service.store import outbox
from signing_service.store.database import Database
from signing_service.store.migrations import upgrade
from signing_service.workflow import delivery, messages
from signing_service.workflow.complaints import Complaints
from signing_service.workflow.delivery import HAND_OVER, LEASE, deliver, send_test_mail
from tests.cast import ALLIANCE, LIN, NOON, PUBLIC_URL, SOMCHAI
from tests.workflow.mail_server import FreePortController, MailServer


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    handler = MailServer()
    controller = FreePortController(handler, hostname="127.0.0.1", port=0)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Any]:
    """As much of a service as mails need, without a mail server."""
    environment = {"PUBLIC_URL": PUBLIC_URL, "MAIL_DIR": str(tmp_path / "mail"), "MAIL_FROM": "signing@example.org"}
    settings = parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in environment.items()})
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite3'}")
    upgrade(database)
    yield SimpleNamespace(settings=settings, database=database, clock=Clock(), name=ALLIANCE, complaints=Complaints())
    database.dispose()


@pytest.fixture
def posting(service: Any, mail_server: MailServer) -> Any:
    """The same with a mail server."""
    url = f"smtp://127.0.0.1:{mail_server.port}?security=none"
    environment = {"PUBLIC_URL": PUBLIC_URL, "SMTP_URL": url, "MAIL_FROM": "signing@example.org"}
    smtp = parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in environment.items()}).smtp
    service.settings = replace(service.settings, smtp=smtp)
    return service


def put(service: Any, recipient: str, subject: str = "您的签署邀请", html: str | None = "<p>林书怡</p>") -> int:
    with service.database.begin() as session:
        mail = outbox.add(
            session, recipient=recipient, kind="invitation", locale="zh", subject=subject, text="林书怡\n", html=html,
            now=service.clock(),
        )  # fmt: skip
    return mail.id


def counts(service: Any) -> dict[str, int]:
    with service.database.read() as session:
        found = {state: outbox.count(session, state) for state in ("waiting", "sent", "failed")}
    return {state: number for state, number in found.items() if number}


def test_a_mail_arrives_with_its_text_its_html_and_honest_headers(posting: Any, mail_server: MailServer) -> None:
    put(posting, LIN.email)
    assert deliver(posting) == 1
    (message,) = mail_server.taken
    assert message["To"] == LIN.email
    assert str(message["From"]) == f'"{ALLIANCE}" <signing@example.org>'
    assert message["Subject"] == "您的签署邀请"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "zh"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"].endswith("@sign.example.org>")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "林书怡"
    assert counts(posting) == {"sent": 1}


def test_a_mail_is_handed_over_once(posting: Any, mail_server: MailServer) -> None:
    put(posting, LIN.email)
    assert [deliver(posting), deliver(posting)] == [1, 0]
    assert len(mail_server.taken) == 1


def test_once_a_mail_is_out_the_database_no_longer_holds_its_link_s_token(
    posting: Any, mail_server: MailServer
) -> None:
    link = f"{PUBLIC_URL}/invitation#{'Token-of_43_letters' + 24 * 'x'}"
    number = put(posting, LIN.email, html=f'<a href="{link}">{link}</a>')
    with posting.database.begin() as session:
        outbox.get(session, number).text = f"sign here: {link}\n"
    deliver(posting)
    assert [link in part.get_content() for part in mail_server.taken[0].iter_parts()] == [True, True]
    with posting.database.read() as session:
        kept = outbox.get(session, number)
        assert kept.text == f"sign here: {PUBLIC_URL}/invitation#…\n"
        assert kept.html == f'<a href="{PUBLIC_URL}/invitation#…">{PUBLIC_URL}/invitation#…</a>'


def test_a_mail_over_which_we_stumble_holds_up_no_other(
    posting: Any, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stumbling = put(posting, LIN.email)
    put(posting, SOMCHAI.email)
    write = messages.mail_message

    def write_or_stumble(settings: Any, name: str, mail: Any) -> Any:
        if mail.id == stumbling:
            raise KeyError("a mistake of ours")
        return write(settings, name, mail)

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "mail_message", write_or_stumble)
        assert deliver(posting) == 2
    assert [message["To"] for message in mail_server.taken] == [SOMCHAI.email]
    assert counts(posting) == {"sent": 1, "waiting": 1}
    posting.clock.now += timedelta(minutes=1)
    deliver(posting)
    assert counts(posting) == {"sent": 2}


def test_while_the_mail_server_is_down_mails_wait(posting: Any) -> None:
    posting.settings = replace(posting.settings, smtp=replace(posting.settings.smtp, port=1))
    put(posting, LIN.email)
    assert deliver(posting) == 0
    assert counts(posting) == {"waiting": 1}


def test_when_the_mail_server_is_back_after_a_day_each_mail_goes_out_at_once_and_once(
    posting: Any, mail_server: MailServer
) -> None:
    people = [f"representative{number}@andaman.example" for number in range(outbox.CLAIM_SIZE + 4)]
    there = posting.settings
    posting.settings = replace(there, smtp=replace(there.smtp, port=1))
    for person in people:
        put(posting, person)
    for _ in range(2 * 24):
        assert deliver(posting) == 0
        posting.clock.now += timedelta(minutes=30)
    assert counts(posting) == {"waiting": len(people)}
    posting.settings = there
    assert [deliver(posting), deliver(posting), deliver(posting)] == [outbox.CLAIM_SIZE, 4, 0]
    assert [message["To"] for message in mail_server.taken] == people


def test_an_outage_of_the_mail_server_is_shown_beside_each_mail_and_counts_as_no_attempt(posting: Any) -> None:
    posting.settings = replace(posting.settings, smtp=replace(posting.settings.smtp, port=1))
    numbers = [put(posting, LIN.email) for _ in range(outbox.CLAIM_SIZE + 1)]
    deliver(posting)
    assert deliver(posting) == 0  # nothing is due: one knock is enough for all
    with posting.database.read() as session:
        mails = [outbox.get(session, number) for number in numbers]
        assert {mail.attempts for mail in mails} == {0}
        assert {mail.error for mail in mails} == {"mail server 127.0.0.1:1: [Errno 111] Connection refused"}


def test_a_full_mailbox_holds_up_nobody_else(posting: Any, mail_server: MailServer) -> None:
    mail_server.recipient_answers[LIN.email] = "452 4.2.2 mailbox full"
    for person in (LIN, SOMCHAI):
        put(posting, person.email)
    assert deliver(posting) == 2
    assert counts(posting) == {"sent": 1, "waiting": 1}
    assert [message["To"] for message in mail_server.taken] == [SOMCHAI.email]


def test_a_sender_that_the_mail_server_refuses_loses_no_mail(posting: Any, mail_server: MailServer) -> None:
    mail_server.sender_answer = "550 5.7.1 not allowed to send as signing@example.org"
    put(posting, LIN.email)
    deliver(posting)
    assert counts(posting) == {"waiting": 1}


def test_a_mail_over_which_the_mail_server_hangs_up_lets_the_others_go_first(
    posting: Any, mail_server: MailServer
) -> None:
    for person in (LIN, SOMCHAI):
        put(posting, person.email)
    mail_server.recipient_answers[LIN.email] = "421 4.3.0 closing"
    for _ in range(4):
        deliver(posting)
        posting.clock.now += outbox.OUTAGE_PAUSE
    assert [message["To"] for message in mail_server.taken] == [SOMCHAI.email]
    assert counts(posting) == {"sent": 1, "waiting": 1}


@pytest.mark.parametrize(
    "recipient", ["lin@njupt.example, x@y.example", "lin@njupt.example\nBcc: x@y.example", "สมชาย@andaman.example", "@"]
)
def test_a_mail_that_cannot_be_written_is_marked_and_holds_up_no_other(
    posting: Any, mail_server: MailServer, recipient: str
) -> None:
    refused = put(posting, recipient)
    put(posting, SOMCHAI.email)
    assert deliver(posting) == 2
    assert [message["To"] for message in mail_server.taken] == [SOMCHAI.email]
    with posting.database.read() as session:
        mail = outbox.get(session, refused)
        reason = f"the mail cannot be written: {recipient!r} is not one mail address in ASCII"
        assert (mail.state, mail.error) == ("failed", reason)


def test_a_batch_that_the_mail_server_holds_up_ends_before_another_worker_may_take_it(
    posting: Any, mail_server: MailServer
) -> None:
    for person in (LIN, SOMCHAI):
        put(posting, person.email)

    def slowly() -> None:
        posting.clock.now += HAND_OVER + timedelta(seconds=1)

    mail_server.meanwhile = slowly
    assert deliver(posting) == 1
    posting.clock.now += LEASE
    assert deliver(posting) == 1
    assert [message["To"] for message in mail_server.taken] == [LIN.email, SOMCHAI.email]


def test_a_mail_that_the_server_puts_off_is_tried_again(posting: Any, mail_server: MailServer) -> None:
    put(posting, LIN.email)
    mail_server.answer = "451 try again later"
    deliver(posting)
    assert counts(posting) == {"waiting": 1}
    mail_server.answer = ""
    posting.clock.now += outbox.FIRST_RETRY
    assert deliver(posting) == 1
    assert counts(posting) == {"sent": 1}


def test_a_mail_that_the_server_refuses_for_good_is_marked_and_holds_up_no_other(
    posting: Any, mail_server: MailServer
) -> None:
    refused = put(posting, LIN.email)
    mail_server.answer = "554 no such person"
    deliver(posting)
    mail_server.answer = ""
    put(posting, SOMCHAI.email)
    deliver(posting)
    assert counts(posting) == {"failed": 1, "sent": 1}
    with posting.database.read() as session:
        assert outbox.get(session, refused).error == "554 no such person"


def test_without_a_mail_server_a_mail_is_a_private_file_that_is_told_about(
    service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    put(service, LIN.email, html=None)
    with caplog.at_level(logging.INFO):
        assert deliver(service) == 1
    (path,) = service.settings.mail_dir.iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == LIN.email
    assert message.get_content().strip() == "林书怡"
    assert "林书怡" in path.read_text()
    assert (path.suffix, path.stat().st_mode & 0o077) == (".eml", 0)
    assert f"mail to {LIN.email}: 您的签署邀请 -> {path}" in caplog.text


def test_a_mail_folder_that_cannot_be_written_keeps_mails_waiting(service: Any, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where a folder should be")
    put(service, LIN.email)
    deliver(service)
    assert counts(service) == {"waiting": 1}


def test_a_test_mail_goes_out_at_once(posting: Any, mail_server: MailServer) -> None:
    send_test_mail(posting, "admin@example.org")
    (message,) = mail_server.taken
    assert message["Subject"] == f"Test mail from {ALLIANCE}"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"].endswith("@sign.example.org>")
    assert mail_server.hello == "sign.example.org"


@pytest.mark.parametrize("answer", ["451 try again later", "554 not from here"])
def test_a_test_mail_says_what_the_mail_server_said(posting: Any, mail_server: MailServer, answer: str) -> None:
    mail_server.answer = answer
    with pytest.raises(UnavailableError, match=f"mail server 127.0.0.1:{mail_server.port} refused .* {answer}"):
        send_test_mail(posting, "admin@example.org")
