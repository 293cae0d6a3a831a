"""Where a tlog-tiles log is read from: a folder or a web address, as a ``fetch(path)`` that gives bytes. ::

    fetch = open_source("https://log.example.org/record")     # or a folder's path
    fetch("checkpoint")

``fetch`` raises NotFoundError where the log does not have the resource, and UnavailableError where it
could not be asked, so that "the log lacks a tile" and "the network is down" are never confused. Of a
resource larger than any can be, one byte more than the limit is given, for whoever decodes it to refuse.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from signing_service.errors import NotFoundError, UnavailableError, UsageError
from signing_service.record.tiles import MAX_ENTRY, TILE_WIDTH, Fetch

MAX_RESOURCE = TILE_WIDTH * (MAX_ENTRY + 2)  # bytes: a full bundle of the largest entries
TIMEOUT = 30.0  # seconds
ATTEMPTS = 3
PAUSE = 0.5  # seconds before the second attempt, doubled for the third
LOOK_AHEAD = 16  # resources that are under way at once from a web address
_HEADERS = {"Accept-Encoding": "gzip, identity"}
_GONE = (404, 410)


def is_address(place: str) -> bool:
    """Whether ``place`` is a web address rather than a folder."""
    return place.startswith(("https://", "http://"))


def open_source(place: str) -> Fetch:
    """``fetch`` for a folder or a web address; raises UsageError if there is no such folder."""
    if is_address(place):
        return url_fetch(place)
    folder = Path(place)
    if not folder.is_dir():
        raise UsageError(
            f"{place} is neither a folder nor a web address", hint="give the folder that holds 'checkpoint'"
        )
    return folder_fetch(folder)


def folder_fetch(folder: Path) -> Fetch:
    """``fetch`` from the files of an exported log."""

    prefix = f"{folder}/"  # joining strings: paths are made some ten thousand times a second

    def fetch(path: str) -> bytes:
        try:
            with open(prefix + path, "rb") as file:
                return file.read(MAX_RESOURCE + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFoundError(f"{path} is not there") from error
        except OSError as error:
            raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error

    return fetch


def url_fetch(prefix: str, token: str | None = None) -> Fetch:
    """``fetch`` over HTTP(S), with gzip, a few attempts, and no redirect to anything but HTTP(S).

    A ``token`` goes along as ``Authorization: Bearer``; then no redirect is followed at all, which could carry it off.
    """
    opener = _make_opener(redirects=token is None)
    headers = _HEADERS if token is None else {**_HEADERS, "Authorization": f"Bearer {token}"}

    def fetch(path: str) -> bytes:
        address = f"{prefix.rstrip('/')}/{path}"
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - the opener knows HTTP(S) only
        for attempt in range(1, ATTEMPTS):
            try:
                return _read(opener, request)
            except UnavailableError:
                time.sleep(PAUSE * attempt)
        return _read(opener, request)

    return fetch


def _make_opener(*, redirects: bool) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ]
    if redirects:
        handlers.append(urllib.request.HTTPRedirectHandler())
    for handler in handlers:
        opener.add_handler(handler)
    return opener


def _read(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> bytes:
    try:
        response = opener.open(request, timeout=TIMEOUT)
        if response is None:
            raise UnavailableError(f"{request.full_url} is no web address")
        with response:
            data: bytes = response.read(MAX_RESOURCE + 1)
            return _inflated(data) if response.headers.get("Content-Encoding") == "gzip" else data
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _GONE:
                raise NotFoundError(f"{request.full_url} is not there") from error
            raise UnavailableError(f"{request.full_url} answers {error.code}") from error
    except urllib.error.URLError as error:
        raise UnavailableError(f"{request.full_url} cannot be read: {_words(error.reason)}") from error
    except (OSError, zlib.error, ValueError) as error:
        raise UnavailableError(f"{request.full_url} cannot be read: {_words(error)}") from error


def _words(reason: object) -> str:
    """What the system says of itself, without its number."""
    return reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data, MAX_RESOURCE + 1)


def fetch_each(fetch: Fetch, paths: Iterable[str], workers: int = 0) -> Iterator[bytes | None]:
    """The resources at ``paths`` in order, None where the log has none; ``workers`` threads look ahead.

    Raises UnavailableError where a resource could not be asked for.
    """

    def attempt(path: str) -> bytes | None:
        try:
            return fetch(path)
        except NotFoundError:
            return None

    if not workers:
        yield from map(attempt, paths)
        return
    with ThreadPoolExecutor(workers) as pool:
        under_way: list[Future[Any]] = []
        try:
            for path in paths:
                under_way.append(pool.submit(attempt, path))
                if len(under_way) > workers:
                    yield under_way.pop(0).result()
            while under_way:
                yield under_way.pop(0).result()
        finally:
            for future in under_way:
                future.cancel()
