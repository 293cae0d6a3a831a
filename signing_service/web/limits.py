"""How often somebody may try: a password, an invitation. Per account and per address, never one limit for all."""

from __future__ import annotations

from typing import cast

from flask import current_app, request
from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter

from signing_service.errors import TooManyAttemptsError

PER_ACCOUNT = parse("10 per 15 minutes")  # wrong passwords, at sign-in and at signing
PER_ADDRESS = parse("100 per 15 minutes")  # a whole conference may share one address
QUESTIONS = parse("300 per 15 minutes")  # challenges for passkeys, each one a row; honest sign-ins count too
UPLOADS = parse("10 per 15 minutes")  # files to verify, each one a child process
REPORTS = parse("10 per 15 minutes")  # an account's reports on its own agreements


def check(kind: str, account: str | None = None) -> None:
    """Raise TooManyAttemptsError if this account or this address failed too often lately."""
    for limit, key in _limits(kind, account):
        if not _limiter().test(limit, *key):
            raise TooManyAttemptsError("there were too many failed attempts", hint="wait a quarter of an hour")


def count(kind: str, account: str | None = None) -> None:
    """Count a failure, or one use of what costs us something even where it goes well."""
    for limit, key in _limits(kind, account):
        _limiter().hit(limit, *key)


def _limits(kind: str, account: str | None) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
    if kind == "report":
        return [(REPORTS, (kind, "account", account or ""))]
    per_address = {"passkey-options": QUESTIONS, "verification": UPLOADS}.get(kind, PER_ADDRESS)
    found: list[tuple[RateLimitItem, tuple[str, ...]]] = [(per_address, (kind, "address", request.remote_addr or ""))]
    if account is not None:
        found.append((PER_ACCOUNT, (kind, "account", account.strip().lower())))
    return found


def _limiter() -> MovingWindowRateLimiter:
    return cast("MovingWindowRateLimiter", current_app.extensions["rate_limits"])
