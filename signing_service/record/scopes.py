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
    rb'\{"commitment":"[0-9a-f]{64}(","previous":(?:null|"[0-9a-f]{64}"),"scope":"(service|[a-z2-7]{26})",'
    rb'"sequence":(0|[1-9][0-9]{0,15}),)("time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z",'
    rb'"type":"[a-z][a-z0-9-]{0,39}","v":1\})'
)
# In an agreement's entry that names a predecessor, all before the sequence has one length.
_START = b'{"commitment":"'
_COMMITMENT = slice(15, 79)
_MIDDLE = 79
_SCOPE = slice(168, 194)
_FIRST = b'","previous":null,"scope":"%s","sequence":0,'
_NEXT = b'","previous":"%s","scope":"%s","sequence":%d,'
_NOWHERE = (0, b"\n")  # what no canonical JSON holds
_HEX = b"0123456789abcdef"
_MAX_TAILS = 100_000  # endings (time and type) that are remembered, some 60 bytes each


def is_own_entry(entry: bytes) -> bool:
    """Whether these bytes are an entry of this service's format; says nothing about where it may stand."""
    return _ENTRY.fullmatch(entry) is not None


@dataclass(slots=True)
class ScopeChains:
    """The heads of all scopes' chains, after the entries that were added in the log's order."""

    own: int = 0
    """How many entries are of this service's format."""
    foreign: int | None = None
    """The index of the first entry that is not."""
    _heads: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    """For each scope the next sequence, and how the next entry spells it and its predecessor's digest."""
    _tails: set[bytes] = field(default_factory=set)

    def add(self, start: int, entries: Iterable[bytes]) -> list[str]:
        """Follow the chains through ``entries``, the first of which has index ``start``; what is wrong, in words."""
        problems = []
        heads, tails = self._heads, self._tails
        for index, entry in enumerate(entries, start):
            # Nearly every entry is what its scope's head foretells, byte for byte, with an ending seen before.
            scope = entry[_SCOPE]
            number, middle = heads.get(scope, _NOWHERE)
            if (
                entry.startswith(middle, _MIDDLE)
                and entry[_MIDDLE + len(middle) :] in tails
                and entry.startswith(_START)
                and not entry[_COMMITMENT].strip(_HEX)
            ):
                self.own += 1
                number += 1
                heads[scope] = (number, _NEXT % (sha256(entry).hexdigest().encode(), scope, number))
            elif problem := self._add_slowly(index, entry):
                problems.append(problem)
        return problems

    def _add_slowly(self, index: int, entry: bytes) -> str | None:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            self.foreign = index if self.foreign is None else self.foreign
            return None
        self.own += 1
        middle, scope, sequence, tail = match.groups()
        if len(self._tails) < _MAX_TAILS:
            self._tails.add(tail)
        number = int(sequence)
        expected, foretold = self._heads.get(scope) or (0, _FIRST % scope)
        if number >= expected:
            digest = sha256(entry).hexdigest().encode()
            self._heads[scope] = (number + 1, _NEXT % (digest, scope, number + 1))
        return None if middle == foretold else _problem(index, scope.decode(), number, expected)


def _problem(index: int, scope: str, number: int, expected: int) -> str:
    if number < expected:
        return f"entry {index}: sequence {number} of {scope} appears twice: two histories of one scope"
    if number > expected:
        return f"entry {index}: sequence {number} of {scope} follows a gap after {expected - 1}"
    return f"entry {index}: sequence {number} of {scope} does not name its predecessor"
