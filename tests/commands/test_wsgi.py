"""``wsgi.py``: the application without the command around it, in any server's processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import OFFICER, Run
from tests.commands.serving import PATIENCE

SAY = """
import os, threading
import wsgi

def say():
    clocks = sum(thread.name == "clock" for thread in threading.enumerate())
    with wsgi.service.database.ask() as driver:
        (connection,) = driver.row("SELECT pg_backend_pid()")
    healthy = wsgi.application.test_client().get("/healthz", base_url="https://sign.example.org").status_code
    print(clocks, healthy, connection, flush=True)

say()
if os.fork() == 0:
    say()
    os._exit(0)
os.wait()
say()
"""


@pytest.mark.databases("postgresql")
def test_each_process_compares_its_clock_over_connections_of_its_own_also_when_it_was_forked(
    folder: Path, run: Run, checkout: Path
):
    assert run("init", *OFFICER) == 0
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", SAY], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    before, forked, after = (line.split() for line in done.stdout.splitlines())
    assert before[:2] == forked[:2] == after[:2] == ["1", "200"]
    assert before[2] == after[2] != forked[2], "a connection that two processes use gives each the other's answers"
