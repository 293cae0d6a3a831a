"""The chains that this service's entries form: within a scope each names its predecessor, none twice.

An auditor who has all entries sees two histories of one agreement here, although each alone would
verify. Entries of other people's logs have no chains and are counted as foreign. ::

    chains = ScopeChains()
    chains.add(0, entries)          # the problems found, in words
    chains.foreign                  # the index of the first entry that is not of this service, or None
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

# docs/formats.md, 7: canonical JSON has one spelling, so that a pattern over the bytes is exact, and fast.
_ENTRY = re.compile(
    rb'\{"commitment":"[0-9a-f]{64}","previous":(null|"[0-9a-f]{64}"),"scope":"(service|[a-z2-7]{26})",'
    rb'"sequence":(0|[1-9][0-9]{0,15}),"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z",'
    rb'"type":"[a-z][a-z0-9-]{0,39}","v":1\}'
)


@dataclass(slots=True)
class ScopeChains:
    """The heads of all scopes' chains, after the entries that were added in the log's order."""

    own: int = 0
    """How many entries are of this service's format."""
    foreign: int | None = None
    """The index of the first entry that is not."""
    _heads: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, start: int, entries: Iterable[bytes]) -> list[str]:
        """Follow the chains through ``entries``, the first of which has index ``start``; what is wrong, in words."""
        problems = []
        heads, match_entry = self._heads, _ENTRY.fullmatch
        for index, entry in enumerate(entries, start):
            match = match_entry(entry)
            if match is None:
                self.foreign = index if self.foreign is None else self.foreign
                continue
            self.own += 1
            previous, scope, sequence = match.groups()
            number = int(sequence)
            expected, digest = heads.get(scope, (0, b"null"))
            if number == expected and previous == digest:
                heads[scope] = (number + 1, b'"%s"' % sha256(entry).hexdigest().encode())
                continue
            problems.append(_problem(index, scope.decode(), number, expected))
            if number >= expected:
                heads[scope] = (number + 1, b'"%s"' % sha256(entry).hexdigest().encode())
        return problems


def _problem(index: int, scope: str, number: int, expected: int) -> str:
    if number < expected:
        return f"entry {index}: sequence {number} of {scope} appears twice: two histories of one scope"
    if number > expected:
        return f"entry {index}: sequence {number} of {scope} follows a gap after {expected - 1}"
    return f"entry {index}: sequence {number} of {scope} does not name its predecessor"
