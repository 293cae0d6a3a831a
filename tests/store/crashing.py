"""A writer that is killed: it appends, publishes, and writes down what was acknowledged, until kill -9.

It runs in a process of its own. What it writes down is what a client would have been told; nothing of that may be
missing, doubled or contradicted afterwards.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from signing_service.store import ledger, publisher
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from tests.cast import NOON
from tests.store.world import AGREEMENT, RECORD_SIGNER

POINTS = (
    "before the commit",
    "after the commit",
    "before the guard is written",
    "before the guard is renamed",
    "after the guard is written",
)


def write_until_killed(url: str, guard_path: str, told: str, point: str | None, count: int) -> None:
    """Append and publish for ever; die at the ``count``-th time at ``point``, or by the parent's hand if None."""
    if point is not None:
        _die_at(point, count)
    guard = Guard(Path(guard_path))
    database = Database(url, guard=guard)
    handle = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        with database.begin() as session:
            appended = ledger.append(session, AGREEMENT, "release", {"by": os.getpid()}, NOON)
        os.write(handle, f"entry {appended.index} {appended.entry.hex()}\n".encode())
        note = publisher.publish(database, guard, RECORD_SIGNER, NOON)
        os.write(handle, f"note {note.hex()}\n".encode())


def _die_at(point: str, count: int) -> None:
    remaining = [count]

    def die(*_: Any) -> None:
        remaining[0] -= 1
        if remaining[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if point == "before the commit":
        event.listen(Session, "before_commit", die)
    elif point == "after the commit":
        event.listen(Session, "after_commit", die)
    elif point == "before the guard is renamed":
        os.replace = _before(die, os.replace)
    elif point == "before the guard is written":
        Guard.write = _before(die, Guard.write)  # type: ignore[method-assign]
    elif point == "after the guard is written":
        Guard.write = _after(die, Guard.write)  # type: ignore[method-assign]


def _before(die: Callable[..., None], function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*arguments: Any) -> Any:
        die()
        return function(*arguments)

    return dying


def _after(die: Callable[..., None], function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*arguments: Any) -> Any:
        result = function(*arguments)
        die()
        return result

    return dying
