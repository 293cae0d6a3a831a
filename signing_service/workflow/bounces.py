"""Mails that came back: reports of mail servers, read from a mailbox of the service's own (``BOUNCE_MAILBOX``).

::

    take_bounces(service)     # reads what is new, marks the mails that it is about, leaves everything else alone

A report is matched by the Message-ID of the mail that it is about, which holds 128 random bits. Nothing is deleted:
what was read is marked as read. Reading one twice changes nothing, so that two workers, or one that dies, do no harm.
"""

from __future__ import annotations

import imaplib
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from signing_service.errors import UnavailableError
from signing_service.setting_values import ImapMailbox
from signing_service.store import outbox
from signing_service.workflow.delivery_reports import MAX_REPORT, read_delivery_report

if TYPE_CHECKING:
    from signing_service.workflow.service import Service

AT_ONCE = 100  # mails that are read in one round
TIMEOUT = 20.0  # seconds for each answer of the mail server

_log = logging.getLogger(__name__)


def take_bounces(service: Service) -> int:
    """Read new reports and mark the mails that they are about; give how many were marked.

    Raises UnavailableError where the mailbox cannot be read.
    """
    mailbox = service.settings.bounce_mailbox
    if mailbox is None:
        return 0
    opened = _imap(mailbox) if isinstance(mailbox, ImapMailbox) else _maildir(mailbox)
    with opened as mails:
        return sum(_take(service, raw) for raw in mails)


def _take(service: Service, raw: bytes) -> int:
    report = read_delivery_report(raw)
    if report is None:
        return 0
    with service.database.begin() as session:
        mail = next(filter(None, (outbox.by_message_id(session, named) for named in report.message_ids)), None)
        if mail is None:
            _log.warning("a report about a mail that is none of ours was ignored")
            return 0
        return outbox.mark_returned(session, mail, report.reason, for_good=report.outcome == "failed")


@contextmanager
def _maildir(folder: Path) -> Iterator[Iterator[bytes]]:
    """New mails of a Maildir; each is marked as seen once it was taken."""
    try:
        yield _unseen(folder)
    except OSError as error:
        raise UnavailableError(f"bounce mailbox {folder}: {error.strerror}", hint="check BOUNCE_MAILBOX") from error


def _unseen(folder: Path) -> Iterator[bytes]:
    for path in sorted((folder / "new").iterdir())[:AT_ONCE]:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_REPORT)
        except FileNotFoundError:
            continue  # another worker, or the mailbox's owner, was faster
        yield raw
        try:
            path.rename(folder / "cur" / f"{path.name}:2,S")
        except FileNotFoundError:
            continue


@contextmanager
def _imap(mailbox: ImapMailbox) -> Iterator[Iterator[bytes]]:
    """Unseen mails of an IMAP folder (RFC 9051); each is marked as seen once it was taken."""
    try:
        with _connect(mailbox) as connection:
            connection.login(mailbox.user, mailbox.password)
            said, _ = connection.select(f'"{mailbox.folder}"')
            if said != "OK":
                raise UnavailableError(f"bounce mailbox: there is no folder {mailbox.folder}")
            yield _unseen_by_imap(connection)
    except (OSError, imaplib.IMAP4.error) as error:
        said = str(error) or type(error).__name__
        place = f"bounce mailbox at {mailbox.host}:{mailbox.port}"
        raise UnavailableError(f"{place}: {said}", hint="check BOUNCE_MAILBOX") from error


def _connect(mailbox: ImapMailbox) -> imaplib.IMAP4:
    if mailbox.security == "tls":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=TIMEOUT)
    connection = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    if mailbox.security == "starttls":
        connection.starttls(ssl.create_default_context())
    return connection


def _unseen_by_imap(connection: imaplib.IMAP4) -> Iterator[bytes]:
    _, found = connection.uid("SEARCH", "UNSEEN")
    for number in (found[0] or b"").decode("ascii").split()[:AT_ONCE]:
        _, parts = connection.uid("FETCH", number, f"(BODY.PEEK[]<0.{MAX_REPORT}>)")
        yield from (part[1] for part in parts if isinstance(part, tuple))
        connection.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")
