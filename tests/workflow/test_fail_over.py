"""A standby is promoted that lacks the last commit; processes go on that had read what it lacks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from signing_service.errors import UnavailableError
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from signing_service.workflow.prefixes import Prefixes
from signing_service.workflow.service import Service
from tests.cast import ALES, HOA, LIN, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """SQLite alone, whose file can be put back: what is under test is what a process remembers."""
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    return f"sqlite:///{tmp_path}/service.db"


@contextmanager
def lost_by_the_standby(world: World) -> Iterator[None]:
    """What is committed meanwhile is not in the database afterwards."""
    path = Path(str(world.service.database.url.database))
    world.service.database.dispose()
    standby = path.with_name("standby.db")
    shutil.copyfile(path, standby)
    yield
    world.service.database.dispose()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copyfile(standby, path)


def dead(_service: Service) -> None:
    raise UnavailableError("the primary died")


@pytest.mark.parametrize("others", [0, 1, 2])
def test_bytes_that_a_promoted_standby_lacks_are_not_signed_on(
    world: World, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    somchai, lin = world.signing(SOMCHAI), world.signing(LIN)
    somchai.approve()
    lin.approve()
    with lost_by_the_standby(world):
        with monkeypatch.context() as patch, pytest.raises(UnavailableError):
            patch.setattr(Service, "publish", dead)
            somchai.complete()  # committed, and neither acknowledged nor in the guard
        assert lin.approve().revision == 2, "this process has read the first signature"
    world.clock.forward(seconds=30)  # nobody's turn lasts that long
    elsewhere = replace(world, service=replace(world.service, prefixes=Prefixes()))
    somchai.world = elsewhere
    first = (somchai.complete, lambda: elsewhere.sign(ALES))  # his browser asks again, and stores as many bytes
    for sign in first[:others]:
        sign()
    lin.approve()
    assert lin.prepared.revision == 1 + others
    lin.complete()
    for person in (SOMCHAI, ALES, HOA)[others:]:
        elsewhere.sign(person)
    elsewhere.countersign()
    elsewhere.archive()
    assert verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world).verdict is Verdict.PASSED
