"""What a server asks over the network: it listens at one port, goes down, and comes back at the same one.

::

    class Authority(Peer):
        def listen(self) -> Callable[[], None]:
            return served(ThreadingHTTPServer((HOST, self.port), Handler))

    with Authority() as authority:
        authority.let_down()
        authority.bring_back()
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from http.server import HTTPServer
from typing import Self

from bench.crowd import free_port

HOST = "127.0.0.1"


class Peer(ABC):
    """One of them; it listens inside the block."""

    def __init__(self) -> None:
        self.port = free_port()
        self._end: Callable[[], None] | None = None

    @abstractmethod
    def listen(self) -> Callable[[], None]:
        """Begin to listen at ``port``; gives what ends that."""

    def __enter__(self) -> Self:
        self.bring_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_down()

    @property
    def listens(self) -> bool:
        """Whether somebody answers there."""
        return self._end is not None

    def let_down(self) -> None:
        """Nobody listens there any more."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def bring_back(self) -> None:
        """Listen again."""
        if self._end is None:
            self._end = self.listen()


def served(server: HTTPServer) -> Callable[[], None]:
    """Let a server of the standard library answer in a thread; gives what ends it."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return end
