"""What a run came to: counts that add up, and the complaints by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Findings:
    """The counts of ``make torture``'s table."""

    kills: int = 0
    faults: int = 0
    power_cuts: int = 0
    mutants: int = 0
    let_through: int = 0
    """Mutants that were not refused, or not in time."""
    planted: int = 0
    caught: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    forks: int = 0
    complaints: list[str] = field(default_factory=list)
    excuses: list[str] = field(default_factory=list)
    """What servers answered that could not serve just then."""
    longest_recovery: float = 0.0

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, forked, let through or complained about."""
        return not (self.lost or self.doubled or self.forks or self.let_through or self.complaints)

    def add(self, other: Findings) -> None:
        """Take in what another run found."""
        for member in fields(self):
            mine, theirs = getattr(self, member.name), getattr(other, member.name)
            total = max(mine, theirs) if member.name == "longest_recovery" else mine + theirs
            setattr(self, member.name, total)

    def to_value(self) -> dict[str, Any]:
        """For one line of JSON."""
        return asdict(self)

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> Findings:
        """The other half of to_value."""
        return cls(**value)
