from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from signing_service.record.checkpoint import verify_checkpoint
from signing_service.store import publisher
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import check_everything
from signing_service.store.tree import frontier_at, read_entries
from tests.cast import NOON
from tests.store.crashing import POINTS, write_until_killed
from tests.store.world import RECORD_SIGNER

SEED = 20250411
KILLS = 4  # at random moments, in this sample; `make torture` does many more

Writers = Callable[[str | None, int], BaseProcess]


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    """Fresh processes that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.crashing"])
    return context


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """What the killed writers' clients were told."""
    path = tmp_path / "told"
    path.touch()
    return path


@pytest.fixture
def start_writer(
    processes: multiprocessing.context.ForkServerContext, database_url: str, guard: Guard, told: Path
) -> Writers:
    def start(point: str | None, count: int) -> BaseProcess:
        arguments = (database_url, str(guard.path), str(told), point, count)
        writer = processes.Process(target=write_until_killed, args=arguments, daemon=True)
        writer.start()
        return writer

    return start


def check_everything_told(database: Database, guard: Guard, told: Path) -> int:
    """Nothing acknowledged is lost, doubled or contradicted; gives how many entries were acknowledged."""
    lines = [line.split() for line in told.read_text().splitlines()]
    entries = {int(words[1]): bytes.fromhex(words[2]) for words in lines if words[0] == "entry"}
    notes = {bytes.fromhex(words[1]) for words in lines if words[0] == "note"}
    with database.read() as session:
        counts = check_everything(session, guard)
        stored = read_entries(session, 0, counts.entries)
        assert len(set(stored)) == counts.entries
        assert all(stored[index] == entry for index, entry in entries.items())
        assert len(entries) == sum(words[0] == "entry" for words in lines)
        roots: dict[int, bytes] = {}
        for note in notes:
            checkpoint = verify_checkpoint(note, RECORD_SIGNER.verifier_key)
            assert frontier_at(session, checkpoint.size).root() == checkpoint.root
            assert roots.setdefault(checkpoint.size, checkpoint.root) == checkpoint.root, "two roots of one size"
    return len(entries)


@pytest.mark.parametrize("point", POINTS)
def test_a_writer_killed_at_this_point_loses_and_forks_nothing(
    database: Database, guard: Guard, told: Path, start_writer: Writers, point: str
):
    for count in (1, 4):
        writer = start_writer(point, count)
        writer.join(60)
        assert writer.exitcode == -signal.SIGKILL

        publisher.publish(database, guard, RECORD_SIGNER, NOON)
        check_everything_told(database, guard, told)


def test_writers_killed_at_random_lose_double_and_fork_nothing(
    database: Database, guard: Guard, told: Path, start_writer: Writers
):
    chance = random.Random(SEED)
    acknowledged = 0
    for _ in range(KILLS):
        writers = [start_writer(None, 0) for _ in range(2)]
        wanted = acknowledged + chance.randrange(4, 30)
        while told.read_text().count("entry") < wanted:
            time.sleep(0.001)
        for writer in writers:
            writer.kill()
            writer.join(60)

        publisher.publish(database, guard, RECORD_SIGNER, NOON)
        acknowledged = check_everything_told(database, guard, told)
        assert acknowledged >= wanted
