"""A command of the service as a process of its own, for tests that talk to it over HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60  # seconds until a process must have said or done what a test waits for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """A running command and what it has printed so far."""

    process: subprocess.Popen[str]
    printed: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                self.printed += line
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, words: str) -> str:
        """Wait until ``words`` are printed; return all that is printed by then."""
        with self.changed:
            self.changed.wait_for(lambda: words in self.printed or self.ended, PATIENCE)
            assert words in self.printed, self.printed
            return self.printed

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[Process]:
    """Run ``signing-service`` with ``words`` in ``folder``; it is ended afterwards."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SIGNING_SERVICE_")}
    environment.pop("XDG_RUNTIME_DIR", None)
    environment |= {"HOME": str(folder)} | {f"SIGNING_SERVICE_{name}": text for name, text in settings.items()}
    if "SIGNING_SERVICE_FONTS" in os.environ:
        environment["SIGNING_SERVICE_FONTS"] = os.environ["SIGNING_SERVICE_FONTS"]
    started = subprocess.Popen(
        [sys.executable, "-u", "-m", "signing_service", *words], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    process = Process(started)
    reader = threading.Thread(target=process.read)
    reader.start()
    try:
        yield process
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()
        reader.join()
