"""How the text of one setting is read: each function gives the value or refuses with the setting's name and the reason.

No message repeats a value that may hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import getaddresses
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from signing_service.agreement.addresses import is_address
from signing_service.errors import ConfigurationError

PREFIX = "SIGNING_SERVICE_"
MAX_NAME = 64  # characters; RFC 5280 appendix A, ub-organization-name and ub-common-name
MAX_WITNESSES = 100  # as many signatures as a checkpoint may carry
MIN_SESSION_SECRET = 32  # characters
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")  # browsers give these WebCrypto and passkeys without HTTPS
LOG_FORMATS = ("text", "json")
SMTP_PORTS = {"tls": 465, "starttls": 587, "none": 25}
IMAP_PORTS = {"imaps": 993, "imap": 143}
_TELEPHONE = re.compile(r"\+[0-9](?:[ ()./-]*[0-9]){5,14}")  # ITU-T E.164: at most 15 digits


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed over. ``security`` is ``tls``, ``starttls`` or ``none``."""

    host: str
    port: int
    security: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """A folder on an IMAP server. ``security`` is ``tls``, ``starttls`` or ``none``."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class PkcsToken:
    """A PKCS#11 token: its library, its label, the user's PIN."""

    module: Path
    label: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom people ask, by mail or telephone. The name may be empty."""

    name: str
    email: str
    telephone: str | None = None


def wrong(name: str, reason: str, hint: str = "") -> ConfigurationError:
    """Make the error for the setting ``name`` (without its prefix)."""
    return ConfigurationError(f"{PREFIX}{name}: {reason}", hint=hint or "docs/configuration.md lists every setting")


def parse_public_url(text: str | None) -> str:
    """An origin, ``scheme://host[:port]``, without a trailing slash; https unless the host is this machine."""
    hint = "give the origin that browsers use, like https://sign.example.org"
    if text is None:
        raise wrong("PUBLIC_URL", "is not set", hint)
    parts = _split("PUBLIC_URL", text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong("PUBLIC_URL", f"{text!r} is not an http or https URL", hint)
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise wrong("PUBLIC_URL", f"{text!r} has more than scheme, host and port", hint)
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise wrong("PUBLIC_URL", "browsers sign only over https (or on localhost)", hint)
    if parts.netloc != parts.netloc.lower() or not parts.netloc.isascii():
        raise wrong("PUBLIC_URL", f"{text!r} is not spelt in lower-case ASCII", hint)
    return f"{parts.scheme}://{parts.netloc}"


def parse_name(text: str) -> str:
    """A name that fits into a certificate."""
    if len(text) > MAX_NAME or not text.isprintable():
        raise wrong("NAME", f"must be 1 to {MAX_NAME} printable characters (it goes into certificates)")
    return text


def parse_database_url(text: str) -> str:
    """A URL as SQLAlchemy takes it: a SQLite file, or PostgreSQL through psycopg."""
    hint = "sqlite:///var/service.sqlite3 or postgresql://user:password@host/database"
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return text
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        if not _split("DATABASE_URL", text).path.strip("/"):
            raise wrong("DATABASE_URL", "names no database", hint)
        return f"postgresql+psycopg://{rest}"
    raise wrong("DATABASE_URL", "is neither a SQLite file nor a PostgreSQL database", hint)


def parse_session_secret(text: str | None) -> str | None:
    """A secret long enough not to be guessed."""
    if text is not None and len(text) < MIN_SESSION_SECRET:
        raise wrong("SESSION_SECRET", f"is shorter than {MIN_SESSION_SECRET} characters", "openssl rand -hex 32")
    return text


def parse_timestamp_urls(text: str) -> tuple[str, ...]:
    """URLs of RFC 3161 authorities, between commas or spaces."""
    urls = tuple(_words(text))
    for url in urls:
        parts = _split("TIMESTAMP_URLS", url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise wrong("TIMESTAMP_URLS", f"{url!r} is not an http or https URL")
    return urls


def parse_revocation_urls(text: str) -> tuple[str, ...]:
    """Beginnings of URLs under which certification authorities answer, between commas or spaces."""
    urls = tuple(_words(text))
    for url in urls:
        parts = _split("REVOCATION_URLS", url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.startswith("/"):
            hint = "write scheme, host and path, as http://ocsp.ca.example/"
            raise wrong("REVOCATION_URLS", f"{url!r} is not the beginning of an http or https URL", hint)
    return urls


def parse_witness_quorum(text: str | None) -> int | None:
    """A number of log witnesses, 1 to 100; None for ``none`` and for nothing."""
    if text is None or text == "none":
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MAX_WITNESSES:
        raise wrong("WITNESS_QUORUM", f"{text!r} is neither none nor a number from 1 to {MAX_WITNESSES}")
    return int(text)


def parse_smtp_url(text: str | None) -> SmtpServer | None:
    """``smtps://…`` is TLS from the start, ``smtp://…`` is STARTTLS unless it ends in ``?security=none``."""
    if text is None:
        return None
    hint = "smtps://user:password@host, or smtp://host:25?security=none on a trusted network"
    parts = _split("SMTP_URL", text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
        raise wrong("SMTP_URL", "is not of the form smtp://host or smtps://host", hint)
    default = "tls" if parts.scheme == "smtps" else "starttls"
    security = parse_qs(parts.query).get("security", [default])[-1]
    if security not in SMTP_PORTS or (parts.scheme == "smtps") != (security == "tls"):
        raise wrong("SMTP_URL", f"security {security!r} does not go with {parts.scheme}", hint)
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return SmtpServer(parts.hostname, parts.port or SMTP_PORTS[security], security, user, password)


def parse_bounce_mailbox(text: str | None) -> ImapMailbox | Path | None:
    """``maildir:/folder``, or ``imaps://user:password@host/folder`` (``imap://``: STARTTLS, or none)."""
    if text is None:
        return None
    hint = "imaps://user:password@host/INBOX, or maildir:/var/mail/bounces"
    kind, _, path = text.partition(":")
    if kind == "maildir":
        if not path.startswith("/"):
            raise wrong("BOUNCE_MAILBOX", "is not an absolute path of a Maildir", hint)
        return Path(path)
    parts = _split("BOUNCE_MAILBOX", text)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if parts.scheme not in IMAP_PORTS or not (parts.hostname and parts.username and parts.password):
        raise wrong("BOUNCE_MAILBOX", "is not of the form imaps://user:password@host/folder", hint)
    if not (folder.isascii() and folder.isprintable()) or '"' in folder or "\\" in folder:
        raise wrong("BOUNCE_MAILBOX", f"the folder {folder!r} cannot be named here", "use one with a plain name")
    default = "tls" if parts.scheme == "imaps" else "starttls"
    security = parse_qs(parts.query).get("security", [default])[-1]
    if security not in ("tls", "starttls", "none") or (parts.scheme == "imaps") != (security == "tls"):
        raise wrong("BOUNCE_MAILBOX", f"security {security!r} does not go with {parts.scheme}", hint)
    port = parts.port or IMAP_PORTS[parts.scheme]
    return ImapMailbox(parts.hostname, port, security, unquote(parts.username), unquote(parts.password), folder)


def parse_mail_from(text: str | None) -> str | None:
    """One mail address, with a name or without."""
    found = getaddresses([text]) if text is not None and text.isprintable() else []
    if text is not None and not (len(found) == 1 and is_address(found[0][1])):
        hint = "like signing@example.org, or: Alliance secretariat <signing@example.org>"
        raise wrong("MAIL_FROM", f"{text!r} is not a mail address", hint)
    return text


def parse_reply_to(text: str | None) -> str | None:
    """One mail address, without a name."""
    if text is not None and not is_address(text):
        raise wrong("MAIL_REPLY_TO", f"{text!r} is not a mail address", "like secretariat@example.org")
    return text


def parse_secretariat(text: str | None, telephone: str | None) -> Contact | None:
    """One mail address, with a name or without; and a telephone number as one dials it from abroad."""
    if telephone is not None and not _TELEPHONE.fullmatch(telephone):
        raise wrong("SECRETARIAT_PHONE", f"{telephone!r} is no telephone number", "like +86 25 8586 6888")
    if text is None:
        if telephone is not None:
            raise wrong("SECRETARIAT", "is not set although SECRETARIAT_PHONE is", "a mail address goes with it")
        return None
    found = getaddresses([text]) if text.isprintable() else []
    if len(found) != 1 or not is_address(found[0][1]):
        hint = "like Alliance secretariat <secretariat@example.org>"
        raise wrong("SECRETARIAT", f"{text!r} is not one mail address", hint)
    return Contact(*found[0], telephone)


def parse_security_contact(text: str | None) -> str | None:
    """A mail address without a name, or an https URL."""
    if text is not None and not is_address(text) and not (text.startswith("https://") and text.isascii()):
        hint = "like security@example.org, or: https://example.org/report"
        raise wrong("SECURITY_CONTACT", f"{text!r} is neither a mail address nor an https URL", hint)
    return text


def parse_listen(text: str) -> tuple[str, int]:
    """``host:port``; an IPv6 address stands in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise wrong("LISTEN", f"{text!r} is not an address and a port up to 65535, like 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def parse_networks(name: str, text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses or networks, between commas or spaces."""
    try:
        return tuple(ip_network(word) for word in _words(text))
    except ValueError as error:
        raise wrong(name, f"{error}", "addresses or networks, like 172.28.0.0/24") from error


def parse_token(module: str | None, label: str | None, pin: str | None) -> PkcsToken | None:
    """All three of a PKCS#11 token, or none of them."""
    parts = {"PKCS11_MODULE": module, "PKCS11_TOKEN": label, "PKCS11_PIN": pin}
    missing = [name for name, value in parts.items() if value is None]
    if len(missing) == len(parts):
        return None
    if module is None or label is None or pin is None:
        raise wrong(missing[0], "is not set", "PKCS11_MODULE, PKCS11_TOKEN and PKCS11_PIN go together")
    return PkcsToken(Path(module), label, pin)


def parse_metrics_token(text: str | None) -> str | None:
    """A bearer token long enough not to be guessed."""
    if text is not None and (len(text) < MIN_SESSION_SECRET or not text.isascii()):
        raise wrong("METRICS_TOKEN", f"is not {MIN_SESSION_SECRET} ASCII characters or more", "openssl rand -hex 32")
    return text


def parse_log_format(text: str) -> str:
    """``text`` or ``json``."""
    if text not in LOG_FORMATS:
        raise wrong("LOG_FORMAT", f"{text!r} is none of {', '.join(LOG_FORMATS)}")
    return text


def parse_threads(text: str) -> int:
    """A number of threads, 1 to 256."""
    return parse_number("THREADS", text, 1, 256)


def parse_number(name: str, text: str, least: int, most: int) -> int:
    """A whole number within limits."""
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise wrong(name, f"{text!r} is not a number from {least} to {most}")
    return int(text)


def parse_yes(name: str, text: str) -> bool:
    """``yes`` or ``no``."""
    if text not in ("yes", "no"):
        raise wrong(name, f"{text!r} is neither yes nor no")
    return text == "yes"


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _split(name: str, text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - a bad port is found only on access
    except ValueError as error:
        raise wrong(name, "is not a URL") from error
    return parts
