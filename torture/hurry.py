"""Whether a cycle should come to its end: then it kills and breaks nothing more, lets everybody finish, and is checked.

What is set counts for this process, which does one piece of work at a time::

    keep_to(end)              # before a piece of work; float("inf"): as long as it takes
    while not time_is_over():
        ...
"""

from __future__ import annotations

import time

_END = [float("inf")]  # of time.monotonic, which all processes of a machine share


def keep_to(end: float) -> None:
    """From ``end`` on the time is over."""
    _END[0] = end


def time_is_over() -> bool:
    """Whether nothing new should be broken."""
    return time.monotonic() >= _END[0]
