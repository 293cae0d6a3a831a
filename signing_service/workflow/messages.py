"""A mail as it goes out: its headers (RFC 5322), its text and the HTML beside it (RFC 2046).

::

    message = mail_message(settings, "12 Universities Alliance", mail)
    message.as_bytes()

Every line is ASCII and at most 78 characters long whatever the language, so that no server on the way has a reason to
pack it anew, which would break its DKIM signature (RFC 6376 section 5.3).
"""

from __future__ import annotations

from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from signing_service.agreement.addresses import is_address

if TYPE_CHECKING:
    from signing_service.settings import Settings
    from signing_service.store.tables import OutboxMail

MAX_LINE = 76  # characters; RFC 2047 section 2


class _Policy(EmailPolicy):
    """The standard library's for SMTP, but for the subject, where it loses spaces between words of a long one.

    Seen with Python 3.11: ``Приглашение подписать:Соглашение``.
    """

    def fold(self, name: str, value: Any) -> str:
        if name != "Subject" or str(value).isascii():
            return str(super().fold(name, value))
        words = Header(str(value), "utf-8", maxlinelen=MAX_LINE, header_name=name)  # RFC 2047, of whole characters
        return f"{name}: {words.encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")


_POLICY = _Policy(linesep="\r\n", max_line_length=78)


def mail_message(settings: Settings, name: str, mail: OutboxMail) -> EmailMessage:
    """A mail of the outbox; ``name`` is the service's. Raises ValueError where no header can hold what it says."""
    message = envelope(settings, name, mail.recipient, mail.subject, mail.message_id or "", mail.created)
    encoding = "8bit" if settings.smtp is None else "quoted-printable"  # files are for people to read
    message.set_content(mail.text, cte=encoding)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte=encoding)
    message["Content-Language"] = mail.locale  # last: new content takes earlier Content-* headers away
    return message


def envelope(
    settings: Settings, name: str, recipient: str, subject: str, message_id: str, date: datetime
) -> EmailMessage:
    """A mail's headers, for one recipient; ``message_id`` is random, since reports are matched by it.

    Raises ValueError where the recipient is not one address in ASCII, or the subject not one line.
    """
    if not is_address(recipient):
        raise ValueError(f"{recipient!r} is not one mail address in ASCII")
    message = EmailMessage(policy=_POLICY)
    own_name, sender = parseaddr(settings.mail_from or f"signing-service@{settings.relying_party_id}")
    message["From"] = Address(own_name or name, addr_spec=sender)
    if settings.mail_reply_to is not None:
        message["Reply-To"] = Address(addr_spec=settings.mail_reply_to)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = f"<{message_id}@{settings.relying_party_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice in answer
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # the same to Exchange, which does not heed RFC 3834
    return message
