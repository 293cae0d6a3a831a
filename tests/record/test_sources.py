"""Tests of reading a log from a folder and from the web."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing_service.errors import NotFoundError, UnavailableError, UsageError
from signing_service.record import sources
from signing_service.record.audit import audit
from signing_service.record.export import write_files
from signing_service.record.sources import fetch_each, folder_fetch, open_source, url_fetch
from tests.record.logs import (
    KEYS,
    Files,
    fetch_from,
    found,
    log,
)

TILE = "tile/0/002"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert write_files(tmp_path / "log", log().items()) == len(log())
    return tmp_path / "log"


def test_an_exported_folder_audits_clean(folder: Path):
    assert audit(open_source(str(folder)), KEYS).verdict == "PASSED"
    assert not list(folder.rglob(".*")), "no temporary file is left"


def test_a_folder_without_a_file_or_that_is_none_is_told_apart(folder: Path):
    fetch = folder_fetch(folder)
    for path in ("tile/9/000", "tile", "checkpoint/x"):
        with pytest.raises(NotFoundError):
            fetch(path)
    with pytest.raises(UnavailableError):
        fetch("x" * 5000)
    with pytest.raises(UsageError, match="neither a folder nor a web address"):
        open_source(str(folder / "nothing"))


class _LogServer(http.server.BaseHTTPRequestHandler):
    files: Files
    failing: set[str]

    def do_GET(self) -> None:
        path = self.path.removeprefix("/record/")
        if path in self.failing:
            self.failing.discard(path)
            self.send_error(503)
        elif path not in self.files:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(self.files[path]))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def web_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[_LogServer]]]:
    class Handler(_LogServer):
        pass

    Handler.files, Handler.failing = log(), set()
    monkeypatch.setattr(sources, "PAUSE", 0.0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/record/", Handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_log_on_the_web_audits_clean_even_if_it_stumbles_once(web_log):
    address, handler = web_log
    handler.failing = {"tile/0/002"}
    assert audit(open_source(address), KEYS, workers=4).verdict == "PASSED"


def test_a_log_on_the_web_that_lacks_a_tile_fails(web_log):
    address, handler = web_log
    handler.files = {path: data for path, data in log().items() if path != TILE}
    assert found(audit(url_fetch(address), KEYS, workers=4)) == [(TILE, "is missing")]


def test_a_log_that_does_not_answer_is_unavailable_and_not_failed(web_log, monkeypatch: pytest.MonkeyPatch):
    address, handler = web_log
    monkeypatch.setattr(sources, "ATTEMPTS", 1)
    handler.failing = {"checkpoint"}
    with pytest.raises(UnavailableError, match="answers 503"):
        audit(url_fetch(address), KEYS)
    handler.failing = {TILE}
    with pytest.raises(UnavailableError, match="answers 503"):
        audit(url_fetch(address), KEYS, workers=4)
    with pytest.raises(UnavailableError, match=r"checkpoint cannot be read: Connection refused$"):
        url_fetch("http://127.0.0.1:1")("checkpoint")
    with pytest.raises(UnavailableError):
        url_fetch("file:///etc")("passwd")


def test_a_token_goes_to_the_address_itself_and_to_no_other(web_log, monkeypatch: pytest.MonkeyPatch):
    address, handler = web_log
    given: list[tuple[str, str | None]] = []

    def do_GET(self: _LogServer) -> None:
        given.append((self.path, self.headers["Authorization"]))
        self.send_response(302)
        self.send_header("Location", f"{address}elsewhere")
        self.end_headers()

    monkeypatch.setattr(sources, "ATTEMPTS", 1)
    monkeypatch.setattr(handler, "do_GET", do_GET)
    with pytest.raises(UnavailableError, match="answers 302"):
        url_fetch(address, "secret")("feed")
    assert given == [("/record/feed", "Bearer secret")]


def test_looking_ahead_keeps_the_order():
    files = {str(number): str(number).encode() for number in range(50)}
    fetched = fetch_each(fetch_from(files), [str(number) for number in range(51)], workers=7)
    assert list(fetched) == [*files.values(), None]
