from __future__ import annotations

from pathlib import Path

from torture.postgres import Cluster
from torture.workers import kill_a_worker


def test_a_worker_killed_in_the_middle_of_a_mail_is_made_up_for_by_two_others_and_nobody_is_reminded_twice(
    tmp_path: Path,
):
    cluster = Cluster.make()
    try:
        found = kill_a_worker(tmp_path / "venue", 3, cluster)
    finally:
        cluster.remove()
    assert found.clean, found.complaints
