"""Mandates (full powers): who may act for a party, in which role, from when to when (docs/formats.md 2).

Example::

    mandate = Mandate.from_json(data)
    mandate.check_for(terms, "njupt:president")
    mandate.check_valid_at(now)
    digest = mandate.digest()  # stands in the approval, the issuance and the signature event

One person may act for two parties, by two mandates. The first and the last day are days of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from signing_service.agreement.members import Members
from signing_service.agreement.names import clean_name
from signing_service.agreement.rules import DATE
from signing_service.agreement.terms import AGREEMENT_ID, ID, SECRETARIAT, SHA256
from signing_service.encoding import canonical_json, parse_canonical_json, tagged_sha256
from signing_service.errors import FormatError, InputError, NotAllowedError

if TYPE_CHECKING:
    from signing_service.agreement.terms import Terms

VERSION = 1
TAG = "signing-service/mandate/v1"
ERASED = "erased"  # what stands for a name in a mandate whose event was erased


@dataclass(frozen=True, slots=True)
class Representative:
    """The person whom a mandate authorises."""

    id: str
    name: str
    """In Latin letters."""
    native_name: str | None
    """In the person's own script, where it is another."""

    @classmethod
    def from_members(cls, table: Members) -> Representative:
        """Read ``representative``; names that clean_name would change are refused."""
        person = cls(table.text("id"), table.text("name"), table.optional_text("native_name"))
        table.finish()
        for name in (person.name, person.native_name):
            if name is not None and clean_name(name) != name:
                raise table.refuse(f"{name!r} is not a name as this service writes it")
        return person

    def to_members(self) -> dict[str, Any]:
        """``representative``."""
        return {"id": self.id, "name": self.name, "native_name": self.native_name}

    def now_named(self, name: str, native_name: str | None) -> str:
        """How the person is called now, where that is another name than here; else empty."""
        if (name, native_name) == (self.name, self.native_name):
            return ""
        return f"{name} ({native_name})" if native_name and native_name != self.native_name else name


@dataclass(frozen=True, slots=True)
class Mandate:
    """One person's authority to act in one role for one party under one agreement."""

    agreement: str
    party: str
    role: str
    representative: Representative
    organ: str
    """Who gave the authority: a rector's office, a council."""
    document: str | None
    """What the document of authority is called."""
    document_sha256: str | None
    """Its digest, where it was handed in."""
    first_day: date
    last_day: date | None
    """The last day included; None: until revoked."""

    @property
    def signer(self) -> str:
        """The signer id ``<party>:<role>`` that this mandate is for."""
        return f"{self.party}:{self.role}"

    @classmethod
    def from_json(cls, data: bytes) -> Mandate:
        """Read canonical JSON; raises FormatError with the place."""
        return cls.from_value(parse_canonical_json(data))

    @classmethod
    def from_value(cls, value: Any) -> Mandate:
        """Read already parsed JSON, as a mandate event holds it; raises FormatError with the place."""
        table = Members(value, "mandate")
        table.integer("v", VERSION, VERSION)
        mandate = cls(
            agreement=table.text("agreement", AGREEMENT_ID),
            party=table.text("party", ID),
            role=table.text("role", ID),
            representative=Representative.from_members(table.members("representative")),
            organ=table.text("organ"),
            document=table.optional_text("document"),
            document_sha256=table.optional_text("document_sha256", SHA256),
            first_day=_parse_day(table, table.text("from", DATE)),
            last_day=_parse_optional_day(table),
        )
        table.finish()
        if mandate.last_day is not None and mandate.last_day < mandate.first_day:
            raise table.refuse("it ends before it begins")
        return mandate

    def to_value(self) -> dict[str, Any]:
        """The mandate as plain JSON values, for a mandate event."""
        return {
            "v": VERSION,
            "agreement": self.agreement,
            "party": self.party,
            "role": self.role,
            "representative": self.representative.to_members(),
            "organ": self.organ,
            "document": self.document,
            "document_sha256": self.document_sha256,
            "from": self.first_day.isoformat(),
            "until": self.last_day.isoformat() if self.last_day else None,
        }

    def to_json(self) -> bytes:
        """The mandate as canonical JSON."""
        return canonical_json(self.to_value())

    def digest(self) -> str:
        """The mandate digest: the tagged hash of its JSON, 64 hexadecimal digits."""
        return tagged_sha256(TAG, self.to_json()).hex()

    def valid_at(self, moment: datetime) -> bool:
        """Whether an aware moment lies within the mandate's days, reckoned in UTC."""
        day = moment.astimezone(UTC).date()
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)

    def check_valid_at(self, moment: datetime) -> None:
        """Raise NotAllowedError unless valid_at."""
        if not self.valid_at(moment):
            message = "the mandate of %(name)s is valid from %(first)s on"
            if self.last_day is not None:
                message = "the mandate of %(name)s is valid from %(first)s to %(last)s"
            hint = "ask the secretariat for a mandate that is in date"
            values = {"name": self.representative.name, "first": self.first_day, "last": self.last_day}
            raise NotAllowedError(message, hint=hint, **values)

    def check_for(self, terms: Terms, signer_id: str) -> None:
        """Raise NotAllowedError unless the mandate is for this signer of this agreement."""
        if self.agreement != terms.id:
            raise NotAllowedError("the mandate is for another agreement")
        if self.signer != signer_id:
            raise NotAllowedError("the mandate is for %(one)s, not for %(other)s", one=self.signer, other=signer_id)
        if signer_id != SECRETARIAT:
            terms.signer(signer_id)


def check_days(first_day: date, last_day: date | None, today: date) -> None:
    """Raise InputError unless there is a day on which a mandate of these days can still be used."""
    if last_day is None:
        return
    if last_day < today:
        raise InputError("the mandate has ended already", hint="choose a later last day, or leave it empty")
    if last_day < first_day:
        raise InputError("the mandate ends before it begins", hint="choose a later last day, or leave it empty")


def _parse_day(table: Members, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormatError("%(place)s: the day %(day)s does not exist", place=table.place, day=text) from None


def _parse_optional_day(table: Members) -> date | None:
    text = table.optional_text("until", DATE)
    return None if text is None else _parse_day(table, text)
