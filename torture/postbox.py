"""A mail server that goes down, comes back, and may die between taking a mail and saying so.

::

    with Postbox() as postbox:  # SMTP_URL=postbox.url
        postbox.let_down()
        postbox.bring_back()
    postbox.copies()  # of each Message-ID
"""

from __future__ import annotations

import asyncio
import email
import threading
from collections import Counter
from collections.abc import Callable

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from torture.peer import HOST, Peer


class Postbox(Peer):
    """What was taken, and how often the answer to that was swallowed."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[bytes] = []
        self.swallow = 0
        """So many next mails are taken, and the connection cut instead of saying so."""
        self.swallowed: Counter[str] = Counter()
        """By Message-ID."""
        self.holding = False
        self.held, self.let_go = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        """For SMTP_URL."""
        return f"smtp://{HOST}:{self.port}?security=none"

    def listen(self) -> Callable[[], None]:
        controller = Controller(self, hostname=HOST, port=self.port)
        controller.start()
        return controller.stop

    def let_down(self) -> None:
        """As every peer; who is held is let go first."""
        self.let_go.set()
        super().let_down()

    def copies(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(map(message_id, list(self.taken)))

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take the mail; with ``holding`` its answer comes only once it is let go."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(content)
        if self.holding:
            self.held.set()
            await asyncio.to_thread(self.let_go.wait)
        if self.swallow > 0:
            self.swallow -= 1
            self.swallowed[message_id(content)] += 1
            server.transport.abort()
        return "250 taken"


def message_id(content: bytes) -> str:
    """The random part of a mail's Message-ID, by which the outbox knows it."""
    return str(email.message_from_bytes(content)["Message-ID"]).lstrip("<").partition("@")[0]
