"""Attacks as data: a name, how to make it, what must refuse it, and why.

@attack("saving", refused_by="pades", reason="page 1/Contents was changed")
def content_replaced(): ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Build = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack; ``build`` gives the attacked document, ``control`` the document that it was made from."""

    kind: str
    name: str
    profile: str
    reason: str
    """A regular expression that one of the report's messages matches."""
    build: Build
    control: str
    """A key of tests.attacks.documents.CONTROLS."""

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}-{self.profile}"


ATTACKS: list[Attack] = []


def attack(
    kind: str,
    *,
    on: str,
    pades: str = "",
    agreement: str = "",
) -> Callable[[Build], Build]:
    """Register an attack on the control document ``on``, with the reason that each profile must give."""

    def register(build: Build) -> Build:
        name = build.__name__.replace("_", " ")
        for profile, reason in (("pades", pades), ("agreement", agreement)):
            if reason:
                ATTACKS.append(Attack(kind, name, profile, reason, build, on))
        return build

    return register
