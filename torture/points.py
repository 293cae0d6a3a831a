"""Named points at which a server kills itself: installed in the server's process before it serves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

POINTS = (
    "after an entry",
    "before a commit",
    "after a commit",
    "before the guard is written",
    "before the guard is renamed",
    "after the guard is written",
    "before the timestamp",
    "after the timestamp",
    "before a mail",
    "after a mail",
)


def die_at(point: str, count: int) -> None:
    """From now on the ``count``-th arrival at ``point`` kills the whole process group, as kill -9 does."""
    from signing_service.store import ledger
    from signing_service.store.guard import Guard
    from signing_service.workflow import transports
    from signing_service.workflow.service import Service

    arrive = _countdown(count)
    match point.split(" ", 1):
        case ["after", "an entry"]:
            ledger.append = _around(ledger.append, after=arrive)
        case [when, "a commit"]:
            event.listen(Session, f"{when}_commit", arrive)
        case ["before", "the guard is renamed"]:
            os.replace = _around(os.replace, before=arrive)
        case [when, "the guard is written"]:
            Guard.write = _around(Guard.write, **{when: arrive})  # type: ignore[method-assign]
        case [when, "the timestamp"]:
            Service.timestamp = _around(Service.timestamp, **{when: arrive})  # type: ignore[method-assign]
        case [when, "a mail"]:
            transport = transports._FolderTransport
            transport.send = _around(transport.send, **{when: arrive})  # type: ignore[method-assign]


def _countdown(count: int) -> Callable[..., None]:
    remaining, lock = [count], threading.Lock()

    def arrive(*_: Any) -> None:
        with lock:
            remaining[0] -= 1
            if remaining[0] == 0:
                os.killpg(os.getpgrp(), signal.SIGKILL)

    return arrive


def _around(
    function: Callable[..., Any], before: Callable[..., None] | None = None, after: Callable[..., None] | None = None
) -> Callable[..., Any]:
    def surrounded(*arguments: Any, **options: Any) -> Any:
        if before:
            before()
        result = function(*arguments, **options)
        if after:
            after()
        return result

    return surrounded
