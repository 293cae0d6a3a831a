"""The scripts of ``deploy/postgresql``, run on real servers: what they say has worked has worked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from signing_service.store.backup import backup, restore
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.migrations import upgrade
from torture.postgres import HOST, PROGRAMS, Cluster, Server, run_script


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster.make()
    yield made
    made.remove()


def ask(server: Server, question: str) -> object:
    address = f"host={HOST} port={server.port} user=signing dbname=signing"
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def fail_over(cluster: Cluster) -> Server:
    cluster.add_standby(synchronous=True)
    cluster.primary.kill()
    assert cluster.standby is not None
    cluster.standby.promote()
    return cluster.standby


def test_who_rejoins_right_after_the_promotion_follows_the_new_primary_when_the_script_ends(cluster: Cluster):
    primary = fail_over(cluster)

    cluster.rejoin()

    assert ask(primary, "SELECT state FROM pg_stat_replication WHERE application_name = 'one'") == "streaming"
    # pg_rewind of PostgreSQL 15 goes by the timeline of the new primary's last checkpoint: so one is asked for
    assert re.search("checkpoint starting:.* wait", primary.data.with_name("two.log").read_text())
    run_script("synchronous", HOST, primary.port, "one")
    assert ask(primary, "SELECT pg_logical_emit_message(true, 'a', 'b') IS NOT NULL")  # its commit waits for the copy


def test_who_cannot_follow_the_new_primary_is_not_said_to_have_rejoined(cluster: Cluster):
    primary = fail_over(cluster)
    with psycopg.connect(f"host={HOST} port={primary.port} user=signing dbname=signing", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_wal_senders = 0")
    primary.stop()
    primary.start()

    with pytest.raises(RuntimeError, match="one does not follow the new primary and was stopped"):
        cluster.rejoin(wait=1)
    assert not (cluster.primary.data / "postmaster.pid").exists()  # so that the script can be run again


def test_no_commit_is_made_to_wait_for_a_standby_that_is_not_there(cluster: Cluster):
    with pytest.raises(RuntimeError, match="no standby among 'two' follows this primary; nothing was changed"):
        run_script("synchronous", HOST, cluster.primary.port, "two", wait=1)
    assert ask(cluster.primary, "SHOW synchronous_standby_names") == ""


def test_a_backup_is_made_and_restored_under_the_address_of_two_servers_whichever_is_the_primary(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(PROGRAMS), prepend=":")
    primary = fail_over(cluster)
    database = Database(cluster.url)
    upgrade(database)
    with psycopg.connect(f"host={HOST} port={primary.port} user=signing dbname=signing", autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")

    backup(database, tmp_path / "backup")
    counts = restore(tmp_path / "backup", cluster.url.replace("/signing?", "/restored?"), Guard(tmp_path / "guard"))

    database.dispose()
    assert counts.entries == 0
