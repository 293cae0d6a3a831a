"""Several instances behind nginx, over one database: what deploy/nginx describes, on this machine's loopback.

::

    with Instances(venue, folder, count=2) as instances:  # venue.url is nginx's
        ...
        instances.kill(0)
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.crowd import Venue, cpu_of, free_port
from signing_service.ceremony.browser import wait_until_ready
from signing_service.setting_values import PREFIX

PROXY = Path(__file__).parent.parent / "deploy" / "nginx" / "signing-service-proxy.conf"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
START = 60.0  # seconds for an instance to answer

_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format instance "$upstream_addr $request_method $uri $status";
    access_log {folder}/access.log instance;
    {paths}
    upstream signing_service {{ {servers} keepalive 16; keepalive_timeout 10s; }}
    server {{
        listen {address};
        include {proxy};
    }}
}}
"""
_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Instances:
    """The instances and their proxy."""

    def __init__(self, venue: Venue, folder: Path, count: int) -> None:
        """``venue`` was made with TRUSTED_PROXIES=127.0.0.1."""
        self._venue, self._folder = venue, folder
        self.ports = [free_port() for _ in range(count)]
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Instances:
        self._folder.mkdir()
        for number, port in enumerate(self.ports):
            self._start(f"instance-{number}", [sys.executable, "-m", "signing_service", "serve"], port)
        self._start("nginx", [NGINX, "-c", str(self._configuration())])
        for port in self.ports:
            wait_until_ready(f"http://127.0.0.1:{port}", START)
        wait_until_ready(self._venue.url, START)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            _end(process)

    def kill(self, number: int) -> None:
        """kill -9 for one instance."""
        _end(self._running[number])

    def cpu(self) -> float:
        """CPU seconds that the instances and their proxy have used so far."""
        return sum(cpu_of(process.pid) for process in self._running)

    def served(self) -> set[str]:
        """The addresses of the instances that nginx has sent somebody to."""
        lines = (self._folder / "access.log").read_text().splitlines()
        return {address for line in lines for address in line.split(" GET ")[0].split(" POST ")[0].split(", ")}

    def _configuration(self) -> Path:
        path = self._folder / "nginx.conf"
        path.write_text(configuration(self._folder, self._venue.environment[f"{PREFIX}LISTEN"], self.ports))
        return path

    def _start(self, name: str, command: list[str], port: int | None = None) -> None:
        environment = {**os.environ, **self._venue.environment}
        if port is not None:
            environment[f"{PREFIX}LISTEN"] = f"127.0.0.1:{port}"
        with (self._folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self._running.append(process)


def configuration(
    folder: Path, address: str, ports: Sequence[int], failing: str = "max_fails=1 fail_timeout=5s"
) -> str:
    """What nginx is told: to listen on ``address`` (host:port) and ask the instances on ``ports`` in turn."""
    servers = " ".join(f"server 127.0.0.1:{port} {failing};" for port in ports)
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in _PATHS)
    return _CONFIGURATION.format(folder=folder, paths=paths, servers=servers, address=address, proxy=PROXY)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
