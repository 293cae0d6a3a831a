"""Where mails go: to the configured mail server by SMTP (RFC 5321), or into a folder where none is configured.

::

    with open_transport(service.settings) as transport:
        transport.send(message)

What one mail meets (RefusedMail, DeferredMail) concerns no other; UnavailableError concerns all that still wait.
"""

from __future__ import annotations

import functools
import logging
import smtplib
import ssl
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from signing_service.encoding import sha256_hex
from signing_service.errors import UnavailableError
from signing_service.store.durable import replace_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from signing_service.setting_values import SmtpServer
    from signing_service.settings import Settings
    from signing_service.workflow.messages import Message

TIMEOUT = 20  # seconds for each answer of the mail server
_CLOSING, _TOO_LARGE = 421, 552  # RFC 5321 section 4.2.3

_log = logging.getLogger(__name__)


class RefusedMail(Exception):
    """The mail server will never take this mail (a 5xx answer)."""


class DeferredMail(Exception):
    """The mail server does not take this mail now (a 4xx answer): a full mailbox, a first contact."""


class Transport(Protocol):
    """Where messages go; raises RefusedMail, DeferredMail, and UnavailableError where no mail gets through now."""

    def send(self, message: Message) -> None:
        """Hand one message over."""


def open_transport(settings: Settings) -> AbstractContextManager[Transport]:
    """The configured mail server, or the folder for mails where there is none."""
    if settings.smtp is not None:
        return open_smtp(settings.smtp, settings.relying_party_id)
    return _open_folder(settings.mail_dir)


@contextmanager
def open_smtp(server: SmtpServer, own_name: str) -> Iterator[Transport]:
    """A connection to the mail server for one batch; raises UnavailableError if there is no getting through.

    ``own_name`` is what this host calls itself in EHLO: the service's public name, not what a container is called.
    """
    try:
        with _connect(server, own_name) as connection:
            if server.user is not None:
                connection.login(server.user, server.password or "")
            yield _SmtpTransport(connection)
    except (OSError, smtplib.SMTPException) as error:
        place = f"mail server {server.host}:{server.port}"
        raise UnavailableError(f"{place}: {_reason(error)}", hint="check SMTP_URL") from error


def _connect(server: SmtpServer, own_name: str) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=TIMEOUT, context=_tls())
    connection = smtplib.SMTP(server.host, server.port, own_name, timeout=TIMEOUT)
    if server.security == "starttls":
        connection.starttls(context=_tls())
    return connection


@functools.cache
def _tls() -> ssl.SSLContext:
    """The system's certificate authorities, read once a process: that costs as much as twenty mails."""
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__


class _SmtpTransport:
    def __init__(self, connection: smtplib.SMTP) -> None:
        self._connection = connection

    def send(self, message: Message) -> None:
        try:
            self._connection.sendmail(message.sender, message.recipient, message.content)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            self._refuse(smtplib.SMTPResponseException(code, text))
        except smtplib.SMTPDataError as error:
            self._refuse(error)
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code == _TOO_LARGE:
                self._refuse(error)
            raise  # MAIL_FROM is wrong, or we may not send: that holds for every mail, and is for the operator to mend

    def _refuse(self, error: smtplib.SMTPResponseException) -> None:
        if error.smtp_code == _CLOSING:
            raise error
        raise (RefusedMail if error.smtp_code >= 500 else DeferredMail)(_reason(error)) from error


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

    def send(self, message: Message) -> None:
        path = self._folder / f"{sha256_hex(message.content)[:16]}.eml"
        replace_durably(path, message.content)  # it is about to be marked as sent for good
        _log.info("mail to %s: %s -> %s", message.recipient, message.subject, path)
