"""The acts done under an agreement, the state that follows from them, and what may be done next.

Pure: acts come from the agreement's events (docs/formats.md 7), time is passed in::

    acts = Acts.from_events(events)
    state(terms, acts, now)                      # "open"
    may_sign(terms, acts, "njupt:president", now)  # raises NotAllowedError with the reason

The service asks before an act, the verifier asks afterwards whether each act was allowed when it was done.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from signing_service.agreement.members import Members
from signing_service.agreement.terms import SECRETARIAT
from signing_service.agreement.turns import ahead
from signing_service.encoding import parse_time
from signing_service.errors import ConflictError, FormatError, InputError, NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from signing_service.agreement.terms import Terms

State = Literal["open", "complete", "in-force", "withdrawn", "superseded", "expired"]


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one signer."""

    signer: str
    time: datetime
    """The proven time (the timestamp's) of a signature, the event's time of a refusal or withdrawal."""
    reason: str = ""
    """Of a refusal or withdrawal."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Everything done under one agreement so far."""

    signatures: Mapping[str, Act] = field(default_factory=dict)
    """By signer id, in the order in which they were given."""
    refusals: Mapping[str, Act] = field(default_factory=dict)
    """By signer id; a refusal stands until the signer signs after all."""
    papers: Mapping[str, Act] = field(default_factory=dict)
    """Signatures on paper that an officer attested, by signer id; their time is the attestation's."""
    countersignature: Act | None = None
    withdrawal: Act | None = None
    superseded_by: str | None = None
    """SHA-256 of the successor's revision 0."""
    extended_until: datetime | None = None
    """The end of signing to which officers extended it last; None where nobody did."""

    @classmethod
    def from_events(cls, events: Iterable[Mapping[str, Any]]) -> Acts:
        """Gather the acts from an agreement's events, oldest first; other types of event are passed over.

        Raises FormatError on a member that is missing or of a wrong type, and on a second signature of one
        signer, a second countersignature or a second withdrawal.
        """
        acts = cls()
        for event in events:
            acts = acts.after(event)
        return acts

    def after(self, event: Mapping[str, Any]) -> Acts:
        """The acts after one more event; raises as from_events."""
        kind = event.get("type")
        if kind == "signature":
            return self._signed(_signature(event))
        if kind == "countersignature":
            return self._countersigned(_signature(event))
        if kind == "refusal":
            act = Act(_text(event, "signer"), parse_time(_text(event, "time")), _text(event, "reason"))
            return replace(self, refusals={**self.refusals, act.signer: act})
        if kind == "paper":
            return self._on_paper(Act(_text(event, "signer"), parse_time(_text(event, "time"))))
        if kind == "withdrawal":
            return self._withdrawn(event)
        if kind == "extension":
            return replace(self, extended_until=parse_time(_text(event, "until")))
        return self

    def given(self, terms: Terms) -> frozenset[str]:
        """The signers whose signature counts: digital ones, and those on paper where the sealed rules say so."""
        return frozenset(self.signatures) | (frozenset(self.papers) if terms.rules.paper == "counts" else frozenset())

    def closes(self, terms: Terms) -> datetime | None:
        """The moment before which signing is possible: as sealed, or as extended; None: without end."""
        return self.extended_until or terms.rules.closes

    def has_signed(self, signer_id: str) -> bool:
        """Whether this signer (or, for the secretariat's id, an officer) has signed."""
        return self.countersignature is not None if signer_id == SECRETARIAT else signer_id in self.signatures

    def _signed(self, act: Act) -> Acts:
        if act.signer in self.signatures:
            raise FormatError("%(signer)s has signed twice", signer=act.signer)
        refusals = {signer: refusal for signer, refusal in self.refusals.items() if signer != act.signer}
        return replace(self, signatures={**self.signatures, act.signer: act}, refusals=refusals)

    def _on_paper(self, act: Act) -> Acts:
        if act.signer in self.papers:
            raise FormatError("%(signer)s has two signatures on paper", signer=act.signer)
        refusals = {signer: refusal for signer, refusal in self.refusals.items() if signer != act.signer}
        return replace(self, papers={**self.papers, act.signer: act}, refusals=refusals)

    def _countersigned(self, act: Act) -> Acts:
        if self.countersignature is not None:
            raise FormatError("the agreement is countersigned twice")
        return replace(self, countersignature=act)

    def _withdrawn(self, event: Mapping[str, Any]) -> Acts:
        if self.withdrawal is not None:
            raise FormatError("the agreement is withdrawn twice")
        act = Act(SECRETARIAT, parse_time(_text(event, "time")), _text(event, "reason"))
        successor = event.get("superseded_by")
        return replace(self, withdrawal=act, superseded_by=None if successor is None else str(successor))


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise FormatError("%(type)s event: %(name)s is not a text", type=event.get("type"), name=name)
    return value


def _signature(event: Mapping[str, Any]) -> Act:
    timestamp = Members(event.get("timestamp"), f"{event.get('type')} event: timestamp")
    return Act(_text(event, "signer"), parse_time(timestamp.text("time")))


def state(terms: Terms, acts: Acts, now: datetime) -> State:
    """The state of a published agreement at an aware moment.

    ``open`` → ``complete`` (the rules are met) → ``in-force`` (countersigned, and its day has come); or
    ``withdrawn``, ``superseded`` (withdrawn for a corrected version), ``expired`` (closed before it was complete).
    """
    if acts.withdrawal is not None:
        return "superseded" if acts.superseded_by else "withdrawn"
    start = entry_into_force(terms, acts)
    if start is not None:
        return "in-force" if now >= start else "complete"
    if terms.is_complete(acts.given(terms)):
        return "complete"
    closes = acts.closes(terms)
    return "expired" if closes is not None and now >= closes else "open"


def is_over(terms: Terms, acts: Acts, now: datetime) -> bool:
    """Whether nobody can sign any more: it is countersigned, withdrawn, or closed by time."""
    closes = acts.closes(terms)
    return bool(acts.countersignature or acts.withdrawal) or (closes is not None and now >= closes)


def entry_into_force(terms: Terms, acts: Acts) -> datetime | None:
    """The moment of entry into force, UTC; None before the countersignature."""
    if acts.countersignature is None:
        return None
    return terms.rules.entry_into_force.after(acts.countersignature.time)


def waiting_for(terms: Terms, acts: Acts) -> tuple[str, ...]:
    """The ids of counted signers who have not signed, in the order of signature."""
    return tuple(signer.id for signer in terms.counted_signers() if signer.id not in acts.given(terms))


def may_sign(terms: Terms, acts: Acts, signer_id: str, now: datetime) -> None:
    """Raise unless this signer may sign (for the secretariat's id: unless an officer may countersign) at ``now``.

    NotFoundError: there is no such signer. ConflictError: it was done already. NotAllowedError: it is too early,
    too late, withdrawn or not this signer's turn; the message says which. Who declined may still sign.
    """
    if signer_id == SECRETARIAT:
        may_countersign(terms, acts)
        return
    terms.signer(signer_id)
    if acts.has_signed(signer_id):
        raise ConflictError("%(signer)s has signed already", signer=_spell(terms, signer_id))
    if signer_id in acts.given(terms):
        raise ConflictError("%(signer)s has signed on paper", signer=_spell(terms, signer_id))
    _check_open(terms, acts, now)
    _check_turn(terms, acts, signer_id)


def may_attest_paper(terms: Terms, acts: Acts, signer_id: str, now: datetime) -> None:
    """Raise unless an officer may attest this signer's signature on paper at ``now``.

    NotAllowedError where the sealed rules allow none, or signing is not open or it is not this signer's turn;
    ConflictError where the signer has signed, or there is one on paper.
    """
    terms.signer(signer_id)
    if terms.rules.paper == "refused":
        raise NotAllowedError("the sealed rules of this agreement allow no signature on paper")
    if acts.has_signed(signer_id):
        raise ConflictError("%(signer)s has signed already", signer=_spell(terms, signer_id))
    if signer_id in acts.papers:
        raise ConflictError("%(signer)s has signed on paper", signer=_spell(terms, signer_id))
    _check_open(terms, acts, now)
    _check_turn(terms, acts, signer_id)


def may_refuse(terms: Terms, acts: Acts, signer_id: str, now: datetime) -> None:
    """Raise as may_sign unless this signer may decline at ``now``; turns do not matter."""
    terms.signer(signer_id)
    if acts.has_signed(signer_id):
        name = _spell(terms, signer_id)
        raise ConflictError("%(signer)s has signed already and cannot decline any more", signer=name)
    if signer_id in acts.given(terms):
        raise ConflictError("%(signer)s has signed on paper", signer=_spell(terms, signer_id))
    if signer_id in acts.refusals:
        raise ConflictError("%(signer)s has declined already", signer=_spell(terms, signer_id))
    _check_open(terms, acts, now)


def may_countersign(terms: Terms, acts: Acts) -> None:
    """Raise unless an officer may countersign: ConflictError if it was done, NotAllowedError with the reason."""
    _check_not_withdrawn(acts)
    if acts.countersignature is not None:
        raise ConflictError("the agreement is countersigned already")
    if not terms.is_complete(acts.given(terms)):
        missing = ", ".join(_spell(terms, signer) for signer in waiting_for(terms, acts))
        raise NotAllowedError("signatures are missing: %(signers)s", hint="remind these parties", signers=missing)


def may_withdraw(acts: Acts) -> None:
    """Raise unless the secretariat may withdraw the agreement: it is neither countersigned nor withdrawn."""
    _check_not_withdrawn(acts)
    if acts.countersignature is not None:
        raise NotAllowedError("the agreement is countersigned; only the parties can end it")


def may_extend(terms: Terms, acts: Acts, until: datetime, now: datetime) -> None:
    """Raise unless an officer may move the end of signing to ``until`` at ``now``.

    NotAllowedError where the sealed rules allow it to nobody, where signing has closed (what is closed stays closed) or
    the agreement is withdrawn or countersigned; InputError where ``until`` is not later than the end as it stands.
    """
    _check_not_withdrawn(acts)
    if acts.countersignature is not None:
        raise NotAllowedError("the agreement is countersigned and closed")
    closes = acts.closes(terms)
    if closes is None:
        raise NotAllowedError("signing has no end that could be moved")
    if terms.rules.extension == "refused":
        hint = "prepare a corrected version with another end"
        raise NotAllowedError("the sealed rules of this agreement let nobody extend signing", hint=hint)
    if now >= closes:
        hint = "what is closed stays closed: prepare a corrected version"
        raise NotAllowedError("signing closed at %(time)s", hint=hint, time=closes)
    if until <= closes:
        hint = "signing can be extended, never shortened"
        raise InputError("the new end is not later than %(time)s", hint=hint, time=closes)


def _spell(terms: Terms, signer_id: str) -> str:
    """A signer as people say it: the party, and the role where the party has several."""
    signer = terms.signer(signer_id)
    role = signer.role.title.get("en", signer.role.role)
    return signer.party.name if len(signer.party.signers) == 1 else f"{signer.party.name} ({role})"


def _check_not_withdrawn(acts: Acts) -> None:
    if acts.withdrawal is not None:
        day = acts.withdrawal.time.date()
        if acts.superseded_by is None:
            raise NotAllowedError("the agreement was withdrawn on %(day)s", day=day)
        message = "the agreement was withdrawn on %(day)s; the corrected version has the digest %(digest)s"
        raise NotAllowedError(message, day=day, digest=acts.superseded_by)


def _check_open(terms: Terms, acts: Acts, now: datetime) -> None:
    rules = terms.rules
    _check_not_withdrawn(acts)
    if acts.countersignature is not None:
        raise NotAllowedError("the agreement is countersigned and closed")
    if rules.opens is not None and now < rules.opens:
        raise NotAllowedError("signing opens at %(time)s", time=rules.opens)
    closes = acts.closes(terms)
    if closes is not None and now >= closes:
        raise NotAllowedError("signing closed at %(time)s", time=closes)


def _check_turn(terms: Terms, acts: Acts, signer_id: str) -> None:
    turn = ahead(terms, acts, signer_id)
    if turn:
        hint = "this agreement is signed in the parties' order"
        raise NotAllowedError("it is the turn of %(signer)s", hint=hint, signer=_spell(terms, turn[0]))
