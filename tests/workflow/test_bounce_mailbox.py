"""The mailbox in which reports about undelivered mails arrive: a Maildir, or a folder on an IMAP server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signing_service.errors import ConfigurationError, UnavailableError
from signing_service.setting_values import ImapMailbox, parse_bounce_mailbox
from signing_service.workflow.bounces import take_bounces
from tests.workflow.test_bounces import by_postfix, sent, the_mail
from tests.workflow.test_delivery import mail_server, posting, service

__all__ = ["mail_server", "posting", "sent", "service"]  # fixtures


def imap_server(mails: list[bytes], seen: list[str]) -> Iterator[int]:
    """Speaks as much IMAP as is needed, over a real socket; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                stream.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
                stream.flush()
                for line in stream:
                    tag, _, command = line.decode().strip().partition(" ")
                    stream.write(answer(command) + f"{tag} OK done\r\n".encode())
                    stream.flush()
                    if command == "LOGOUT":
                        return

        def answer(command: str) -> bytes:
            if command == "CAPABILITY":
                return b"* CAPABILITY IMAP4rev1\r\n"
            if command.startswith("SELECT"):
                return b"* %d EXISTS\r\n" % len(mails)
            if command.startswith("UID SEARCH"):
                return b"* SEARCH " + " ".join(str(number) for number in range(1, len(mails) + 1)).encode() + b"\r\n"
            if command.startswith("UID FETCH"):
                number = int(command.split()[2])
                raw = mails[number - 1]
                return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (number, number, len(raw), raw)
            if command.startswith("UID STORE"):
                seen.append(command)
            return b"* BYE bye\r\n" if command == "LOGOUT" else b""

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_reports_are_read_by_imap_and_marked_as_seen(posting: Any, sent: bytes):
    seen: list[str] = []
    with contextmanager(imap_server)([b"Subject: hello\n\nhello", by_postfix(sent)], seen) as port:
        url = f"imap://bounces:s%40fe@127.0.0.1:{port}?security=none"
        posting.settings = replace(posting.settings, bounce_mailbox=parse_bounce_mailbox(url))
        assert take_bounces(posting) == 1
    assert the_mail(posting).state == "failed"
    assert seen == [f"UID STORE {number} +FLAGS.SILENT (\\Seen)" for number in (1, 2)]


def test_an_imap_server_that_is_down_is_told(posting: Any):
    posting.settings = replace(posting.settings, bounce_mailbox=ImapMailbox("127.0.0.1", 1, "none", "x", "y"))
    with pytest.raises(UnavailableError, match=r"bounce mailbox at 127\.0\.0\.1"):
        take_bounces(posting)


def test_the_mailbox_is_a_maildir_or_a_folder_on_an_imap_server():
    assert parse_bounce_mailbox("maildir:/var/mail/bounces") == Path("/var/mail/bounces")
    assert parse_bounce_mailbox("imaps://b%40x:p%3Aw@mail.example/Bounces") == ImapMailbox(
        "mail.example", 993, "tls", "b@x", "p:w", "Bounces"
    )
    starttls = ImapMailbox("mail.example", 1143, "starttls", "b", "p")
    assert parse_bounce_mailbox("imap://b:p@mail.example:1143") == starttls
    assert "secret" not in repr(parse_bounce_mailbox("imaps://b:secret@mail.example/"))
    assert parse_bounce_mailbox(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "maildir:relative",
        "mbox:/var/mail/x",
        "imaps://mail.example/INBOX",
        "imaps://u:p@/INBOX",
        "imaps://u:p@mail.example/a%22b",
        "imaps://u:p@mail.example?security=none",
        "imap://u:p@mail.example?security=tls",
        "nonsense",
    ],
)
def test_what_is_no_mailbox_is_refused_at_start(text: str):
    with pytest.raises(ConfigurationError, match="BOUNCE_MAILBOX"):
        parse_bounce_mailbox(text)
