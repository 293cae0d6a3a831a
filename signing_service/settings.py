"""Settings from the environment: parsed once, completely, at start; a wrong value is refused by name.

Example::

    >>> settings = parse_settings({"SIGNING_SERVICE_PUBLIC_URL": "https://sign.example.org"})
    >>> settings.relying_party_id
    'sign.example.org'

:data:`SETTINGS` names every setting once; docs/configuration.md is checked against it. A *secret* may also be
given as ``<NAME>_FILE``, the path of a file that holds it. Nothing is read but those files, and those only
through the ``read`` that the caller passes.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from signing_service import setting_values as values
from signing_service.setting_values import PREFIX, Contact, ImapMailbox, PkcsToken, SmtpServer, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ipaddress import IPv4Network, IPv6Network

MAX_SECRET_FILE = 4096  # bytes
_MADE = ("KEY_PASSPHRASE_FILE", "SESSION_SECRET_FILE")  # the files that init makes where they are missing


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name without the prefix, its default as it would be written, and what it means."""

    name: str
    default: str | None  # None: there is no value unless one is given
    meaning: str
    secret: bool = False  # may also be given as <name>_FILE


SETTINGS = (
    Setting("PUBLIC_URL", None, "origin under which browsers reach the service; fixed by init"),
    Setting("NAME", "Alliance signing service", "name in certificates, mails and the trust file; fixed by init"),
    Setting("DATABASE_URL", "sqlite:///var/service.sqlite3", "SQLite file or PostgreSQL database", secret=True),
    Setting("KEYS", "keys", "folder of the service's keys"),
    Setting("KEY_PASSPHRASE", None, "passphrase of the keys", secret=True),
    Setting("PKCS11_MODULE", None, "library of the PKCS#11 token that holds keys, where one does"),
    Setting("PKCS11_TOKEN", None, "that token's label"),
    Setting("PKCS11_PIN", None, "that token's user PIN", secret=True),
    Setting("TRUST_FILE", "var/trust.json", "where init writes the trust file, for printing and publishing"),
    Setting("GUARD", "var/guard", "file with the last released checkpoint, outside the database"),
    Setting("SESSION_SECRET", None, "secret that signs session cookies, 32 characters or more", secret=True),
    Setting("SESSION_IDLE_MINUTES", "60", "a session ends when nothing was done in it for so long"),
    Setting("SESSION_HOURS", "12", "a session ends so long after signing in, whatever was done in it"),
    Setting("PROOF_MINUTES", "15", "how long a passkey or password counts as recent for what needs one"),
    Setting("PASSWORD_NEEDS_CODE", "yes", "whether a password alone (no) signs in and approves, or only with a code"),
    Setting("SINGLE_SIGN_ON_FILE", None, "universities' OpenID Connect providers, as TOML"),
    Setting("TIMESTAMP_URLS", "", "RFC 3161 authorities, in the order in which they are asked"),
    Setting("TIMESTAMP_ANCHORS_FILE", None, "PEM file with the root certificates of those authorities"),
    Setting("REVOCATION_URLS", "", "where CAs of own certificates may be asked for OCSP and CRLs; beginnings of URLs"),
    Setting("WITNESSES_FILE", None, "log witnesses that are asked to cosign the record, one a line"),
    Setting("WITNESS_QUORUM", None, "how many of them must cosign, or none; init writes it into the trust file"),
    Setting("SMTP_URL", None, "mail server; without one, mails are files in MAIL_DIR", secret=True),
    Setting("MAIL_FROM", None, "sender of the service's mails"),
    Setting("MAIL_REPLY_TO", None, "address that answers to the service's mails go to, where it is not the sender"),
    Setting("SECRETARIAT", None, "whom people ask, shown on pages and in mails: a name and a mail address"),
    Setting("SECRETARIAT_PHONE", None, "the telephone beside it, with the country's code"),
    Setting("SECURITY_CONTACT", None, "whom to tell of a weakness: an address or an https URL"),
    Setting("BOUNCE_MAILBOX", None, "where reports about undelivered mails arrive (IMAP or Maildir)", secret=True),
    Setting("MAIL_DIR", "var/mail", "folder for mails where no mail server is set"),
    Setting("LISTEN", "127.0.0.1:8000", "address and port of the HTTP server"),
    Setting("TRUSTED_PROXIES", "", "networks whose X-Forwarded-* headers are believed"),
    Setting("THREADS", "8", "requests served at the same time by one process"),
    Setting("METRICS_FROM", "127.0.0.1 ::1", "addresses and networks that may read /metrics and /readyz in full"),
    Setting("METRICS_TOKEN", None, "who sends it as a bearer token may read them from anywhere", secret=True),
    Setting("LOG_FORMAT", "text", "log lines for people (text) or for programs (json)"),
    Setting("FONTS", None, "folder with the fonts' npm packages, where they are not in node_modules"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. Secrets do not show in its repr."""

    public_url: str  # scheme://host[:port], no trailing slash
    name: str
    database_url: str = field(repr=False)  # as SQLAlchemy takes it
    keys: Path
    key_passphrase: str | None = field(repr=False)
    token: PkcsToken | None
    key_passphrase_file: Path | None  # where it came from, so that the key store can check who may read that file
    trust_file: Path
    guard: Path
    session_secret: str | None = field(repr=False)
    session_idle_minutes: int
    session_hours: int
    proof_minutes: int
    password_needs_code: bool
    single_sign_on_file: Path | None
    timestamp_urls: tuple[str, ...]
    timestamp_anchors_file: Path | None
    revocation_urls: tuple[str, ...]
    witnesses_file: Path | None
    witness_quorum: int | None  # None: "none", or no witnesses at all
    smtp: SmtpServer | None
    mail_from: str | None
    mail_reply_to: str | None
    secretariat: Contact | None  # whom people ask
    security_contact: str | None  # an address or an https URL
    mail_dir: Path
    bounce_mailbox: ImapMailbox | Path | None
    listen: tuple[str, int]  # host, port
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    threads: int
    metrics_from: tuple[IPv4Network | IPv6Network, ...]
    metrics_token: str | None = field(repr=False)
    log_format: str  # text or json
    fonts: Path | None

    @property
    def https(self) -> bool:
        """Whether browsers come by HTTPS: cookies are Secure and HSTS is sent."""
        return self.public_url.startswith("https://")

    @property
    def session_idle(self) -> timedelta:
        """After so long without anything done a session ends."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_absolute(self) -> timedelta:
        """So long after signing in a session ends."""
        return timedelta(hours=self.session_hours)

    @property
    def proof_lifetime(self) -> timedelta:
        """So long a proof of presence counts as recent."""
        return timedelta(minutes=self.proof_minutes)

    @property
    def relying_party_id(self) -> str:
        """The WebAuthn relying-party id: the host of the public URL."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def record_origin(self) -> str:
        """The record's origin (C2SP tlog-checkpoint): the public URL without its scheme."""
        return urlsplit(self.public_url).netloc

    def require_key_passphrase(self) -> str:
        """Give the keys' passphrase; raises ConfigurationError where none is set."""
        if self.key_passphrase is None:
            raise wrong("KEY_PASSPHRASE", "is not set", f"point {PREFIX}KEY_PASSPHRASE_FILE at a file outside the keys")
        return self.key_passphrase

    def require_session_secret(self) -> str:
        """Give the secret of the session cookies; raises ConfigurationError where none is set."""
        if self.session_secret is None:
            raise wrong("SESSION_SECRET", "is not set", f"point {PREFIX}SESSION_SECRET_FILE at a file")
        return self.session_secret


def _given(environment: Mapping[str, str], read: Callable[[Path], bytes]) -> dict[str, str]:
    """The settings that are not empty, by name, defaults among them."""
    _refuse_unknown(environment)
    _refuse_passphrase_among_keys(environment)
    return {one.name: text for one in SETTINGS if (text := _text_of(one, environment, read))}


def parse_settings(environment: Mapping[str, str], read: Callable[[Path], bytes] = Path.read_bytes) -> Settings:
    """Parse all settings out of ``environment``; raises ConfigurationError with the setting's name and the reason.

    Variables without the prefix are ignored; one with the prefix that is no setting is refused, since a typing
    error would otherwise leave a default in force. An empty value counts as not given.
    """
    given = _given(environment, read)
    settings = Settings(
        public_url=values.parse_public_url(given.get("PUBLIC_URL")),
        name=values.parse_name(given["NAME"]),
        database_url=values.parse_database_url(given["DATABASE_URL"]),
        keys=Path(given["KEYS"]),
        key_passphrase=given.get("KEY_PASSPHRASE"),
        token=values.parse_token(*(given.get(f"PKCS11_{part}") for part in ("MODULE", "TOKEN", "PIN"))),
        key_passphrase_file=_path(environment.get(f"{PREFIX}KEY_PASSPHRASE_FILE")),
        trust_file=Path(given["TRUST_FILE"]),
        guard=Path(given["GUARD"]),
        session_secret=values.parse_session_secret(given.get("SESSION_SECRET")),
        session_idle_minutes=values.parse_number("SESSION_IDLE_MINUTES", given["SESSION_IDLE_MINUTES"], 10, 720),
        session_hours=values.parse_number("SESSION_HOURS", given["SESSION_HOURS"], 1, 24),
        proof_minutes=values.parse_number("PROOF_MINUTES", given["PROOF_MINUTES"], 1, 60),
        password_needs_code=values.parse_yes("PASSWORD_NEEDS_CODE", given["PASSWORD_NEEDS_CODE"]),
        single_sign_on_file=_path(given.get("SINGLE_SIGN_ON_FILE")),
        timestamp_urls=values.parse_timestamp_urls(given.get("TIMESTAMP_URLS", "")),
        timestamp_anchors_file=_path(given.get("TIMESTAMP_ANCHORS_FILE")),
        revocation_urls=values.parse_revocation_urls(given.get("REVOCATION_URLS", "")),
        witnesses_file=_path(given.get("WITNESSES_FILE")),
        witness_quorum=values.parse_witness_quorum(given.get("WITNESS_QUORUM")),
        smtp=values.parse_smtp_url(given.get("SMTP_URL")),
        mail_from=values.parse_mail_from(given.get("MAIL_FROM")),
        mail_reply_to=values.parse_reply_to(given.get("MAIL_REPLY_TO")),
        secretariat=values.parse_secretariat(given.get("SECRETARIAT"), given.get("SECRETARIAT_PHONE")),
        security_contact=values.parse_security_contact(given.get("SECURITY_CONTACT")),
        mail_dir=Path(given["MAIL_DIR"]),
        bounce_mailbox=values.parse_bounce_mailbox(given.get("BOUNCE_MAILBOX")),
        listen=values.parse_listen(given["LISTEN"]),
        trusted_proxies=values.parse_networks("TRUSTED_PROXIES", given.get("TRUSTED_PROXIES", "")),
        threads=values.parse_threads(given["THREADS"]),
        metrics_from=values.parse_networks("METRICS_FROM", given["METRICS_FROM"]),
        metrics_token=values.parse_metrics_token(given.get("METRICS_TOKEN")),
        log_format=values.parse_log_format(given["LOG_FORMAT"]),
        fonts=_path(given.get("FONTS")),
    )
    _check_together(settings, given)
    return settings


def setting_names() -> list[str]:
    """Every name that may stand after the prefix, those ending in ``_FILE`` included."""
    return [name for s in SETTINGS for name in ((s.name, f"{s.name}_FILE") if s.secret else (s.name,))]


def _path(text: str | None) -> Path | None:
    return Path(text.strip()) if text and text.strip() else None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = setting_names()
    for variable in environment:
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise wrong(name, "is not a setting", f"did you mean {PREFIX}{near[0]}?" if near else "")


def _refuse_passphrase_among_keys(environment: Mapping[str, str]) -> None:
    path = environment.get(f"{PREFIX}KEY_PASSPHRASE_FILE", "").strip()
    keys = Path(environment.get(f"{PREFIX}KEYS", "").strip() or "keys")
    if path and Path(path).absolute().is_relative_to(keys.absolute()):
        raise wrong(
            "KEY_PASSPHRASE_FILE", f"{path} lies in the directory of the keys, {keys}", "keep it and back it up apart"
        )


def _text_of(setting: Setting, environment: Mapping[str, str], read: Callable[[Path], bytes]) -> str | None:
    given = environment.get(PREFIX + setting.name, "").strip()
    path = environment.get(f"{PREFIX}{setting.name}_FILE", "").strip() if setting.secret else ""
    if given and path:
        raise wrong(setting.name, f"is set twice, by value and by {setting.name}_FILE", "keep one of the two")
    if path:
        return _read_secret(f"{setting.name}_FILE", Path(path), read)
    return given or setting.default


def _read_secret(name: str, path: Path, read: Callable[[Path], bytes]) -> str:
    try:
        data = read(path)
        text = data.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        made = isinstance(error, FileNotFoundError) and name in _MADE
        hint = "signing-service init makes it for a new service; else bring it back from its backup" if made else ""
        if isinstance(error, PermissionError):
            hint = "give it to the service's user (chown), or run this as that user"
        raise wrong(name, f"cannot read {path}: {error.strerror or type(error).__name__}", hint) from error
    except ValueError as error:
        raise wrong(name, f"{path} is not UTF-8 text") from error
    if not text or len(data) > MAX_SECRET_FILE or "\n" in text:
        raise wrong(name, f"{path} does not hold exactly one line of at most {MAX_SECRET_FILE} bytes")
    return text


def _check_together(settings: Settings, given: Mapping[str, str]) -> None:
    if settings.timestamp_urls and settings.timestamp_anchors_file is None:
        hint = "a PEM file with the authorities' root certificates; their answers are checked against it"
        raise wrong("TIMESTAMP_ANCHORS_FILE", "is not set although TIMESTAMP_URLS is", hint)
    if ("WITNESSES_FILE" in given) != ("WITNESS_QUORUM" in given):
        missing, there = ("WITNESS_QUORUM", "WITNESSES_FILE")[:: 1 if "WITNESSES_FILE" in given else -1]
        hint = "a number of witnesses or none, and the file that names them, go together"
        raise wrong(missing, f"is not set although {there} is", hint)
    if settings.smtp and settings.mail_from is None:
        raise wrong("MAIL_FROM", "is not set although SMTP_URL is", "like signing@example.org")
