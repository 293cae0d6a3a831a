"""A disk that forgets: what was written but not synced may be there after a power cut, in part, or not at all.

Promised is only what POSIX promises: a file's bytes once its ``fsync`` came back, a folder's names once the folder's
did. Of everything else a cut keeps what chance decides, sector by sector and in any order; of a folder's changes it
keeps the first ones, as a journaling file system does.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from torture.trace import Event

SECTOR = 512  # bytes that are written whole or not at all

Fate = Literal["nothing", "everything", "some sectors", "the first"]
FATES: tuple[Fate, ...] = ("nothing", "everything", "some sectors", "the first")


@dataclass(eq=False)
class _Change:
    """A write, or with ``data`` None a new length."""

    moment: int
    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def sectors(self) -> list[_Change]:
        """The pieces that a disk writes one by one."""
        if self.data is None:
            return [self]
        pieces, at = [], self.offset
        while at < self.offset + len(self.data):
            end = min((at // SECTOR + 1) * SECTOR, self.offset + len(self.data))
            pieces.append(_Change(self.moment, at, self.data[at - self.offset : end - self.offset]))
            at = end
        return pieces


@dataclass(eq=False)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Change] = field(default_factory=list)

    def sync(self, moment: int) -> None:
        """All that was written before ``moment`` is kept for good."""
        for change in self.pending:
            if change.moment <= moment:
                change.apply(self.durable)
        self.pending = [change for change in self.pending if change.moment > moment]

    def after_a_cut(self, fate: Fate, chance: random.Random) -> bytes:
        content = bytearray(self.durable)
        for change in _kept(self.pending, fate, chance):
            change.apply(content)
        return bytes(content)


def _kept(pending: list[_Change], fate: Fate, chance: random.Random) -> list[_Change]:
    if fate == "nothing":
        return []
    if fate == "everything":
        return pending
    pieces = [piece for change in pending for piece in change.sectors()]
    if fate == "the first":
        return pieces[: chance.randint(0, len(pieces))]
    share = chance.random()
    return [piece for piece in pieces if chance.random() < share]


@dataclass(eq=False)
class _Naming:
    """A change of a folder, whole or not at all: ``name`` now means ``file``, or nothing; ``gone`` is no name more."""

    moment: int
    name: str
    file: _File | None
    gone: str = ""


class Disk:
    """Files by path, as they are and as they would be after a power cut."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """``files`` are there for good."""
        self._names = {path: _File(bytearray(data)) for path, data in files.items()}
        self._durable_names: dict[str, _File] = dict(self._names)
        self._namings: list[_Naming] = []
        self._syncs: dict[tuple[int, str], int] = {}
        self._now = 0

    def apply(self, event: Event) -> None:
        """Take in the next event of a trace."""
        self._now += 1
        match event.kind:
            case "create":
                if event.path not in self._names:
                    self._name(event.path, _File())
            case "write":
                self._change(event.path, _Change(self._now, event.offset, event.data))
            case "truncate":
                self._change(event.path, _Change(self._now, event.offset, None))
            case "rename":
                file = self._names.get(event.path)
                if file is not None:
                    self._name(event.target, file, gone=event.path)
            case "unlink":
                if event.path in self._names:
                    self._name(event.path, None)
            case "begin sync":
                self._syncs[event.thread, event.path] = self._now
            case "sync":
                self._sync(event.path, self._syncs.pop((event.thread, event.path)))

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """One of the disk's possible contents if the power fails now."""
        names, fate = dict(self._durable_names), chance.choice(FATES)
        kept = {"nothing": 0, "everything": len(self._namings)}.get(fate, chance.randint(0, len(self._namings)))
        for naming in self._namings[:kept]:
            _rename(names, naming)
        return {path: file.after_a_cut(chance.choice((fate, *FATES)), chance) for path, file in names.items()}

    def _change(self, path: str, change: _Change) -> None:
        if path in self._names:
            self._names[path].pending.append(change)

    def _name(self, path: str, file: _File | None, gone: str = "") -> None:
        naming = _Naming(self._now, path, file, gone)
        _rename(self._names, naming)
        self._namings.append(naming)

    def _sync(self, path: str, moment: int) -> None:
        if path in self._names:
            self._names[path].sync(moment)
            return
        done = [one for one in self._namings if one.moment <= moment and str(PurePosixPath(one.name).parent) == path]
        for naming in done:
            _rename(self._durable_names, naming)
            self._namings.remove(naming)


def _rename(names: dict[str, _File], naming: _Naming) -> None:
    names.pop(naming.gone, None)
    if naming.file is None:
        names.pop(naming.name, None)
    else:
        names[naming.name] = naming.file
