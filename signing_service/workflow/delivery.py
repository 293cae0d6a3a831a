"""Handing the outbox's mails over: to the mail server, or into files where none is configured.

A mail is claimed in one transaction, handed over outside any, and marked in another. A worker that dies in between
leaves a claim that ends by itself, so the mail may go out twice (under the same Message-ID), but it is never lost.
Until a mail is out its row holds the personal link in it; afterwards the row keeps the words without the token.
"""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Protocol

from signing_service.encoding import sha256_hex
from signing_service.errors import UnavailableError
from signing_service.store import outbox
from signing_service.store.durable import replace_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from signing_service.setting_values import SmtpServer
    from signing_service.store.tables import OutboxMail
    from signing_service.workflow.service import Service

LEASE = timedelta(minutes=5)  # longer than a batch takes to hand over
TIMEOUT = 20  # seconds for each answer of the mail server

_TOKEN = re.compile(r"(?<=/invitation)#[A-Za-z0-9_-]{20,}")

_log = logging.getLogger(__name__)


class RefusedMail(Exception):
    """The mail server will never take this mail (a 5xx answer)."""


class Transport(Protocol):
    """Where messages go; raises RefusedMail for good and UnavailableError for now."""

    def send(self, message: EmailMessage) -> None:
        """Hand one message over."""


def deliver(service: Service) -> int:
    """Hand over the mails that are due, at most one batch; return how many were taken."""
    with service.database.begin() as session:
        mails = outbox.claim(session, now=service.clock(), lease=LEASE)
    if not mails:
        return 0
    taken = 0
    try:
        with open_transport(service) as transport:
            for mail in mails:
                taken += _deliver_one(service, transport, mail)
    except UnavailableError as error:
        for mail in mails[taken:]:
            _mark(service, mail, error.message)
    return taken


def send_test_mail(service: Service, recipient: str) -> None:
    """Send a mail at once and past the outbox; raises UnavailableError with what the mail server said."""
    message = _envelope(service, recipient, f"Test mail from {service.name}")
    message.set_content(f"This is a test of the mail settings of {service.settings.public_url}.\n")
    with open_transport(service) as transport:
        try:
            transport.send(message)
        except RefusedMail as error:
            raise UnavailableError(f"the mail server refused the test mail: {error}") from error


def _deliver_one(service: Service, transport: Transport, mail: OutboxMail) -> int:
    try:
        transport.send(make_message(service, mail))
    except RefusedMail as error:
        _mark(service, mail, str(error), permanent=True)
        return 1
    with service.database.begin() as session:
        html = without_tokens(mail.html) if mail.html is not None else None
        outbox.mark_sent(session, mail, text=without_tokens(mail.text), html=html, now=service.clock())
    return 1


def without_tokens(text: str) -> str:
    """The text without the secret part of personal links, as it is kept once the mail is out."""
    return _TOKEN.sub("#…", text)


def _mark(service: Service, mail: OutboxMail, reason: str, *, permanent: bool = False) -> None:
    _log.warning("mail %s (%s) was not handed over: %s", mail.id, mail.kind, reason)
    with service.database.begin() as session:
        outbox.mark_failed(session, mail.id, reason, now=service.clock(), permanent=permanent)


def make_message(service: Service, mail: OutboxMail) -> EmailMessage:
    """The mail as it goes out: text, and HTML beside it where there is one."""
    message = _envelope(service, mail.recipient, mail.subject)
    message["Message-ID"] = f"<{mail.message_id}@{service.settings.relying_party_id}>"  # random: see bounces.py
    message["Date"] = mail.created
    encoding = "8bit" if service.settings.smtp is None else "quoted-printable"  # files are for people to read
    message.set_content(mail.text, cte=encoding)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte=encoding)
    message["Content-Language"] = mail.locale  # last: new content takes earlier Content-* headers away
    return message


def _envelope(service: Service, recipient: str, subject: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    sender = service.settings.mail_from or f"signing-service@{service.settings.relying_party_id}"
    message["From"] = sender if "<" in sender else Address(service.name, addr_spec=sender)
    message["To"] = recipient
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice in answer
    return message


def open_transport(service: Service) -> AbstractContextManager[Transport]:
    """The configured mail server, or the folder for mails where there is none."""
    if service.settings.smtp is not None:
        return open_smtp(service.settings.smtp)
    return _open_folder(service.settings.mail_dir)


@contextmanager
def open_smtp(server: SmtpServer) -> Iterator[Transport]:
    """A connection to the mail server for one batch; raises UnavailableError if there is no getting through."""
    try:
        with _connect(server) as connection:
            if server.user is not None:
                connection.login(server.user, server.password or "")
            yield _SmtpTransport(connection)
    except (OSError, smtplib.SMTPException) as error:
        raise UnavailableError(f"mail server {server.host}: {_reason(error)}", hint="check SMTP_URL") from error


def _connect(server: SmtpServer) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=ssl.create_default_context())
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    if server.security == "starttls":
        connection.starttls(context=ssl.create_default_context())
    return connection


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__


class _SmtpTransport:
    def __init__(self, connection: smtplib.SMTP) -> None:
        self._connection = connection

    def send(self, message: EmailMessage) -> None:
        try:
            self._connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            self._refuse(smtplib.SMTPResponseException(code, text))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            self._refuse(error)

    def _refuse(self, error: smtplib.SMTPResponseException) -> None:
        if 500 <= error.smtp_code < 600:
            raise RefusedMail(_reason(error)) from error
        raise error


@contextmanager
def _open_folder(folder: Path) -> Iterator[Transport]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield _FolderTransport(folder)
    except OSError as error:
        raise UnavailableError(f"mail folder {folder}: {error.strerror}", hint="check MAIL_DIR") from error


class _FolderTransport:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        content = message.as_bytes()
        path = self._folder / f"{sha256_hex(content)[:16]}.eml"
        replace_durably(path, content)  # it is about to be marked as sent for good
        _log.info("mail to %s: %s -> %s", message["To"], message["Subject"], path)
