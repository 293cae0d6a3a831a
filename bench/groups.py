"""The groups of figures, each measured in a process of its own."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from bench import agreements, growth, large_log, pressing, recording, rendering, signing, verifying
from bench.table import Cost, Row, cost_so_far

GROUPS = {
    "rendering": rendering.measure,
    "signing": signing.measure,
    "verifying": verifying.measure,
    "record": recording.measure,
    "log": large_log.measure,
    "http": pressing.measure,
    "agreements": agreements.measure,
    "growth": growth.measure,
}


def measure_apart(name: str, full: bool) -> tuple[list[Row], Cost] | None:
    """A group's rows and what they took; None where it failed, which its process has said."""
    spawning = multiprocessing.get_context("spawn")
    receiver, sender = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_measure, args=(name, full, sender))
    process.start()
    sender.close()
    try:
        found: tuple[list[Row], Cost] | None = receiver.recv()
    except EOFError:
        found = None
    process.join()
    return found


def _measure(name: str, full: bool, sender: Connection) -> None:
    begin = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = GROUPS[name](Path(folder), full=full)
    except Exception:
        traceback.print_exc()
        sender.send(None)
    else:
        sender.send((rows, cost_so_far(name, begin)))
