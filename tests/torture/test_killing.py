from __future__ import annotations

from pathlib import Path

import pytest

from signing_service.errors import ForkError
from tests.databases import PostgresServer
from torture.failover import fail_over, lose_a_commit, stay_away
from torture.killing import make_venue, run_cycle
from torture.points import POINTS
from torture.trials import older_database

SEED = "2025-04-11"
PARTIES = 3
KILLS = 6  # in this sample; `make torture` does many more


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> str | None:
    """None for SQLite in the venue's folder, otherwise the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.create()


def test_servers_killed_while_everybody_signs_lose_double_and_fork_nothing(tmp_path: Path, empty_database: str | None):
    venue = make_venue(tmp_path / "venue", PARTIES, empty_database)
    found = run_cycle(venue, SEED, KILLS, POINTS)
    assert found.clean, found.complaints
    assert found.acknowledged == PARTIES + 1


def test_a_database_older_than_the_guard_serves_nobody(tmp_path: Path):
    venue = make_venue(tmp_path / "venue", PARTIES)
    found = older_database(venue, SEED)
    assert found.forks == 1, found.complaints
    assert found.acknowledged == 1
    with pytest.raises(ForkError):
        venue.open_service()


def test_without_the_guard_that_would_be_a_fork_and_is_seen(tmp_path: Path):
    venue = make_venue(tmp_path / "venue", PARTIES)
    found = older_database(venue, SEED, "no guard")
    assert not found.clean
    assert found.acknowledged == 2, found.excuses


def test_a_synchronous_standby_takes_over_without_losing_a_receipt(tmp_path: Path):
    found = fail_over(tmp_path / "venue", SEED, PARTIES)
    assert found.clean, found.complaints
    assert found.acknowledged == PARTIES + 1


def test_whoever_is_cut_off_while_the_standby_is_away_gets_no_receipt_for_what_it_lacks(tmp_path: Path):
    found = stay_away(tmp_path / "venue", SEED, PARTIES)
    assert found.clean, found.complaints
    assert found.faults > 0


def test_an_asynchronous_standby_that_lost_a_commit_serves_nobody(tmp_path: Path):
    assert "was published" in lose_a_commit(tmp_path / "venue")
