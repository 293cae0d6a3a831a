"""What mail servers say about a mail that they took first and could not deliver then (RFC 3464, RFC 5321 section 6.1).

::

    report = read_delivery_report(raw)      # None for everything that is no such report
    report.outcome, report.message_ids      # "failed", ("<k3v…@sign.example.org>",)

Anybody can write such a mail, so nothing in it counts by itself: it names a Message-ID, which holds 128 random bits
that only the recipient's mail servers have seen. Pure: bytes in, values out; whatever they are, no error comes out.

Postfix, Exchange and Exim (since 4.86) write multipart/report; older ones of Exim a text with ``X-Failed-Recipients``.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32

MAX_REPORT = 1024 * 1024  # bytes that are looked at; a report repeats the mail, ours have some 20 KB
MAX_PARTS = 50
MAX_NAMED = 10  # Message-IDs that one report may name
MAX_REASON = 300  # characters
_ID = re.compile(r"<[A-Za-z0-9._-]{1,80}@[A-Za-z0-9.-]{1,253}>")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_BROKEN = (AttributeError, AssertionError, IndexError, KeyError, LookupError, RecursionError, TypeError, ValueError)
"""What the standard library's parser is known to raise on bytes that are no mail."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a mail."""

    outcome: str
    """``failed`` · ``delayed`` (the mail server goes on trying)."""
    reason: str
    """What the mail server said, one line for people."""
    message_ids: tuple[str, ...]
    """Of the mails that it may be about, with angle brackets; usually one."""


def read_delivery_report(raw: bytes) -> DeliveryReport | None:
    """Read a mail; None where it is no report of a failure or a delay, or names no Message-ID."""
    try:
        return _read(email.message_from_bytes(raw[:MAX_REPORT], policy=compat32))
    except _BROKEN:
        return None


def _read(message: Message) -> DeliveryReport | None:
    parts = [part for part, _ in zip(message.walk(), range(MAX_PARTS), strict=False)]
    found = _status(parts) or _old_exim(message, parts)
    if found is None:
        return None
    named = tuple(dict.fromkeys(_named(message, parts)))[:MAX_NAMED]
    return DeliveryReport(*found, named) if named else None


def _status(parts: list[Message]) -> tuple[str, str] | None:
    """The outcome by the fields of message/delivery-status (RFC 3464 section 2.3), the worst of all recipients."""
    if not parts or parts[0].get_content_type() != "multipart/report":
        return None
    outcomes: dict[str, str] = {}
    for part in parts:
        action = _line(part.get("Action")).lower()
        if action in ("failed", "delayed"):
            outcomes.setdefault(action, _reason(part))
    for outcome in ("failed", "delayed"):
        if outcome in outcomes:
            return outcome, outcomes[outcome]
    return None


def _reason(fields: Message) -> str:
    kind, _, diagnostic = _line(fields.get("Diagnostic-Code")).partition(";")
    said = diagnostic.strip() if diagnostic else kind
    status = _STATUS.match(_line(fields.get("Status")))
    return (said or (status[0] if status else "no reason was given"))[:MAX_REASON]


def _old_exim(message: Message, parts: list[Message]) -> tuple[str, str] | None:
    if not message.get("X-Failed-Recipients") or _line(message.get("Auto-Submitted")).lower() != "auto-replied":
        return None
    lines = next((_text(part).splitlines() for part in parts if part.get_content_type() == "text/plain"), [])
    told = [_line(line) for line in lines if re.search(r"\b5\d\d[ -]", line) or "SMTP error" in line]
    return "failed", (" ".join(told) or "the mail server could not deliver it")[:MAX_REASON]


def _named(message: Message, parts: list[Message]) -> Iterator[str]:
    """Message-IDs of the returned mail or of its headers; then what the report is an answer to; then in its text."""
    for part in parts[1:]:
        yield from _ID.findall(_line(part.get("Message-ID")))
        if part.get_content_type() == "text/rfc822-headers":
            yield from _ID.findall(_line(email.message_from_string(_text(part), policy=compat32).get("Message-ID")))
    for name in ("In-Reply-To", "References"):
        yield from _ID.findall(_line(message.get(name)))
    for part in parts:
        if part.get_content_type() == "text/plain":
            yield from re.findall(rf"(?im)^message-id:\s*({_ID.pattern})", _text(part))


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _line(value: object) -> str:
    """A header's value as one line of printable characters."""
    text = "" if value is None else str(value)
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
