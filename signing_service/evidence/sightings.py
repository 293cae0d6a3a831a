"""What a party's monitor says of an event: the party's own business first, and what concerns everybody in it. ::

describe(17, event, "njupt")     # [Sighting(index=17, type="issuance", own=True, text="…")], or [] if of no concern
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

COMMON = ("publication", "countersignature", "archive-timestamp", "withdrawal", "erased")
"""Types of event that concern every party of the agreement."""
CRITICAL = ("enrolment", "confirmation", "issuance")
"""Types by which somebody else could come to sign in the party's name: to be compared with what its people did."""

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that concerns the party; ``own`` if it is about one of its own signers."""

    index: int
    """Of its entry in the record."""
    time: str
    """As the event says it."""
    type: str
    own: bool
    text: str

    @property
    def mark(self) -> str:
        """How loud it is: ``CHECK`` (did your own people do this?), ``own`` or ``all``."""
        if self.own and self.type in CRITICAL:
            return "CHECK"
        return "own" if self.own else "all"


def describe(index: int, event: Event, party: str) -> list[Sighting]:
    """The event as a sighting, if it concerns the party."""
    kind = str(event["type"])
    signer = _signer(event)
    own = signer.partition(":")[0] == party
    if not own and kind not in COMMON:
        return []
    sentence = _SENTENCES[kind](event) if kind in _SENTENCES else ""
    text = f"{signer}: {sentence}" if own else sentence
    return [Sighting(index, str(event["time"]), kind, own, _printable(text))]


def _printable(text: str) -> str:
    """What an event says comes from people: no escape sequence and no bidi control of theirs reaches a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _signer(event: Event) -> str:
    mandate = event.get("mandate")
    if isinstance(mandate, Mapping):
        return f"{mandate.get('party')}:{mandate.get('role')}"
    return str(event.get("signer", ""))


def _mandate(event: Event) -> str:
    mandate = event["mandate"] if isinstance(event.get("mandate"), Mapping) else {}
    person = mandate.get("representative")
    name = person.get("name") if isinstance(person, Mapping) else None
    until = f" until {mandate['until']}" if mandate.get("until") else ""
    return f"{name} may act, by {mandate.get('organ')}, from {mandate.get('from')}{until}"


def _own_certificate(event: Event) -> str:
    return f" with the own certificate of {event['subject']}" if "subject" in event else ""


_SENTENCES: Mapping[str, Callable[[Event], str]] = {
    "publication": lambda event: f"published; revision 0 has the digest {event.get('pdf_sha256')}",
    "mandate": _mandate,
    "enrolment": lambda event: f"a passkey was enrolled, key {event.get('key_sha256')}",
    "confirmation": lambda event: (
        f"officer {event.get('officer')} confirmed the passkey of enrolment {event.get('enrolment')}"
        f" ({event.get('method')}), key {event.get('key_sha256')}"
    ),
    "revocation": lambda event: f"the passkey of enrolment {event.get('enrolment')} was revoked: {event.get('reason')}",
    "issuance": lambda event: (
        f"a one-time certificate for the {event.get('act')} was issued, {event.get('certificate_sha256')}"
    ),
    "signature": lambda event: (
        f"signed{_own_certificate(event)}; revision {event.get('revision')} has the digest {event.get('pdf_sha256')}"
    ),
    "countersignature": lambda event: (
        f"countersigned; revision {event.get('revision')} has the digest {event.get('pdf_sha256')}"
    ),
    "paper": lambda event: (
        f"officer {event.get('officer')} attested a signature on paper, its scan {event.get('document_sha256')}"
    ),
    "extension": lambda event: (
        f"officer {event.get('officer')} extended signing from {event.get('closes')} to {event.get('until')}: "
        f"{event.get('reason')}"
    ),
    "refusal": lambda event: f"declined: {event.get('reason')}",
    "archive-timestamp": lambda event: (
        f"archive timestamp; revision {event.get('revision')} has the digest {event.get('pdf_sha256')}"
    ),
    "withdrawal": lambda event: f"withdrawn: {event.get('reason')}",
    "erased": lambda event: (
        f"event {event.get('erased')} ({event.get('erased_type')}) was erased: {event.get('reason')}"
    ),
}
