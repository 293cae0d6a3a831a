"""Everybody presses Sign in the same moment: 12 and 200 representatives on one agreement, over HTTP, as in the hall.

Server, browsers and their checks share this machine's cores. A press ends with the receipt that the browser checked.
"""

from __future__ import annotations

from pathlib import Path

from bench.crowd import Presses, Venue, press_together
from bench.table import Row

FEW, MANY = 12, 200


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Measure both crowds; the second is 60 large without ``full``."""
    many = MANY if full else 60
    few, crowd = _press(folder / "few", FEW), _press(folder / "many", many)
    each_of_few, each = few.server_cpu / FEW, crowd.server_cpu / many
    return [
        Row("http", f"{FEW} at once, press to receipt, p95", percentile(few.seconds, 95), "s", "<= 1 s"),
        Row("http", f"{FEW} at once, server CPU a signature", each_of_few * 1000, "ms"),
        Row("http", f"{many} at once, receipts", float(len(set(crowd.receipts))), "", f"= {many}"),
        Row("http", f"{many} at once, press to receipt, p95", percentile(crowd.seconds, 95), "s"),
        Row("http", f"{many} at once, server CPU a signature", each * 1000, "ms"),
        Row("http", f"{many} at once beside {FEW}, server CPU a signature", each / each_of_few, "times", "<= 2 times"),
        Row("http", f"{many} at once, requests for a turn a signature", crowd.asked / many, "", ""),
        Row("http", f"{many} at once, signatures a second", many / crowd.wall, "a second"),
    ]


def _press(folder: Path, parties: int) -> Presses:
    venue = Venue.make(folder, parties)
    with venue.serving():
        return press_together(venue, venue.come_in(venue.signers))


def percentile(values: list[float], percent: int) -> float:
    """The value that ``percent`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]
