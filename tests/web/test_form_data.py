"""Forms with files arrive as they were sent, wherever a read of the connection happens to end."""

from __future__ import annotations

import errno
import gc
import io
import tempfile
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from signing_service.errors import InputError
from signing_service.web.form_data import FormReader, FormRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
START = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "


class Dripping(io.BytesIO):
    """A connection that brings at most `size` bytes at a time."""

    def __init__(self, body: bytes, size: int) -> None:
        super().__init__(body)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def body_of(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    """What a browser sends for (name, file name, content) in this order."""
    body = b""
    for name, file_name, content in parts:
        kind = f'; filename="{file_name}"\r\nContent-Type: application/octet-stream' if file_name is not None else ""
        body += f'{START}name="{name}"{kind}\r\n\r\n'.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, size: int = 1 << 16, **limits: int) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    reader = FormReader(max_form_memory_size=limits.get("memory"), max_form_parts=limits.get("parts"))
    _stream, fields, files = reader.parse(
        Dripping(body, size), "multipart/form-data", len(body), {"boundary": BOUNDARY}
    )
    return fields, files


def environment(body: bytes) -> WSGIEnvironment:
    """What a WSGI server hands over with a form (PEP 3333)."""
    return EnvironBuilder(
        method="POST",
        input_stream=io.BytesIO(body),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers=[("Content-Length", str(len(body)))],
    ).get_environ()


NEAR_A_DELIMITER = st.lists(
    st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"--", b"-", f"\r\n--{BOUNDARY}"[:-1].encode(), b"x", b"%PDF-1.7"]),
    max_size=6,
).map(b"".join)
PARTS = st.lists(
    st.tuples(st.sampled_from(["reference", "csrf_token", "parties-0-name"]), st.just(None), NEAR_A_DELIMITER)
    | st.tuples(st.just("document"), st.sampled_from(["", "协议.pdf", "a b.pdf"]), NEAR_A_DELIMITER),
    min_size=1,
    max_size=6,
)


@given(parts=PARTS, size=st.integers(1, 400))
def test_a_form_arrives_as_it_was_sent_wherever_a_read_ends(
    parts: list[tuple[str, str | None, bytes]], size: int
) -> None:
    fields, files = read(body_of(parts), size)
    sent = MultiDict((name, content.decode()) for name, file_name, content in parts if file_name is None)
    assert fields == sent
    brought = [(file.filename, file.read()) for file in files.getlist("document")]
    assert brought == [(file_name, content) for _name, file_name, content in parts if file_name is not None]


@pytest.mark.parametrize("last", [("reference", None, b""), ("document", "agreement.pdf", b"%PDF-1.7 ... %%EOF")])
def test_no_byte_is_added_where_a_read_of_64_kb_ends_within_the_last_delimiter(last: tuple[str, str | None, bytes]):
    for length in range(65_536 - 500, 65_536):
        request = FormRequest(environment(body_of([("texts-en", None, b"x" * length), last])))
        name, _file_name, content = last
        arrived = request.files[name].read() if name in request.files else request.form[name].encode()
        assert arrived == content, length


def test_the_application_reads_its_forms_so(app: Flask):
    assert app.request_class is FormRequest


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        body_of([("reference", None, b"A")])[:-4],
        body_of([("document", "a.pdf", b"%PDF" * 40000)])[:-60],
        f"{START}\r\n\r\nA\r\n".encode(),
        f"--{BOUNDARY}\r\nno header\r\n\r\nA\r\n--{BOUNDARY}--\r\n".encode(),
        f'{START}name="\xff"\r\n\r\nA\r\n--{BOUNDARY}--\r\n'.encode("latin-1"),
    ],
)
def test_what_is_no_whole_form_is_refused(body: bytes):
    with pytest.raises(InputError):
        read(body)


def test_a_form_without_a_boundary_is_refused():
    with pytest.raises(InputError):
        FormReader().parse(io.BytesIO(b""), "multipart/form-data", 0, {})


def test_a_field_too_long_or_parts_too_many_are_refused():
    long = body_of([("reference", None, b"x" * 1001)])
    two = body_of([("reference", None, b"A"), ("document", "a.pdf", b"x" * 5000)])
    assert read(long, memory=1001, parts=1)[0]["reference"] == "x" * 1001
    assert read(two, memory=1, parts=2)[1]["document"].read() == b"x" * 5000
    with pytest.raises(RequestEntityTooLarge):
        read(long, memory=1000)
    with pytest.raises(RequestEntityTooLarge):
        read(two, parts=1)


@pytest.mark.parametrize("end", [None, -4])
def test_a_form_takes_none_of_the_files_that_a_process_may_have_open(monkeypatch: pytest.MonkeyPatch, end: int | None):
    def refuse() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    body = body_of([("reference", None, b"x" * 70_000), ("document", "a.pdf", b"x" * 2_000_000)])[:end]
    with pytest.raises(InputError) if end else nullcontext():
        assert read(body)[1]["document"].read() == b"x" * 2_000_000


def test_what_a_refused_form_brought_is_let_go_at_once():
    def open_buffers() -> int:
        return sum(isinstance(one, io.BytesIO) for one in gc.get_objects())

    body = body_of([("document", "a.pdf", b"x")] * 50)
    gc.collect()
    gc.disable()
    try:
        before = open_buffers()
        for refused, limits in ((body[:-4], {}), (body, {"parts": 49})):
            with pytest.raises((InputError, RequestEntityTooLarge)):
                read(refused, **limits)
        assert open_buffers() == before
    finally:
        gc.enable()


def test_a_text_in_another_character_set_is_shown_as_damaged_and_costs_nothing_else():
    fields, _files = read(body_of([("reference", None, b"\xff"), ("name", None, "协议".encode())]))
    assert fields == MultiDict([("reference", "\N{REPLACEMENT CHARACTER}"), ("name", "协议")])
