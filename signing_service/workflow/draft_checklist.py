"""The checklist of a draft: what an officer looks at before publishing it, and what stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from babel import Locale
from sqlalchemy.orm import Session

from signing_service.agreement.doubled_people import doubled
from signing_service.agreement.source_check import check_source
from signing_service.agreement.terms import Terms
from signing_service.errors import FormatError, Phrase, SigningServiceError, all_of
from signing_service.store import agreements, mandates, passkeys
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current

_BY_PASSKEY = (Phrase("confirm the representatives' passkeys"), Phrase("countersign the agreement"))
Given = list[tuple[MandateRow, Person]]  # the mandates of a draft with who holds them


PAPER_STOPS_TURNS = Phrase(
    "in turns, who signs on paper that counts for nothing keeps all behind from signing: let paper count or refuse it, "
    "or let all sign in any order"
)


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of the checklist before publication."""

    part: Literal["text", "rules", "people", "publish"]
    """Where it is put right, in the order in which a draft is made."""
    ok: bool
    text: Phrase
    caution: bool = False
    """Whether it is no obstacle, but nothing to be pleased about either."""
    namesake: bool = False
    """Whether it tells of another agreement of the same number and version that this one does not replace."""


def checklist(service: Service, agreement_id: str, officer_id: str = "") -> list[CheckItem]:
    """What an officer looks at before publishing; publishing needs every line to be right.

    ``officer_id``: who looks, to be told what they could not do afterwards themselves.
    """
    with service.database.read() as session:
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        files = agreements.source_files(session, agreement_id)
        given = mandates.of_agreement(session, agreement_id)
        same = _same(session, terms)
        keys = _officers_passkeys(session, terms, officer_id)
    return [
        *_text_items(files, terms),
        *same,
        *_rules_items(terms, service.clock()),
        *_named(terms, given),
        *_days(terms, given, service.clock()),
        *_twice(terms, given),
        *keys,
        CheckItem("publish", True, Phrase("timestamps by independent authorities"))
        if service.independent_time
        else CheckItem(
            "publish", True, Phrase("timestamps by the built-in authority: time not independent"), caution=True
        ),
    ]


def _text_items(files: Mapping[str, bytes], terms: Terms) -> list[CheckItem]:
    """The text, and what is wrong with it: a draft that was stored by an older release may hold what is refused now."""
    languages = ", ".join(map(_own_name, terms.languages))
    parties, signatures = len(terms.parties), len(terms.signers())
    counted = Phrase("parties: %(parties)s, signatures: %(signatures)s", parties=parties, signatures=signatures)
    try:
        check_source(files)
    except FormatError as error:
        return [*(CheckItem("text", False, _said(one)) for one in all_of(error)), CheckItem("text", True, counted)]
    complete = Phrase("the text is complete in %(languages)s", languages=languages)
    return [CheckItem("text", True, complete), CheckItem("text", True, counted)]


def _said(error: SigningServiceError) -> Phrase:
    return error.message if isinstance(error.message, Phrase) else Phrase(error.message)


def _rules_items(terms: Terms, now: datetime) -> list[CheckItem]:
    rules, items = terms.rules, []
    if rules.closes is not None and rules.closes <= now:
        closed = Phrase("nobody could sign: signing closes at %(time)s", time=rules.closes)
        items.append(CheckItem("rules", False, closed))
    if rules.paper == "shown" and rules.order == "in-turns":
        items.append(CheckItem("rules", False, PAPER_STOPS_TURNS))
    return items


def _named(terms: Terms, given: Given) -> list[CheckItem]:
    named = {row.signer for row, _ in given}
    missing = ", ".join(signer.party.name for signer in terms.signers() if signer.id not in named)
    if missing:
        return [CheckItem("people", False, Phrase("no representative yet: %(parties)s", parties=missing))]
    return [CheckItem("people", True, Phrase("everybody is named"))]


def _twice(terms: Terms, given: Given) -> list[CheckItem]:
    holders = {row.signer: person for row, person in given}
    present = [(one.party.name, holders[one.id]) for one in terms.signers() if one.id in holders]
    told = doubled((party, person.name, person.email) for party, person in present)
    return [CheckItem("people", True, phrase, caution=True) for phrase in told]


def _officers_passkeys(session: Session, terms: Terms, officer_id: str) -> list[CheckItem]:
    """That officers need a passkey in the trust file for what the rules ask of them, where it is missing."""
    needed = _needed(terms)
    if not needed:
        return []
    able = {one.id for one in current(session).officers if one.until is None and _holds_one(session, one.id, one.keys)}
    if not able:
        text = Phrase("officers have to make a passkey: without one in the trust file nobody can %(acts)s", acts=needed)
    elif officer_id and officer_id not in able:
        text = Phrase("make your passkey: without one in the trust file you cannot %(acts)s", acts=needed)
    else:
        return []
    return [CheckItem("publish", True, text, caution=True)]


def _holds_one(session: Session, person_id: str, keys: Collection[object]) -> bool:
    return any(credential.key in keys for credential in passkeys.of_person(session, person_id, "officer"))


def _needed(terms: Terms) -> Phrase | None:
    """What officers do with their own passkeys under these rules."""
    rules = terms.rules
    acts = [
        *(_BY_PASSKEY if rules.minimum_assurance == "passkey" else ()),
        *([Phrase("attest signatures on paper")] * (rules.paper != "refused")),
        *([Phrase("extend the time for signing")] * (rules.extension != "refused")),
    ]
    listed: Phrase | None = None
    for act in acts:
        listed = act if listed is None else Phrase("%(first)s and %(then)s", first=listed, then=act)
    return listed


def _own_name(language: str) -> str:
    """A language in its own words."""
    return Locale.parse(language, sep="-").get_display_name() or language


def _days(terms: Terms, given: Given, now: datetime) -> list[CheckItem]:
    """What the calendar says against the mandates."""
    items, closes = [], terms.rules.closes
    today = now.astimezone(UTC).date()
    until = max(closes or now, now).astimezone(UTC).date()
    inverted, ended, early = [], [], []
    for row, person in given:
        if row.valid_until is None:
            continue
        if row.valid_until < row.valid_from:
            inverted.append(person.name)
        elif row.valid_until < today:
            ended.append(person.name)
        elif row.valid_until < until:
            early.append(person.name)
    if inverted:
        text = Phrase("mandates end before they begin; give them anew: %(names)s", names=", ".join(inverted))
        items.append(CheckItem("people", False, text))
    if ended:
        text = Phrase("mandates have ended already; give them anew: %(names)s", names=", ".join(ended))
        items.append(CheckItem("people", False, text))
    if early:
        text = Phrase("mandates end before signing does: %(names)s", names=", ".join(early))
        items.append(CheckItem("people", True, text, caution=True))
    return items


def _same(session: Session, terms: Terms) -> list[CheckItem]:
    """That another agreement is called the same, so that people could take one for the other."""
    found = agreements.with_reference(session, terms.reference)
    same = {row.id for row in found if Terms.from_json(row.terms).version == terms.version} - {terms.id}
    corrected = agreements.by_revision0(session, terms.supersedes) if terms.supersedes else None
    said = {"reference": terms.reference, "version": terms.version}
    if corrected in same:
        phrase = "the agreement that it replaces is %(reference)s, version %(version)s, too: give it another version"
        return [CheckItem("text", False, Phrase(phrase, **said))]
    phrase = "another agreement is %(reference)s, version %(version)s, too"
    return [CheckItem("text", True, Phrase(phrase, **said), caution=True, namesake=True)] if same else []
