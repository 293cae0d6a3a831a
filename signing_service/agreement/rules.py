"""The rules of an agreement: how many must sign, when, in which order, and when it enters into force.

They are part of the sealed terms (docs/formats.md 1, ``rules``), so nobody can change them afterwards::

    Rules(signatures=SignatureRule("all"), entry_into_force=EntryIntoForce("on-countersignature"))
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from signing_service.encoding import format_time
from signing_service.errors import FormatError

if TYPE_CHECKING:
    from signing_service.agreement.members import Members

MAX_COUNT = 400  # parties, as terms.MAX_PARTIES
MAX_DAYS = 3660
PAPER = ("shown", "counts")  # "refused" has no member: one meaning, one encoding
EXTENSION = "allowed"  # "refused" has no member either
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """Whose signatures make the agreement complete; guests never count."""

    kind: str
    """``all`` · ``at-least`` (so many parties) · ``named`` (these parties)."""
    count: int = 0
    """For ``at-least``: the number of parties all of whose signers have signed."""
    parties: tuple[str, ...] = ()
    """For ``named``: the ids of the parties that must sign."""

    @classmethod
    def from_members(cls, table: Members) -> SignatureRule:
        """Read ``rules.signatures``."""
        kind = table.choice("kind", "all", "at-least", "named")
        count = table.integer("count", 1, MAX_COUNT) if kind == "at-least" else 0
        parties = table.list("parties", 1, MAX_COUNT) if kind == "named" else []
        table.finish()
        if any(not isinstance(party, str) for party in parties) or len(set(parties)) != len(parties):
            raise table.refuse("parties is not a list of different ids")
        return cls(kind, count, tuple(parties))

    def to_members(self) -> dict[str, Any]:
        """``rules.signatures``."""
        if self.kind == "at-least":
            return {"kind": self.kind, "count": self.count}
        return {"kind": self.kind, "parties": list(self.parties)} if self.kind == "named" else {"kind": self.kind}


@dataclass(frozen=True, slots=True)
class EntryIntoForce:
    """When the agreement enters into force, reckoned from its countersignature."""

    kind: str
    """``on-countersignature`` · ``days-after`` (it) · ``on-date`` (but never before it)."""
    days: int = 0
    date: date | None = None

    @classmethod
    def from_members(cls, table: Members) -> EntryIntoForce:
        """Read ``rules.entry_into_force``."""
        kind = table.choice("kind", "on-countersignature", "days-after", "on-date")
        days = table.integer("days", 1, MAX_DAYS) if kind == "days-after" else 0
        day = _parse_date(table) if kind == "on-date" else None
        table.finish()
        return cls(kind, days, day)

    def to_members(self) -> dict[str, Any]:
        """``rules.entry_into_force``."""
        if self.kind == "days-after":
            return {"kind": self.kind, "days": self.days}
        return {"kind": self.kind, "date": self.date.isoformat()} if self.date else {"kind": self.kind}

    def after(self, countersigned: datetime) -> datetime:
        """The moment of entry into force, UTC; a date begins at 00:00 UTC."""
        if self.date is None:
            return countersigned + timedelta(days=self.days)
        return max(countersigned, datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one agreement."""

    signatures: SignatureRule
    entry_into_force: EntryIntoForce
    opens: datetime | None = None
    """Signing is possible from this moment; None: from publication."""
    closes: datetime | None = None
    """Signing is possible before this moment; None: without end."""
    order: str = "free"
    """``free`` · ``in-turns`` (the order of the parties in the terms)."""
    minimum_assurance: str = "service"
    """The weakest approval that a signature may rest on: ``service`` · ``passkey``."""
    paper: str = "refused"
    """What a signature on paper is good for: ``refused`` · ``shown`` (counts for nothing) · ``counts`` (as given)."""
    extension: str = "refused"
    """Whether officers may move ``closes`` to a later moment while signing is still open: ``refused`` · ``allowed``."""

    @classmethod
    def from_members(cls, table: Members) -> Rules:
        """Read ``rules``."""
        rules = cls(
            signatures=SignatureRule.from_members(table.members("signatures")),
            entry_into_force=EntryIntoForce.from_members(table.members("entry_into_force")),
            opens=table.time("opens"),
            closes=table.time("closes"),
            order=table.choice("order", "free", "in-turns"),
            minimum_assurance=table.choice("minimum_assurance", "service", "passkey"),
            paper=table.choice("paper", *PAPER) if table.has("paper") else "refused",
            extension=table.choice("extension", EXTENSION) if table.has("extension") else "refused",
        )
        table.finish()
        if rules.opens and rules.closes and rules.opens >= rules.closes:
            raise table.refuse("signing closes before it opens")
        if rules.closes is None and rules.extension != "refused":
            raise table.refuse("a period that never closes cannot be extended")
        return rules

    def to_members(self) -> dict[str, Any]:
        """``rules``."""
        return {
            "signatures": self.signatures.to_members(),
            "opens": format_time(self.opens) if self.opens else None,
            "closes": format_time(self.closes) if self.closes else None,
            "order": self.order,
            "minimum_assurance": self.minimum_assurance,
            **({"paper": self.paper} if self.paper != "refused" else {}),
            **({"extension": self.extension} if self.extension != "refused" else {}),
            "entry_into_force": self.entry_into_force.to_members(),
        }


def _parse_date(table: Members) -> date:
    text = table.text("date", DATE)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormatError(f"{table.place}: date {text} does not exist") from None
