"""How often somebody may try: a password, an invitation, an upload. Nobody can use up another's attempts.

Wrong passwords for an account are counted for each address they come from, and together. Where they are too many in
all, the account is closed to browsers that have never signed in to it, and open to its own (known_devices). Tokens of
links and passkeys cannot be guessed: a right one is always taken, only wrong ones are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app, request
from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter

from signing_service.errors import NotAllowedError, TooManyAttemptsError
from signing_service.store.limits import DatabaseStorage
from signing_service.web import known_devices

PER_ACCOUNT = parse("10 per 15 minutes")  # wrong passwords, at sign-in from one address, and at signing
PER_STRANGERS = parse("50 per 15 minutes")  # wrong passwords for one account from all addresses together
PER_ADDRESS = parse("100 per 15 minutes")  # a whole conference may share one address
QUESTIONS = parse("300 per 15 minutes")  # challenges for passkeys, each one a row; honest sign-ins count too
UPLOADS = parse("10 per 15 minutes")  # files to verify, each one a child process
REPORTS = parse("10 per 15 minutes")  # an account's reports on its own agreements

_Rows = list[tuple[RateLimitItem, tuple[str, ...]]]


def use(kind: str, account: str | None = None) -> None:
    """Count one use of what costs us something, or one wrong token; raises TooManyAttemptsError, then it is not done.

    Counting and comparing are one step, so many at the same moment are not more than one after another.
    """
    _take(_limits(kind, account, known=False))


@contextmanager
def attempt(
    kind: str, account: str | None = None, *, known: bool = False, wrong: type[Exception] = NotAllowedError
) -> Iterator[None]:
    """Try something that may be ``wrong``: used up beforehand, given back unless that is what it ends in.

    Were it looked at first and counted afterwards, all guesses of one moment would be made. ``known``: the browser has
    signed in to the account before; only its own failures count. Raises TooManyAttemptsError before anything is tried.
    """
    limits = _limits(kind, account, known=known)
    _take(limits)
    try:
        yield
    except wrong:
        raise
    except BaseException:
        _give_back(limits)
        raise
    _give_back(limits)


def _take(limits: _Rows) -> None:
    """Take one of each, or of none."""
    for number, (limit, key) in enumerate(limits):
        if not _limiter().hit(limit, *key):
            _give_back(limits[:number])
            raise too_many()


def _give_back(limits: _Rows) -> None:
    storage = cast("DatabaseStorage", _limiter().storage)
    for limit, key in limits:
        storage.release_entry(limit.key_for(*key))


def too_many() -> TooManyAttemptsError:
    """What who must wait is told."""
    return TooManyAttemptsError("there were too many failed attempts", hint="wait a quarter of an hour")


def _limits(kind: str, account: str | None, *, known: bool) -> _Rows:
    address, name = request.remote_addr or "", (account or "").strip().lower()
    if kind == "report":
        return [(REPORTS, (kind, "account", name))]
    if kind == "sign-in":
        if known:
            return [(PER_ACCOUNT, (kind, "own device", name))]
        return [
            (PER_ADDRESS, (kind, "address", address)),
            (PER_ACCOUNT, (kind, "account", name, address)),
            (PER_STRANGERS, (kind, "account", name)),
        ]
    if kind == "approval":  # only who is signed in gets so far, and nobody else's attempts are used up
        return [(PER_ACCOUNT, (kind, "account", name))]
    if kind == "passkey-options":
        own = known_devices.own_mark()
        return [(QUESTIONS, (kind, "own device", own) if own else (kind, "address", address))]
    return [(UPLOADS if kind == "verification" else PER_ADDRESS, (kind, "address", address))]


def _limiter() -> MovingWindowRateLimiter:
    return cast("MovingWindowRateLimiter", current_app.extensions["rate_limits"])
