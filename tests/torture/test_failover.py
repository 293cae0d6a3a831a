"""The scripts of ``deploy/postgresql``, run on real servers: what they say has worked has worked."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from signing_service.commands.findings import check_standby
from signing_service.store.backup import backup, restore
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.migrations import upgrade
from tests.store.world import publish
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
    guard = Guard(tmp_path / "guard")
    publish(database, guard)
    with psycopg.connect(f"host={HOST} port={primary.port} user=signing dbname=signing", autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")

    backup(database, tmp_path / "backup")
    counts = restore(tmp_path / "backup", cluster.url.replace("/signing?", "/restored?"), guard)

    database.dispose()
    assert counts.entries == 0


def standby_rows(cluster: Cluster, role: str = "signing") -> list[tuple[str, str]]:
    """What ``doctor`` says of the standby: level and text."""
    database = Database(cluster.url.replace("signing@", f"{role}@"))
    service: Any = SimpleNamespace(database=database)
    found = [(finding.level, f"{finding.text} {finding.hint}") for finding in check_standby(service)]
    database.dispose()
    return found


def wait_for(cluster: Cluster, level: str) -> str:
    for _ in range(200):
        [(found, said)] = standby_rows(cluster)
        if found == level:
            return said
        time.sleep(0.1)
    raise AssertionError(f"{found} and not {level}: {said}")


def test_doctor_names_the_standby_that_all_writing_waits_for(cluster: Cluster):
    assert standby_rows(cluster) == []
    cluster.add_standby(synchronous=True)
    assert cluster.standby is not None
    assert "disk of 1 synchronous" in wait_for(cluster, "ok")
    cluster.standby.stop()
    said = wait_for(cluster, "wrong")
    assert "0 of 1 synchronous standbys follow" in said
    assert "synchronous HOST PORT ''" in said
    cluster.standby.start()
    wait_for(cluster, "ok")


def test_a_role_that_may_not_see_standbys_does_not_call_them_missing(cluster: Cluster):
    address = f"host={HOST} port={cluster.primary.port} user=signing dbname=signing"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        cluster.add_standby(synchronous=True)
        [(level, said)] = standby_rows(cluster, "clerk")
        assert level == "warning"
        assert "cannot be seen" in said
        connection.execute("GRANT pg_monitor TO clerk")
    [(level, _)] = standby_rows(cluster, "clerk")
    assert level == "ok"
