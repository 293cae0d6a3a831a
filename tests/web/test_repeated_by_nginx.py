"""A request whose answer was lost with its instance: nginx gives to the next one only what may be done twice."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from flask import Flask
from werkzeug.routing import Rule

from bench.crowd import free_port
from torture.instances import NGINX, configuration

REPEATED = {"api.begin", "api.approve", "api.complete"}
PATIENCE = 30  # seconds for nginx to listen


class Instance(BaseHTTPRequestHandler):
    """Takes each request to its grave the first time, and answers it the second time."""

    protocol_version = "HTTP/1.1"
    arrivals: Counter[str]

    def _take(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = f"{self.command} {self.path}"
        self.arrivals[name] += 1
        if self.arrivals[name] == 1:
            self.close_connection = True  # without a word
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _take

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[str, Counter[str]]]:
    """The address of nginx before two such instances, and what has arrived at them."""
    arrivals: Counter[str] = Counter()
    handler = type("Counted", (Instance,), {"arrivals": arrivals})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    address, path = f"127.0.0.1:{free_port()}", tmp_path / "nginx.conf"
    path.write_text(configuration(tmp_path, address, [one.server_address[1] for one in servers], "max_fails=0"))
    with contextlib.ExitStack() as stack:
        for server in servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        nginx = subprocess.Popen([NGINX, "-c", str(path)])
        stack.callback(nginx.wait)
        stack.callback(nginx.terminate)
        _wait_for(address, nginx)
        yield f"http://{address}", arrivals


def _wait_for(address: str, nginx: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        assert nginx.poll() is None, "nginx did not start"
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        pause.wait(0.05)
    raise AssertionError("nginx does not listen")


def filled(rule: Rule) -> str:
    """An address of a rule."""
    values = dict.fromkeys(rule.arguments, "1")
    built = rule.build({name: 1 if "int" in str(rule._converters[name]) else one for name, one in values.items()})
    assert built is not None
    return built[1]


def test_only_the_steps_of_signing_are_repeated_of_all_that_changes_something(
    app: Flask, proxy: tuple[str, Counter[str]]
) -> None:
    url, arrivals = proxy
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert len(rules) > 70
    repeated = set()
    for endpoint, rule in rules.items():
        path = filled(rule)
        answer = httpx.post(url + path, content=b"twice?")
        assert (answer.status_code, arrivals[f"POST {path}"]) in ((200, 2), (502, 1)), endpoint
        if answer.status_code == 200:
            repeated.add(endpoint)
    assert repeated == REPEATED


def test_whatever_only_reads_is_repeated(proxy: tuple[str, Counter[str]]) -> None:
    url, arrivals = proxy
    assert httpx.get(f"{url}/agreements/").status_code == 200
    assert arrivals == {"GET /agreements/": 2}
