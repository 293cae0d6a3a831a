"""Mails that came back are found by their Message-ID, in the words of three mail servers; nobody forges a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing_service.errors import UnavailableError
from signing_service.store import outbox
from signing_service.store.tables import OutboxMail
from signing_service.workflow.bounces import take_bounces
from signing_service.workflow.delivery import deliver
from signing_service.workflow.delivery_reports import MAX_REPORT, read_delivery_report
from tests.cast import LIN
from tests.workflow.mail_server import MailServer
from tests.workflow.test_delivery import mail_server, posting, put, service

__all__ = ["mail_server", "posting", "service"]  # fixtures

FAILED = "Action: failed\nStatus: 5.1.1\n"


def report(status: str, third: str, headers: str = "", second: str = "message/delivery-status") -> bytes:
    """A multipart/report in the shape that all three have in common."""
    return (
        "From: MAILER-DAEMON@mx.njupt.example\nTo: signing@example.org\nSubject: Undelivered\n"
        f'{headers}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain; charset=utf-8\n\nI'm sorry to have to inform you…\n\n"
        f"--b\nContent-Type: {second}\n\n{status}\n--b\n{third}\n--b--\n"
    ).encode()


def by_postfix(message: bytes, action: str = "failed") -> bytes:
    """As bounce(8) writes it: with the whole mail, the diagnostic folded over two lines."""
    status = (
        "Reporting-MTA: dns; mx.njupt.example\nX-Postfix-Queue-ID: 4Zc1\nArrival-Date: Fri, 11 Apr 2025 12:00 +0800\n"
        f"\nFinal-Recipient: rfc822; {LIN.email}\nOriginal-Recipient: rfc822;{LIN.email}\nAction: {action}\n"
        f"Status: {'5.1.1' if action == 'failed' else '4.4.1'}\nRemote-MTA: dns; mx2.njupt.example\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <lin>: Recipient address rejected:\n    User unknown\n"
    )
    return report(status, f"Content-Type: message/rfc822\n\n{message.decode()}")


def by_exim(message: bytes) -> bytes:
    """As Exim since 4.86 writes it: with the headers alone."""
    headers = message.decode().partition("\n\n")[0]
    status = f"Reporting-MTA: dns; mail.net\n\nAction: failed\nFinal-Recipient: rfc822;{LIN.email}\nStatus: 5.0.0\n"
    return report(status, f"Content-Type: text/rfc822-headers\n\n{headers}\n", "Auto-Submitted: auto-replied\n")


def by_an_old_exim(message: bytes) -> bytes:
    """As Exim before 4.86 wrote it: plain text that repeats the mail."""
    return (
        f"X-Failed-Recipients: {LIN.email}\nAuto-Submitted: auto-replied\nFrom: Mailer-Daemon@mail.example.net\n"
        "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically.\n\n"
        f"  {LIN.email}\n    SMTP error from remote mail server after RCPT TO:<lin>:\n    550 5.1.1 User unknown\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{message.decode()}"
    ).encode()


def by_exchange(message: bytes) -> bytes:
    """As Exchange writes it: named in In-Reply-To too, the diagnostic in its own manner."""
    own = next(line for line in message.decode().splitlines() if line.lower().startswith("message-id:"))
    status = (
        "Reporting-MTA: dns;AM0PR01.prod.outlook.com\nReceived-From-MTA: dns;mail.example.org\n\n"
        f"Final-Recipient: rfc822;{LIN.email}\nAction: failed\nStatus: 5.1.10\n"
        "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\n"
        "X-Display-Name: Lin\n"
    )
    return report(status, "Content-Type: message/rfc822\n\nSubject: cut off\n\n", f"In-Reply-To:{own[11:]}\n")


SHAPES: list[tuple[Callable[[bytes], bytes], str]] = [
    (by_postfix, "550 5.1.1 <lin>: Recipient address rejected: User unknown"),
    (by_exim, "5.0.0"),
    (by_an_old_exim, "550 5.1.1 User unknown"),
    (by_exchange, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
]


@pytest.fixture
def maildir(tmp_path: Path, posting: Any) -> Path:
    """Where the service's reports arrive."""
    folder = tmp_path / "bounces"
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True)
    posting.settings = replace(posting.settings, bounce_mailbox=folder)
    return folder


@pytest.fixture
def sent(posting: Any, mail_server: MailServer) -> bytes:
    """A mail to Lin as the mail server took it."""
    put(posting, LIN.email)
    deliver(posting)
    return mail_server.taken[0].as_bytes().replace(b"\r\n", b"\n")


def the_mail(service: Any) -> OutboxMail:
    with service.database.read() as session:
        return outbox.get(session, 1)


@pytest.mark.parametrize(("shape", "reason"), SHAPES, ids=[shape.__name__ for shape, _ in SHAPES])
def test_a_mail_that_came_back_is_marked_with_what_the_mail_server_said(
    posting: Any, maildir: Path, sent: bytes, shape: Callable[[bytes], bytes], reason: str
):
    assert the_mail(posting).state == "sent"
    (maildir / "new" / "1.M1.host").write_bytes(shape(sent))
    assert take_bounces(posting) == 1
    mail = the_mail(posting)
    assert (mail.state, mail.sent is not None) == ("failed", True)
    assert reason in (mail.error or "")
    assert [path.name for path in (maildir / "cur").iterdir()] == ["1.M1.host:2,S"]
    assert take_bounces(posting) == 0


def test_a_delay_is_told_and_the_mail_stays_sent_until_it_fails(posting: Any, maildir: Path, sent: bytes):
    (maildir / "new" / "1").write_bytes(by_postfix(sent, "delayed"))
    assert take_bounces(posting) == 1
    assert (the_mail(posting).state, "550" in (the_mail(posting).error or "")) == ("sent", True)
    (maildir / "new" / "2").write_bytes(by_exchange(sent))
    assert take_bounces(posting) == 1
    assert the_mail(posting).state == "failed"


def test_a_recipient_whom_the_mail_server_refuses_at_once_is_told_too(posting: Any, mail_server: MailServer):
    mail_server.recipient_answers[LIN.email] = "550 5.1.1 no such user here"
    put(posting, LIN.email)
    deliver(posting)
    mail = the_mail(posting)
    assert (mail.state, mail.sent, mail.error) == ("failed", None, "550 5.1.1 no such user here")


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "nonsense"])
def test_a_report_of_success_changes_nothing(posting: Any, maildir: Path, sent: bytes, action: str):
    (maildir / "new" / "1").write_bytes(by_postfix(sent, action))
    assert take_bounces(posting) == 0
    assert the_mail(posting).error is None


def test_who_does_not_know_the_message_id_forges_no_report(posting: Any, maildir: Path, sent: bytes):
    """The address, the subject, the number and the time of a mail are easy to know; 128 random bits are not."""
    own = the_mail(posting).message_id
    assert own is not None
    assert len(own) == 32
    for number, guess in enumerate(("0" * 32, own[:-1] + ("1" if own[-1] == "0" else "0"), "1", "")):
        (maildir / "new" / str(number)).write_bytes(by_postfix(sent.replace(own.encode(), guess.encode())))
    assert take_bounces(posting) == 0
    assert the_mail(posting).state == "sent"


def test_two_mails_never_share_a_message_id_and_a_second_try_keeps_it(posting: Any, mail_server: MailServer):
    mail_server.answer = "451 later"
    put(posting, LIN.email)
    deliver(posting)
    first = the_mail(posting).message_id
    mail_server.answer = ""
    posting.clock.now = the_mail(posting).next_attempt
    put(posting, LIN.email)
    deliver(posting)
    ids = {str(message["Message-ID"]) for message in mail_server.taken}
    assert len(ids) == 2
    assert any(str(first) in one for one in ids)


def test_ordinary_mail_in_the_mailbox_is_left_alone(posting: Any, maildir: Path, sent: bytes):
    answer = EmailMessage()
    answer["Subject"], answer["In-Reply-To"] = "Re: invitation", f"<{the_mail(posting).message_id}@sign.example.org>"
    answer.set_content("Thank you! Action: failed")
    (maildir / "new" / "1").write_bytes(answer.as_bytes())
    assert take_bounces(posting) == 0
    assert the_mail(posting).state == "sent"


def test_a_mailbox_that_is_not_there_is_told(posting: Any, tmp_path: Path):
    posting.settings = replace(posting.settings, bounce_mailbox=tmp_path / "nowhere")
    with pytest.raises(UnavailableError, match="bounce mailbox"):
        take_bounces(posting)


NESTED = b"".join(b'Content-Type: multipart/report; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000))
HOSTILE = [
    b"",
    b"\xff" * 1000,
    NESTED,
    b"Content-Type: multipart/report\n\n",
    b"Content-Type: multipart/report; boundary*0*=x''%zz; boundary=b\n\n--b\n",
    report(FAILED, "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n!!!"),
    report("Action: failed\nDiagnostic-Code: \x00\x1b[31m\n", "Content-Type: message/rfc822\n\nMessage-ID: <\x00@x>\n"),
    report(FAILED * 1000, "Content-Type: text/rfc822-headers; charset=nonsense\n\nMessage-ID: <a@b>\n"),
    b"X-Failed-Recipients: x\nAuto-Submitted: auto-replied\nContent-Type: text/plain; charset=nonsense\n\n5\xff0 ",
    b"a" * (MAX_REPORT + 5),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_mails_do_no_harm(number: int):
    found = read_delivery_report(HOSTILE[number])
    assert found is None or (found.reason.isprintable() and len(found.reason) <= 300)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_report_that_was_damaged_anywhere_does_no_harm(data: st.DataObject):
    whole = by_postfix(b"Message-ID: <0123456789abcdef@sign.example.org>\nSubject: x\n\nText\n")
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=30)) + whole[at + data.draw(st.integers(0, 30)) :]
    found = read_delivery_report(damaged)
    assert found is None or found.outcome in ("failed", "delayed")
