"""How fast this machine is, by a fixed piece of work: figures of different machines and hours mean little without it.

Two cores may be two halves of one, or shared with strangers; so the work is done alone and on all cores at once.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

ROUNDS = 7
_ROW: dict[str, object] = {"agreement": "12C12U/2025", "names": ["南京邮电大学", "มหิดล"], "numbers": list(range(40))}


def yardstick() -> dict[str, float]:
    """Milliseconds of CPU that the work takes ``alone``, and ``together`` with the same on every other core."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_work, [1] * cores))  # started
        together = list(pool.map(_work, [ROUNDS] * cores))
    return {"alone": round(_work(ROUNDS), 1), "together": round(sum(together) / cores, 1)}


def _work(rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        for number in range(1500):
            text = json.dumps({**_ROW, "number": number}, ensure_ascii=False, sort_keys=True)
            hashlib.sha256(text.encode()).hexdigest()
            json.loads(text)
        taken.append(1000 * (time.process_time() - begin))
    return sorted(taken)[rounds // 2]
