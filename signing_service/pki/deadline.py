"""A limit on the whole of an HTTP answer: a peer that sends a byte now and then keeps every single wait short. ::

    with Deadline(20.0) as deadline:
        with client.stream("POST", url, extensions={"trace": deadline.trace}) as answer:
            ...
    deadline.is_over        # whether the connection was cut, so that it failed with httpx.HTTPError

Only a connection that is opened within it is cut: the client must keep none from before (``NO_REUSE``).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any, Self

import httpx

NO_REUSE = httpx.Limits(max_keepalive_connections=0)
_OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete", "proxy_stream.start_tls.complete")


class Deadline:
    """Cuts the connections that were opened within it after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def __enter__(self) -> Self:
        """Let the time run."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut nothing any more."""
        self._timer.cancel()

    def trace(self, event: str, values: dict[str, Any]) -> None:
        """Learn of a connection, as an extension of a request (httpcore's ``trace``)."""
        if event in _OPENED:
            with self._lock:
                self._sockets.append(values["return_value"].get_extra_info("socket"))
                if self.is_over:
                    _shut(self._sockets[-1])

    def _cut(self) -> None:
        with self._lock:
            for one in self._sockets:
                _shut(one)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)  # beneath TLS, whose own shutdown would surprise the reader
