"""Times in the record that no later one contradicts, although machines' clocks jump.

A clock that is set wrong and then right again would leave events of tomorrow before those of today, and no verifier
accepts such a record. So a process that saw the clock jump records nothing until it is right again, or until somebody
restarted the process, knowing better; and no event is dated before its predecessor::

    clock = WallClock()          # when the process begins
    clock.check()                # UnavailableError after a jump
    after(now, "2025-04-11T12:00Z")  # now, if that is not earlier
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from signing_service.encoding import format_time
from signing_service.errors import UnavailableError

LARGEST_STEP = timedelta(minutes=1)  # of a clock that is kept by NTP, or between two machines' clocks


def _since_boot() -> float:
    """Seconds that nobody can set; they go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class WallClock:
    """Remembers how the machine's clock stood to one that only goes forward."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _since_boot) -> None:
        self._wall, self._steady = wall, steady
        self._begin = wall() - steady()

    def check(self) -> None:
        """Raise UnavailableError if the clock jumped by more than LARGEST_STEP since this was made."""
        jump = timedelta(seconds=round(self._wall() - self._steady() - self._begin))
        if abs(jump) > LARGEST_STEP:
            raise UnavailableError(
                "the server's clock jumped by %(seconds)s seconds, so nothing is recorded now",
                hint="try again later: the operator has to set the clock, or restart the service if its time is right",
                seconds=round(jump.total_seconds()),
            )


def after(now: datetime, previous: str) -> datetime:
    """The time of an event whose predecessor's entry says ``previous``: ``now``, or that where ``now`` is just behind.

    Raises UnavailableError where ``now`` is more than LARGEST_STEP behind.
    """
    earliest = datetime.fromisoformat(previous)
    if now >= earliest:
        return now
    if earliest - now <= LARGEST_STEP:
        return earliest
    raise UnavailableError(
        "the server's clock says %(now)s, but the record has an event of %(earliest)s, so nothing is recorded now",
        hint="try again later: the operator has to set the clock, or restart the service if its time is right",
        now=format_time(now),
        earliest=format_time(earliest),
    )
