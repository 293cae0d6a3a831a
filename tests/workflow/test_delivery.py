"""The outbox's mails go out once, in both ways, and none is lost when the mail server is down or says no."""

from __future__ import annotations

import asyncio
import email
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from signing_service.errors import UnavailableError
from signing_service.settings import parse_settings
from signing_service.store import outbox
from signing_service.store.database import Database
from signing_service.store.migrations import upgrade
from signing_service.workflow.delivery import deliver, send_test_mail
from tests.cast import ALLIANCE, LIN, NOON, PUBLIC_URL, SOMCHAI


@dataclass
class MailServer:
    """A real SMTP server that remembers what it took; ``answer`` is what it says instead of taking a mail."""

    taken: list[EmailMessage] = field(default_factory=list)
    answer: str = ""
    port: int = 0
    recipient_answer: str = ""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer:
            return self.answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(email.message_from_bytes(content, policy=default))
        return "250 taken"


class FreePortController(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


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
    yield SimpleNamespace(settings=settings, database=database, clock=Clock(), name=ALLIANCE)
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
        return outbox.counts(session)


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


def test_while_the_mail_server_is_down_mails_wait(posting: Any) -> None:
    posting.settings = replace(posting.settings, smtp=replace(posting.settings.smtp, port=1))
    put(posting, LIN.email)
    assert deliver(posting) == 0
    assert counts(posting) == {"waiting": 1}


def test_mails_go_out_when_the_mail_server_is_back_after_a_day(posting: Any, mail_server: MailServer) -> None:
    there = posting.settings
    posting.settings = replace(there, smtp=replace(there.smtp, port=1))
    put(posting, LIN.email)
    for _ in range(24):
        deliver(posting)
        posting.clock.now += timedelta(hours=1)
    posting.settings = there
    posting.clock.now += outbox.LONGEST_RETRY
    assert deliver(posting) == 1
    assert [message["To"] for message in mail_server.taken] == [LIN.email]


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
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0
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


@pytest.mark.parametrize("answer", ["451 try again later", "554 not from here"])
def test_a_test_mail_says_what_the_mail_server_said(posting: Any, mail_server: MailServer, answer: str) -> None:
    mail_server.answer = answer
    with pytest.raises(UnavailableError, match=answer):
        send_test_mail(posting, "admin@example.org")
