"""Times in the record that no later one contradicts, although machines' clocks are wrong, or jump.

A clock that is set wrong and then right again would leave events of tomorrow before those of today, and no verifier
accepts such a record. So a process that saw its clock jump, whose clock is behind what the record has already, or
whose clock others contradict, records nothing until that is over; and no event is dated before its predecessor::

    clock = WallClock()          # when the process begins
    clock.check(now)             # UnavailableError while it is wrong
    after(now, "2025-04-11T12:00Z")  # now, if that is not earlier
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from signing_service.errors import Phrase, UnavailableError

LARGEST_STEP = timedelta(minutes=1)  # of a clock that is kept by NTP, or between two machines' clocks

THE_DATABASE = Phrase("the database's clock")
Judge = Literal["authorities", "database"]
"""Who may contradict a clock."""


def _since_boot() -> float:
    """Seconds that nobody can set; they go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class WallClock:
    """Remembers how the machine's clock stood to one that only goes forward, and what others say of it."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _since_boot) -> None:
        self._wall, self._steady = wall, steady
        self._begin = wall() - steady()
        self.newest: datetime | None = None
        """The newest time that the record's events had when the process began."""
        self.vouched = False
        """Whether somebody outside the service has said that this clock is right: where the record has later times,
        they are wrong, and only what goes on from them has to wait."""
        self.compared: datetime | None = None
        """When others were asked last."""
        self._doubts: dict[Judge, tuple[str, timedelta]] = {}

    def contradict(self, judge: Judge, source: str, off: timedelta) -> None:
        """Record nothing from now on: ``source`` says that this clock is ahead by ``off`` (negative: behind)."""
        self._doubts[judge] = source, off

    def agree(self, judge: Judge) -> None:
        """That one does not contradict this clock, or not any more; authorities that agree vouch for it.

        Steps that add up (of a machine that stands still for seconds each night) then count anew, or a clock that is
        right would be taken for one that jumped. A jump they forgive not: whoever lies would set a wrong clock going.
        """
        self._doubts.pop(judge, None)
        if judge == "authorities":
            self.vouched = True
            if abs(self._jump()) <= LARGEST_STEP:
                self._begin = self._wall() - self._steady()

    @property
    def doubted(self) -> bool:
        """Whether somebody contradicts it, who has not agreed since."""
        return bool(self._doubts)

    def check(self, now: datetime) -> None:
        """Raise UnavailableError if nothing may be recorded at ``now``, by this clock.

        That is if it jumped by more than LARGEST_STEP since this was made (or since authorities agreed), if others
        contradict it, or if it is behind the record and nobody vouches for it.
        """
        jump = self._jump()
        if abs(jump) > LARGEST_STEP:
            raise UnavailableError(
                "the server's clock jumped by %(seconds)s seconds, so nothing is recorded now",
                hint="try again later: the operator has to set the clock, or restart the service if its time is right",
                seconds=round(jump.total_seconds()),
            )
        if self._doubts:
            source, off = next(iter(self._doubts.values()))
            raise UnavailableError(
                "the server's clock says %(now)s, but by %(source)s it is %(time)s, so nothing is recorded now",
                hint="try again later: the operator has to set the clock; signing-service doctor compares it",
                now=now,
                source=source,
                time=now - off,
            )
        if self.newest is not None and not self.vouched and now < self.newest - LARGEST_STEP:
            raise _behind(now, self.newest)

    def _jump(self) -> timedelta:
        return timedelta(seconds=round(self._wall() - self._steady() - self._begin))


def after(now: datetime, previous: str) -> datetime:
    """The time of an event whose predecessor's entry says ``previous``: ``now``, or that where ``now`` is just behind.

    Raises UnavailableError where ``now`` is more than LARGEST_STEP behind.
    """
    earliest = datetime.fromisoformat(previous)
    if now >= earliest:
        return now
    if earliest - now <= LARGEST_STEP:
        return earliest
    raise _behind(now, earliest)


def _behind(now: datetime, earliest: datetime) -> UnavailableError:
    return UnavailableError(
        "nothing can be recorded here before %(earliest)s: the record has that time already, and the server's clock "
        "says %(now)s",
        hint="try again then, or ask the operator: one of the two times is wrong, and signing-service doctor says more",
        earliest=earliest,
        now=now,
    )
