"""A mail as it goes out: its headers (RFC 5322), its text and the HTML beside it (RFC 2046).

::

    message = mail_message(settings, "12 Universities Alliance", mail)
    message.content

Written by the standard library's older, lighter message, which takes headers as they are: its newer one reads each
header and packs each line anew, in ten times the CPU. Headers with letters outside ASCII are folded by the newer one's.

Every line is ASCII and at most 78 characters long whatever the language, but for a longer address or Message-ID, so
that no server on the way has a reason to pack it anew, which would break its DKIM signature (RFC 6376 section 5.3).
"""

from __future__ import annotations

import functools
from binascii import b2a_qp
from dataclasses import dataclass
from email import message as library
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP, compat32
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from signing_service.agreement.addresses import is_address

if TYPE_CHECKING:
    from signing_service.settings import Settings
    from signing_service.store.outbox import ClaimedMail

MAX_WORD_LINE = 76  # characters of a line with encoded words; RFC 2047 section 2
ENCODED = "=?"  # begins an encoded word (RFC 2047): what only looks like one must not be read as other words
_POLICY = compat32.clone(linesep="\r\n", max_line_length=MAX_WORD_LINE)


@dataclass(frozen=True, slots=True)
class Message:
    """A mail that can be handed over."""

    sender: str
    """The address alone, as the next one."""
    recipient: str
    subject: str
    content: bytes
    """Headers and body, with CRLF at the ends of lines."""


def mail_message(settings: Settings, name: str, mail: ClaimedMail) -> Message:
    """A mail of the outbox; ``name`` is the service's.

    Raises ValueError where the recipient is not one address in ASCII, the subject not one line, or no header can hold
    what the mail says.
    """
    if not is_address(mail.recipient):
        raise ValueError(f"{mail.recipient!r} is not one mail address in ASCII")
    own_name, sender = parseaddr(settings.mail_from or f"signing-service@{settings.relying_party_id}")
    encoding = "8bit" if settings.smtp is None else "quoted-printable"  # files are for people to read
    message = _body(mail, encoding)
    headers: list[tuple[str, Header | str]] = [
        *_from(own_name or name, sender, settings.mail_reply_to),
        _line("To", mail.recipient),
        ("Subject", _subject(mail.subject)),
        _line("Date", format_datetime(mail.created)),
        _line("Message-ID", f"<{mail.message_id}@{settings.relying_party_id}>"),  # random: reports are matched by it
        _line("Auto-Submitted", "auto-generated"),  # RFC 3834: no vacation notice in answer
        _line("X-Auto-Response-Suppress", "OOF, AutoReply"),  # the same to Exchange, which does not heed RFC 3834
        _line("MIME-Version", "1.0"),
        _line("Content-Language", mail.locale),
    ]
    for header, text in headers:
        message[header] = text
    return Message(sender, mail.recipient, mail.subject, message.as_bytes(policy=_POLICY))


@functools.lru_cache(maxsize=16)
def _from(name: str, sender: str, reply_to: str | None) -> list[tuple[str, str]]:
    """Who writes, and who is answered: the same in all mails of a service."""
    written = [_folded("From", Address(name, addr_spec=sender))]
    return written if reply_to is None else [*written, _folded("Reply-To", Address(addr_spec=reply_to))]


def _subject(text: str) -> Header | str:
    if len(f"{text}.".splitlines()) > 1:
        raise ValueError(f"the subject {text!r} is not one line")
    if text.isascii() and text.isprintable() and ENCODED not in text:
        return text
    # not as the library's policies do, which lose spaces between words of a long one: Приглашение подписать:Соглашение
    return Header(text, "utf-8", maxlinelen=MAX_WORD_LINE, header_name="Subject")  # RFC 2047, of whole characters


def _line(name: str, value: str) -> tuple[str, str]:
    """A header of ASCII alone, as it is; raises ValueError on whatever could end its line or be read as other words."""
    if not (value.isascii() and value.isprintable()) or ENCODED in value:
        raise ValueError(f"the header {name} cannot hold {value!r}")
    return name, value


def _folded(name: str, value: Address) -> tuple[str, str]:
    """A header of one address on as many lines as it needs, its letters outside ASCII encoded."""
    folded = str(SMTP.fold(name, SMTP.header_store_parse(name, value)[1]))
    text = folded.partition(":")[2].strip()
    if any(line[:1] not in (" ", "\t") for line in text.splitlines()[1:]):
        raise ValueError(f"the header {name} cannot hold {str(value)!r}")  # the library reads encoded words in names
    return name, text


def _body(mail: ClaimedMail, encoding: str) -> library.Message[str, Header | str]:
    """The text, and beside it the HTML for who prefers it.

    The boundary is in neither: what a mail says was written before its Message-ID was drawn.
    """
    if mail.html is None:
        return _part("plain", mail.text, encoding)
    both: library.Message[str, Header | str] = library.Message(_POLICY)
    both["Content-Type"] = f'multipart/alternative; boundary="=_{mail.message_id}"'
    both.attach(_part("plain", mail.text, encoding))
    both.attach(_part("html", mail.html, encoding))
    return both


def _part(subtype: str, text: str, encoding: str) -> library.Message[str, Header | str]:
    """Text with the headers that say what it is."""
    part: library.Message[str, Header | str] = library.Message(_POLICY)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = encoding
    body = b"\n".join(text.encode().splitlines()) + b"\n"
    packed = b2a_qp(body) if encoding == "quoted-printable" else body
    part.set_payload(packed.decode("ascii", "surrogateescape"))  # bytes, as the library keeps them
    return part
