"""Tests of the witness's key file and of its HTTP server."""

from __future__ import annotations

import http.client
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing_service.errors import FormatError, KeyStoreError
from signing_service.record.note import ED25519, format_secret_key
from signing_service.record.witness_key import make_key_file, read_key_file
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness
from tests.cast import NOON
from tests.record.cast import LOG, NANJING_WITNESS
from tests.record.witnessed import OTHER_LEAVES, body


def test_a_key_file_reads_back_the_same_and_is_the_owners_alone(tmp_path: Path):
    path = tmp_path / "witness.key"
    made = make_key_file(path, "witness.njupt.example")
    assert read_key_file(path).verifier_key == made.verifier_key
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_key_file_is_never_overwritten(tmp_path: Path):
    path = tmp_path / "witness.key"
    make_key_file(path, "witness.njupt.example")
    with pytest.raises(KeyStoreError, match="is there already"):
        make_key_file(path, "witness.njupt.example")
    with pytest.raises(KeyStoreError, match="cannot be made"):
        make_key_file(tmp_path / "no" / "witness.key", "witness.njupt.example")
    with pytest.raises(FormatError, match="cannot be a key's name"):
        make_key_file(tmp_path / "other.key", "two words")


def test_a_key_file_that_is_missing_open_to_others_or_a_logs_is_refused(tmp_path: Path):
    path = tmp_path / "witness.key"
    with pytest.raises(KeyStoreError, match="cannot be read"):
        read_key_file(path)
    make_key_file(path, "witness.njupt.example")
    path.chmod(0o640)
    with pytest.raises(KeyStoreError, match="readable by others"):
        read_key_file(path)
    path.chmod(0o600)
    path.write_text(format_secret_key(LOG.name, ED25519, LOG.private_key))
    with pytest.raises(KeyStoreError, match="a log's key"):
        read_key_file(path)
    path.write_bytes(b"\xff")
    with pytest.raises(KeyStoreError, match="cannot be read"):
        read_key_file(path)


@pytest.fixture
def served(witness: Witness) -> Iterator[tuple[http.client.HTTPConnection, list[str]]]:
    said: list[str] = []
    server = make_server(("127.0.0.1", 0), witness, said.append, lambda: NOON)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    yield connection, said
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()


def asked(connection: http.client.HTTPConnection, method: str, path: str, data: bytes | None = None):
    connection.request(method, path, data)
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type"), response.read()


def test_the_server_answers_as_the_specification_says_on_one_connection(served):
    connection, said = served
    status, kind, answer = asked(connection, "POST", "/add-checkpoint", body(0, 7))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert answer.startswith("\N{EM DASH} witness.njupt.example ".encode())
    assert asked(connection, "POST", "/add-checkpoint", body(0, 9)) == (409, "text/x.tlog.size", b"7\n")
    assert asked(connection, "POST", "/add-checkpoint", body(7, 7, OTHER_LEAVES))[0] == 409
    assert any(line.startswith("ALARM: the log signed two roots for size 7") for line in said)
    assert asked(connection, "POST", "/add-checkpoint", body(7, 9))[0] == 200


def test_the_server_says_who_it_is_and_what_it_saw(served):
    connection, _ = served
    asked(connection, "POST", "/add-checkpoint", body(0, 7))
    status, _, page = asked(connection, "GET", "/")
    assert status == 200
    assert f"key {NANJING_WITNESS.verifier_key}" in page.decode()
    assert "log sign.example.org at size 7" in page.decode()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /nothing HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"404"),
        (b"POST /add-checkpoint HTTP/1.1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold", b"400"),
        (b"PUT /add-checkpoint HTTP/1.1\r\n\r\n", b"405"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
    ],
)
def test_the_server_refuses_what_is_no_request(served, request_head: bytes, status: bytes):
    connection, _ = served
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(request_head)
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(4096).split(b" ")[1] == status


def test_the_server_answers_503_when_the_state_cannot_be_kept(served, tmp_path: Path):
    connection, _ = served
    with sqlite3.connect(tmp_path / "witness.db", isolation_level=None) as other:
        other.execute("DROP TABLE logs")
    assert asked(connection, "POST", "/add-checkpoint", body(0, 7))[0] == 503
