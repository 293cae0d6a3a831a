"""Everything that happened under an agreement, in words: the record's events, and beside them mails and questions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.encoding import parse_canonical_json, parse_time
from signing_service.errors import Phrase
from signing_service.store import agreements, mandates, openings, outbox, people, questions
from signing_service.store.tables import OutboxMail, Question
from signing_service.workflow.approval_keys import CODES_DIFFER
from signing_service.workflow.corrections import Corrected, corrections_of
from signing_service.workflow.login import require_officer
from signing_service.workflow.mandates import OTHER_OFFICER
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event."""

    index: int | None
    """Of its entry in the record; None of a mail or a question, which the service notes for itself."""
    type: str
    """As the record has it, or ``mail``, ``question``, ``answer``."""
    time: datetime
    text: Phrase


def history(service: Service, officer_id: str, agreement_id: str) -> list[HistoryLine]:
    """What happened, oldest first; what was erased says so. Raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        agreement = agreements.get(session, agreement_id)
        terms = Terms.from_json(agreement.terms)
        found = openings.of_scope(session, agreement_id)
        events = {one.index: parse_canonical_json(one.event) for one in found if one.event is not None}
        mails = outbox.of_agreement(session, agreement_id)
        asked = questions.of_agreement(session, agreement_id)
        named = [event.get(member) for event in events.values() for member in ("officer", "by")]
        named += [mail.person for mail in mails]
        named += [person for one in asked for person in (one.person, one.answered_by)]
        corrected = corrections_of(session, mandates.ever_named(session, agreement_id))
        corrected = [one for one in corrected if one.time >= agreement.created]
        named += [person for one in corrected for person in (one.person, one.by)]
        names = people.names(session, {person for person in named if isinstance(person, str)})
    names |= _holders(events.values())
    lines = [*(_mail(mail, names) for mail in mails), *(line for one in asked for line in _question(one, names))]
    lines += [_correction(one, names) for one in corrected]
    for opening in found:
        event = events.get(opening.index)
        if event is None:
            entry = parse_canonical_json(opening.entry)
            moment = parse_time(entry["time"][:-1] + ":00Z")
            lines.append(
                HistoryLine(opening.index, opening.type, moment, Phrase("%(type)s: erased", type=opening.type))
            )
            continue
        lines.append(HistoryLine(opening.index, opening.type, parse_time(event["time"]), describe(terms, event, names)))
    return _in_order(lines)


def _holders(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The name of who holds each recorded mandate, by the mandate's digest: events of acts name that alone."""
    given = [event for event in events if event["type"] == "mandate"]
    return {event["mandate_sha256"]: event["mandate"]["representative"]["name"] for event in given}


def _in_order(lines: Iterable[HistoryLine]) -> list[HistoryLine]:
    """In time, the record in its own order (of what was erased it keeps but the minute), then what followed from it."""
    placed: list[tuple[datetime, int, HistoryLine]] = []
    latest = datetime.min.replace(tzinfo=UTC)
    for line in sorted(lines, key=_index):
        if line.index is not None:
            latest = max(latest, line.time)
        placed.append((line.time if line.index is None else latest, _index(line), line))
    return [line for *_, line in sorted(placed, key=lambda one: one[:2])]


def _index(line: HistoryLine) -> int:
    return sys.maxsize if line.index is None else line.index


def _mail(mail: OutboxMail, names: Mapping[str, str]) -> HistoryLine:
    recipient = names.get(mail.person or "") or mail.recipient
    said = {"subject": mail.subject, "name": recipient}
    if mail.state == "failed":
        text = Phrase("“%(subject)s” could not be delivered to %(name)s", **said)
    elif mail.sent is None:
        text = Phrase("“%(subject)s” waits to be sent to %(name)s", **said)
    else:
        text = Phrase("“%(subject)s” was sent to %(name)s", **said)
    return HistoryLine(None, "mail", mail.sent or mail.created, text)


def _question(question: Question, names: Mapping[str, str]) -> Iterator[HistoryLine]:
    asker = _name(names, question.person)
    words = Phrase("%(name)s asked: %(text)s", name=asker, text=question.text)
    yield HistoryLine(None, "question", question.asked, words)
    if question.answered is not None:
        said = {"name": _name(names, question.answered_by or ""), "text": question.answer or ""}
        yield HistoryLine(None, "answer", question.answered, Phrase("%(name)s answered: %(text)s", **said))


def _correction(one: Corrected, names: Mapping[str, str]) -> HistoryLine:
    said = {"officer": _name(names, one.by), "name": _name(names, one.person)}
    if one.changed == {"email"}:
        text = Phrase("%(officer)s corrected the e-mail address of %(name)s", **said)
    elif "email" in one.changed:
        text = Phrase("%(officer)s corrected the name and the e-mail address of %(name)s", **said)
    else:
        text = Phrase("%(officer)s corrected the name of %(name)s", **said)
    return HistoryLine(one.index, "person-corrected", one.time, text)


def describe(terms: Terms, event: Mapping[str, Any], names: Mapping[str, str]) -> Phrase:
    """An event of an agreement as one English sentence, to be translated where it is shown.

    ``names``: by person id, and by the digest of the mandate that somebody holds.
    """
    kind = event["type"]
    if kind in ("signature", "countersignature", "archive-timestamp", "document-timestamp"):
        return _signed(terms, event, names)
    if kind == "publication":
        phrase = "%(officer)s sealed and published it; revision 0 has the digest %(digest)s"
        return Phrase(phrase, officer=_name(names, event.get("officer", "")), digest=event["pdf_sha256"])
    if kind == "mandate":
        return _mandate(terms, event, names)
    if kind == "withdrawal":
        phrase = "%(officer)s withdrew it: %(reason)s"
        return Phrase(phrase, officer=_name(names, event["officer"]), reason=event["reason"])
    if kind == "extension":
        said = {"officer": _name(names, event["officer"]), "reason": event["reason"]}
        closes, until = parse_time(event["closes"]), parse_time(event["until"])
        phrase = "%(officer)s extended signing from %(closes)s to %(until)s: %(reason)s"
        return Phrase(phrase, closes=closes, until=until, **said)
    if "signer" not in event:
        return Phrase(str(kind))
    return _of_signer(kind, _signer(terms, event["signer"]), event, names)


def _mandate(terms: Terms, event: Mapping[str, Any], names: Mapping[str, str]) -> Phrase:
    mandate, officer = event["mandate"], _name(names, event["officer"])
    who = _signer(terms, f"{mandate['party']}:{mandate['role']}")
    said = {"name": mandate["representative"]["name"], "signer": who, "organ": mandate["organ"], "officer": officer}
    if "reason" in event:
        phrase = (
            "%(name)s may act for %(signer)s, by %(organ)s; recorded by %(officer)s, "
            "with this reason for replacing: %(reason)s"
        )
        reason = event["reason"]
        return Phrase(phrase, **said, reason=OTHER_OFFICER if reason == OTHER_OFFICER else reason)
    return Phrase("%(name)s may act for %(signer)s, by %(organ)s; recorded by %(officer)s", **said)


_METHODS = {"in-person": Phrase("in person"), "video": Phrase("by video"), "phone": Phrase("by telephone")}
_REASONS = {
    "lost": Phrase("the device was lost"),
    "replaced": Phrase("the device was replaced"),
    "withdrawn": Phrase("it was withdrawn"),
    "mistake": Phrase("it was a mistake"),
    CODES_DIFFER: Phrase("the codes differed"),
}


def _of_signer(kind: str, who: str | Phrase, event: Mapping[str, Any], names: Mapping[str, str]) -> Phrase:
    holder = _name(names, event.get("mandate_sha256", ""))
    if kind == "enrolment":
        return Phrase("%(name)s enrolled a passkey for approvals for %(signer)s", name=holder, signer=who)
    if kind == "confirmation":
        phrase = "%(officer)s confirmed that passkey of %(name)s for %(signer)s, having compared the codes %(method)s"
        how = _METHODS.get(event["method"], event["method"])
        return Phrase(phrase, officer=_name(names, event["officer"]), name=holder, signer=who, method=how)
    if kind == "revocation":
        phrase = "%(name)s revoked a passkey for approvals of %(signer)s: %(reason)s"
        why = _REASONS.get(event["reason"], event["reason"])
        return Phrase(phrase, name=_name(names, event["by"]), signer=who, reason=why)
    if kind == "issuance":
        return Phrase("a one-time certificate was issued to %(name)s for %(signer)s", name=holder, signer=who)
    if kind == "paper":
        phrase = "%(officer)s attested that %(name)s signed for %(signer)s on paper; this is no digital signature"
        return Phrase(phrase, officer=_name(names, event["officer"]), name=holder, signer=who)
    if kind == "refusal":
        return Phrase("%(name)s declined for %(signer)s: %(reason)s", name=holder, signer=who, reason=event["reason"])
    return Phrase(str(kind))


def _name(names: Mapping[str, str], person_id: str) -> str | Phrase:
    return names.get(person_id) or Phrase("a person who is not known any more")


def _signed(terms: Terms, event: Mapping[str, Any], names: Mapping[str, str]) -> Phrase:
    values = {"time": parse_time(event["timestamp"]["time"]), "revision": event["revision"]}
    if event["type"] == "archive-timestamp":
        return Phrase("archive timestamp at %(time)s: revision %(revision)s", **values)
    if event["type"] == "document-timestamp":
        return Phrase("document timestamp at %(time)s: revision %(revision)s", **values)
    values |= {"name": _name(names, event["mandate_sha256"]), "signer": _signer(terms, event["signer"])}
    if "issuance" not in event:
        phrase = "%(name)s signed for %(signer)s with an own certificate at %(time)s: revision %(revision)s"
    elif event["timestamp"]["independent"]:
        phrase = "%(name)s signed for %(signer)s at %(time)s: revision %(revision)s"
    else:
        phrase = "%(name)s signed for %(signer)s at %(time)s (time not independent): revision %(revision)s"
    return Phrase(phrase, **values)


def _signer(terms: Terms, signer_id: str) -> str | Phrase:
    if signer_id == SECRETARIAT:
        return Phrase("the secretariat")
    signer = terms.signer(signer_id)
    return f"{signer.party.name} ({signer.role.title.get('en', signer.role.role)})"
