"""Log lines on standard error, one each, as text for people or JSON for programs; no secret is ever in one.

Each line has time, level, message and what is bound to the request, its id above all. Secrets have no place in a log:
values under telling names are dropped, however deep they lie; whatever looks like a bearer token, a link's token, a
seed of one-time codes, an answer of a university or a password in a URL is covered, whoever logged it, tracebacks
included; and so is every secret of the settings, wherever it turns up.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from signing_service.settings import Settings

HIDDEN = "…"
SECRET_NAMES = frozenset(
    {
        "access_token", "authorization", "client_secret", "code", "code_verifier", "cookie", "csrf_token", "id_token",
        "key", "passphrase", "password", "pin", "proof_code", "proof_password", "salt", "secret", "seed", "token",
        "verifier",
    }
)  # fmt: skip
_COVERED = (
    (re.compile(r"(?i)(bearer )[A-Za-z0-9._~+/=-]+"), r"\1" + HIDDEN),
    (re.compile(r"(/invitation(?:\?language=[A-Za-z-]+)?#?/?)[A-Za-z0-9_-]{20,}"), r"\1" + HIDDEN),
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+@"), r"\1" + HIDDEN + "@"),
    (re.compile(r"(otpauth://[a-z]+/)[^\s'\"]+"), r"\1" + HIDDEN),
    (re.compile(r"([?&](?:code|state|token|code_verifier|client_secret)=)[^&\s'\"]+"), r"\1" + HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), HIDDEN),  # JSON Web Tokens
)
MIN_HIDDEN = 6  # characters; what is shorter stands in too many other words
_never: set[str] = set()
_Line = MutableMapping[str, Any]


def never_show(*secrets: str | None) -> None:
    """Cover these values wherever they turn up in a line of this process."""
    _never.update(secret for secret in secrets if secret and len(secret) >= MIN_HIDDEN)


def never_show_settings(settings: Settings) -> None:
    """Cover the secrets of the settings, and the password in the database's address."""
    smtp, token = settings.smtp, settings.token
    never_show(settings.key_passphrase, settings.session_secret, settings.metrics_token)
    never_show(smtp.password if smtp else None, token.pin if token else None)
    never_show(urlsplit(settings.database_url).password)


def log_to_terminal(form: str = "text", *, requests: bool = True) -> None:
    """Send the service's own log lines, and warnings of its libraries, to standard error.

    ``form``: text or json; ``requests``: a line for each one that was answered too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    for name, least in (("signing_service", logging.INFO), ("gunicorn", logging.WARNING), ("alembic", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(least)
    logging.getLogger("signing_service.web.request_log").setLevel(logging.INFO if requests else logging.WARNING)


def _formatter(form: str) -> logging.Formatter:
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shown: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
    ]
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _as_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[*shown, without_secrets, last],
    )


def without_secrets(_logger: Any, _method: str, line: _Line) -> _Line:
    """Drop values under telling names and cover what looks like a secret in all others."""
    for name, value in line.items():
        line[name] = _without(name, value)
    return line


def _without(name: object, value: Any) -> Any:
    if isinstance(name, str) and name.lower() in SECRET_NAMES:
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _without(inner, one) for inner, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without("", one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return cover(value if isinstance(value, str) else repr(value))


def cover(text: str) -> str:
    """``text`` with everything covered that looks like a secret, or is one of the settings'."""
    for secret in _never:
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _COVERED:
        text = pattern.sub(instead, text)
    return text


def _as_text(_logger: Any, _method: str, line: _Line) -> str:
    time, level, event = line.pop("timestamp"), line.pop("level"), line.pop("event")
    trace = line.pop("exception", "")
    pairs = " ".join(f"{name}={value}" for name, value in line.items())
    words = " ".join(part for part in (str(time)[:19] + "Z", str(level).upper(), str(event), pairs) if part)
    return f"{words}\n{trace}" if trace else words
