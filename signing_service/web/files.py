"""Files that views hand out: with an ETag of their content, in ranges, and as pictures of their pages."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO

from flask import Response, request, send_file

from signing_service.encoding import sha256_hex
from signing_service.pdf.pictures import count_pages, picture_of_page

PAGE_WIDTH = 1240  # pixels: an A4 page at 150 dots an inch
LARGE_PAGE_WIDTH = 2400  # pixels: at 290; small print stays sharp where it is enlarged on a phone
KEPT_PICTURES = 256  # pages, some 60 KB each
KEPT_PREVIEWS = 8  # drafts that officers are looking at, some 400 KB each


def send(data: bytes, mimetype: str, name: str | None = None, *, cache: str = "private, no-cache") -> Response:
    """Answer with ``data``; conditional requests and ranges work. With a ``name`` it is saved, not shown."""
    response = send_file(
        BytesIO(data),
        mimetype=mimetype,
        as_attachment=name is not None,
        download_name=name,
        conditional=True,
        etag=sha256_hex(data),
    )
    response.headers["Cache-Control"] = cache
    return response


def send_inline_pdf(data: bytes, name: str) -> Response:
    """Answer with a PDF that browsers show, called ``name`` when it is saved."""
    response = send(data, "application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def send_end_of_pdf(data: bytes, start: int, length: int, sha256: str) -> Response:
    """Answer 206 with the bytes from ``start`` to the end of a PDF of ``length`` bytes (RFC 9110 section 15.3.7)."""
    response = Response(data, 206, mimetype="application/pdf")
    response.headers["Content-Range"] = f"bytes {start}-{length - 1}/{length}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(sha256)
    return response


def start_of_range() -> int | None:
    """Where the request's range begins if it asks for everything from there on; None for any other request."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or "If-Range" in request.headers:
        return None
    start, stop = asked.ranges[0]
    return start if stop is None and start >= 0 else None


class PageImages:
    """Pictures of the most recently looked at pages; thread-safe. What is missing is drawn again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._previews: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, pdf: bytes) -> int:
        """How many pages the PDF has."""
        digest = sha256_hex(pdf)
        with self._lock:
            known = self._counts.get(digest)
        if known is None:
            known = count_pages(pdf)
            with self._lock:
                self._counts[digest] = known
        return known

    def keep_preview(self, pdf: bytes) -> str:
        """Keep a draft's PDF for the pictures that are about to be asked for; return its digest."""
        digest = sha256_hex(pdf)
        with self._lock:
            self._previews[digest] = pdf
            self._previews.move_to_end(digest)
            while len(self._previews) > KEPT_PREVIEWS:
                self._previews.popitem(last=False)
        return digest

    def preview(self, digest: str, render: Callable[[], bytes]) -> bytes:
        """The draft's PDF with that digest, or a fresh one where it is no longer kept."""
        with self._lock:
            found = self._previews.get(digest)
        return render() if found is None else found

    def page(self, pdf: bytes, number: int, width: int = PAGE_WIDTH) -> bytes:
        """Page ``number`` (from 1) as PNG, so many pixels wide; raises NotFoundError."""
        key = (sha256_hex(pdf), number, width)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = picture_of_page(pdf, number - 1, width=width)
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_PICTURES:
                self._kept.popitem(last=False)
        return found
