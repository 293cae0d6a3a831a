"""How fast agreements' queues move, so that who waits asks again about when the turn comes, and not much oftener.

Tickets of a queue are numbered one by one; how far its head moved between two looks is its pace, whichever process
or machine the signing happens on. Kept in the process's memory: losing it only costs a few requests.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FIRST_GUESS = 0.08  # seconds a signature
FASTEST, SLOWEST = 0.02, 0.3
SLUGGISH = 8  # a queue that stood still while nobody asked seems slow: were that believed, they would ask later still
MAX_QUEUES = 256
FORGET = 5.0  # seconds without a look, after which the pace is guessed anew
EARLY = 0.8  # ask a little before the turn is expected: a turn that waits for its browser keeps everybody waiting


class Pace:
    """The pace of the queues that were looked at last; thread-safe."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._queues: OrderedDict[str, tuple[float, int, float]] = OrderedDict()  # looked at, head, seconds a ticket
        self._lock = threading.Lock()

    def wait(self, agreement: str, head: int, ahead: int) -> float:
        """Seconds until ``ahead`` others will have signed, given that ticket ``head`` holds the turn now."""
        now = self._timer()
        with self._lock:
            at, earlier, pace = self._queues.get(agreement, (now, head, FIRST_GUESS))
            if now - at > FORGET or head < earlier:
                at, earlier, pace = now, head, FIRST_GUESS
            elif head > earlier:
                measured = min(max((now - at) / (head - earlier), FASTEST), SLOWEST)
                at, earlier, pace = now, head, pace + (measured - pace) / (SLUGGISH if measured > pace else 2)
            self._queues[agreement] = (at, earlier, pace)
            self._queues.move_to_end(agreement)
            while len(self._queues) > MAX_QUEUES:
                self._queues.popitem(last=False)
        return ahead * pace * EARLY

    def of(self, agreement: str) -> float:
        """Seconds a signature, as its queue moved when it was looked at last."""
        with self._lock:
            return self._queues[agreement][2] if agreement in self._queues else FIRST_GUESS
