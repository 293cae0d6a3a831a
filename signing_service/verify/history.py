"""The agreement's events, found by what they are about instead of by looking through all of them again and again.

history = History(events)
history.issuance(7), history.newest_mandate("njupt:president", before=7)
history.before(7)                  # everything before a sequence number, in order
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from signing_service.agreement.mandates import Mandate

Event = Mapping[str, Any]


class History:
    """An index of one agreement's events, which are in the order of their sequence."""

    def __init__(self, events: Sequence[Event]) -> None:
        """Mandates are parsed here, once each; raises FormatError on a broken one."""
        self.events = events
        self._sequences = [event["sequence"] for event in events]
        self._issuances: dict[int, Event] = {}
        self._issued: dict[str, int] = {}
        self._mandates: dict[str, list[tuple[int, Mandate, str]]] = defaultdict(list)
        for event in events:
            if event["type"] == "issuance":
                self._issuances.setdefault(event["sequence"], event)
                self._issued.setdefault(str(event.get("certificate_sha256")), event["sequence"])
            elif event["type"] == "mandate":
                mandate = Mandate.from_value(event.get("mandate"))
                self._mandates[mandate.signer].append((event["sequence"], mandate, mandate.digest()))

    def before(self, sequence: int) -> Sequence[Event]:
        """The events with a smaller sequence number."""
        return self.events[: bisect_left(self._sequences, sequence)]

    def issuance(self, sequence: object) -> Event | None:
        """The issuance with this sequence number."""
        return self._issuances.get(sequence) if isinstance(sequence, int) else None

    def issued(self, certificate_sha256: str) -> int | None:
        """The sequence number of the first issuance of a certificate."""
        return self._issued.get(certificate_sha256)

    def newest_mandate(self, signer: str, before: int) -> tuple[Mandate, str] | None:
        """The newest mandate of a signer, and its digest, among the events before a sequence number."""
        found = [(mandate, digest) for sequence, mandate, digest in self._mandates.get(signer, ()) if sequence < before]
        return found[-1] if found else None
