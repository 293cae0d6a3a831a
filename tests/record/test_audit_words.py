"""What `record audit` says where its words lead to no log, or to no trust file."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.record.test_audit_command import KEY, run


@pytest.fixture
def http_log(tmp_path: Path) -> Iterator[str]:
    """The address of a folder without a checkpoint."""
    (tmp_path / "record").mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_place_without_a_checkpoint_is_told_where_logs_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], http_log: str
):
    for path, hint in {
        "": f"a signing service has its log at {http_log}/record",
        "/tile/checkpoint": f"without its checkpoint: {http_log}/tile\n",
        "/record": "checkpoint is missing",
    }.items():
        code, text = run(capsys, http_log + path, "--key", KEY)
        assert code == 1
        assert hint in text
    assert "hint" not in text
    assert "hint: give the folder that holds the file 'checkpoint'" in run(capsys, str(tmp_path), "--key", KEY)[1]


@pytest.mark.parametrize("content", [b"{}\n", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_trust_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes):
    (tmp_path / "other.json").write_bytes(content)
    code, text = run(capsys, str(tmp_path), "--trust", f"{tmp_path}/other.json")
    assert code == 2
    assert text.startswith(f"error: {tmp_path}/other.json: ")
    assert "hint: give trust.json" in text
