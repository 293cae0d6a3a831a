"""The witness behind HTTP: the transcript of good and bad requests, byte by byte, and what clients do wrong."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from signing_service.record.cosignature import add_cosignatures, verify_cosignatures
from signing_service.record.note import Signature, parse_note, parse_signatures
from signing_service.record.witness import MAX_REQUEST, Request, format_request
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness
from tests.cast import NOON, ORIGIN
from tests.record.cast import NANJING_WITNESS
from tests.record.test_witness import TRANSCRIPT
from tests.record.witnessed import OTHER_LEAVES, body, signed


@pytest.fixture
def server(witness: Witness) -> Iterator[tuple[tuple[str, int], list[str]]]:
    said: list[str] = []
    made = make_server(("127.0.0.1", 0), witness, said.append, lambda: NOON)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield ("127.0.0.1", made.server_port), said
    made.shutdown()
    made.server_close()
    thread.join()


def exchange(address: tuple[str, int], data: bytes, *, end: bool = False) -> bytes:
    """Send raw bytes; all that comes back until the server closes."""
    with socket.create_connection(address, timeout=10) as raw:
        raw.sendall(data)
        if end:
            raw.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
        return answer


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, content


def posted(address: tuple[str, int], data: bytes) -> tuple[int, dict[str, str], bytes]:
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    return parsed(exchange(address, head.encode() + data))


def cosigns(content: bytes, checkpoint: bytes) -> bool:
    note = add_cosignatures(checkpoint, parse_signatures(content.decode()))
    return len(verify_cosignatures(note, [NANJING_WITNESS.verifier_key], 1)) == 1


def test_the_transcript_over_http(server):
    address, _ = server
    status, headers, content = posted(address, body(0, 7))
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert content.startswith("\N{EM DASH} ".encode())
    assert content.endswith(b"\n")
    assert cosigns(content, signed(7))
    for name, (request, expected, said) in TRANSCRIPT.items():
        status, headers, content = posted(address, request)
        if len(request) > MAX_REQUEST:  # refused by its length, unread
            assert status == 413, name
            continue
        assert status == expected, name
        assert int(headers["content-length"]) == len(content), name
        if expected == 409:
            assert (headers["content-type"], content) == ("text/x.tlog.size", b"7\n"), name
        else:
            assert content.startswith(said), name
    assert posted(address, body(7, 9))[0] == 200


def beneath(checkpoint: bytes, count: int, size: int = 64) -> bytes:
    """A checkpoint with further signatures by nobody known, of types that nobody knows."""
    unknown = [Signature(f"unknown{number}.example/鍵", bytes(4), bytes(size)) for number in range(count)]
    return parse_note(checkpoint).with_signatures(unknown).format()


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        (format_request(Request(0, (), beneath(signed(9), 90, 2428))), 200),  # post-quantum ones are 2.4 KB
        (format_request(Request(0, (), signed(9) + "".join(f"— u{n} AAAAAAA=\n" for n in range(101)).encode())), 400),
        (body(0, 9).replace(b"\n", b"\r\n"), 400),
        (b"old 0\n" + signed(9), 400),  # no empty line: the checkpoint's first lines stand as a proof
        (b"OLD 0\n\n" + signed(9), 400),
        (b"old  0\n\n" + signed(9), 400),
        (b"old 0 \n\n" + signed(9), 400),
        (b"old 0\n\n\n" + signed(9), 400),
        (b"old 0\n\n" + signed(9)[:-1], 400),
        (b"old 0\n\n" + signed(9) + b"\n", 400),
        (b"old 0\n\n" + signed(9).partition(b"\n\n")[0] + b"\n", 400),  # not signed at all
        (b"old 9223372036854775808\n\n" + signed(9), 400),
        (b"old 0\n" + b"=" * 44 + b"\n\n" + signed(9), 400),
        (b"old 0\n" + b"_" * 43 + b"=\n\n" + signed(9), 400),  # base64url
        (b"old 0\n" + b"A" * 43 + b"\n\n" + signed(9), 400),  # without its padding
        (b"old 0\n" + b"A" * 42 + b"B=\n\n" + signed(9), 400),  # stray bits
        (b"old 0\n" + b" " + b"A" * 43 + b"=\n\n" + signed(9), 400),
        (b"old 0\n" + (b"A" * 43 + b"=\n") * 63 + b"\n" + signed(9), 422),  # as many as may be; from 0 it is empty
        (b"old 0\n\n" + signed(0), 200),
        (b"old 0\n\n" + signed(9, origin="日志 (a + b)"), 404),
    ],
)  # fmt: skip
def test_spellings_of_a_request(server, request_body: bytes, expected: int):
    address, _ = server
    status, _, content = posted(address, request_body)
    assert status == expected, content


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /add-checkpoint HTTP/1.1\r\n\r\n", 405),
        (b"PUT /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nold", 405),
        (b"DELETE /add-checkpoint HTTP/1.1\r\n\r\n", 405),
        (b"POST /add-checkpoint?x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nold", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nold ", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789", 411),
        (b"HEAD / HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_clients_and_proxies_do_wrong_is_answered(server, head: bytes, expected: int):
    address, said = server
    status, headers, _ = parsed(exchange(address, head, end=True))
    assert status == expected
    assert (status != 405) or headers["allow"] == "POST"
    assert not any("Traceback" in line for line in said)


def test_of_many_at_once_one_tree_is_cosigned_and_the_state_never_goes_back(server, witness: Witness):
    address, _ = server
    assert posted(address, body(0, 7))[0] == 200
    requests = [body(7, size) for size in range(8, 40)] + [body(7, 20, OTHER_LEAVES)] * 4
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda request: posted(address, request), requests))
    good = [number for number, answer in enumerate(answers) if answer[0] == 200]
    assert len(good) == 1
    assert witness.store.state(ORIGIN).size == 8 + good[0]
    sizes = {answer[2] for answer in answers if answer[0] == 409}
    assert sizes == {b"%d\n" % (8 + good[0])}
    assert {answer[0] for answer in answers} <= {200, 409, 422}


def test_a_request_that_was_overtaken_is_not_dated_before_the_one_that_came_between(witness: Witness):
    assert witness.add_checkpoint(body(0, 7), NOON + timedelta(seconds=20)).status == 200
    late = witness.add_checkpoint(body(7, 9), NOON)  # it took its time before it came to the state
    note = add_cosignatures(signed(9), parse_signatures(late.body.decode()))
    assert verify_cosignatures(note, [NANJING_WITNESS.verifier_key])[0].time == NOON + timedelta(seconds=20)
    after_a_clock_was_set_back = witness.add_checkpoint(body(9, 9), NOON - timedelta(days=1))
    note = add_cosignatures(signed(9), parse_signatures(after_a_clock_was_set_back.body.decode()))
    assert verify_cosignatures(note, [NANJING_WITNESS.verifier_key])[0].time == NOON - timedelta(days=1)


def test_a_client_that_goes_away_is_a_line_and_no_traceback(server, capsys: pytest.CaptureFixture[str]):
    address, said = server
    with socket.create_connection(address, timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset instead of an end
        raw.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1000\r\n\r\nold")
    assert posted(address, body(0, 7))[0] == 200
    assert "Traceback" not in capsys.readouterr().err
    assert all(re.match(r"[\x20-\x7e]+", line) for line in said)
