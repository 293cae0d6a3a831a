"""Log lines on standard error, one each, as text for people or JSON for programs; no secret is ever in one.

Each line has time, level, message and what is bound to the request, its id above all. Secrets have no place in a log:
values under telling names are dropped, and whatever looks like a bearer token, a link's token or a password in a URL is
covered, whoever logged it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "…"
SECRET_NAMES = frozenset(
    {"authorization", "cookie", "csrf_token", "key", "passphrase", "password", "pin", "salt", "secret", "seed", "token"}
)
_COVERED = (
    (re.compile(r"(?i)(bearer )[A-Za-z0-9._~+/=-]+"), r"\1" + HIDDEN),
    (re.compile(r"(/invitation#?/?)[A-Za-z0-9_-]{20,}"), r"\1" + HIDDEN),
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+@"), r"\1" + HIDDEN + "@"),
)
_Line = MutableMapping[str, Any]


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
        if name.lower() in SECRET_NAMES:
            line[name] = HIDDEN
        elif isinstance(value, str):
            line[name] = cover(value)
    return line


def cover(text: str) -> str:
    """``text`` with everything covered that looks like a secret."""
    for pattern, instead in _COVERED:
        text = pattern.sub(instead, text)
    return text


def _as_text(_logger: Any, _method: str, line: _Line) -> str:
    time, level, event = line.pop("timestamp"), line.pop("level"), line.pop("event")
    trace = line.pop("exception", "")
    pairs = " ".join(f"{name}={value}" for name, value in line.items())
    words = " ".join(part for part in (str(time)[:19] + "Z", str(level).upper(), str(event), pairs) if part)
    return f"{words}\n{trace}" if trace else words
