"""Who is told of what: mails put into the outbox within the transaction of the act that they tell about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Party, Signer, Terms
from signing_service.agreement.turns import ahead, passes_to
from signing_service.errors import Phrase
from signing_service.store import agreements, mandates, passkeys, people
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.mails import translations
from signing_service.workflow.moments import told
from signing_service.workflow.notices import ASKING, asking_subject, subject_and_body
from signing_service.workflow.posting import Notice, send_notice
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_acts, load_terms


@dataclass(frozen=True, slots=True)
class Place:
    """One signature of a person, as a mail names it."""

    terms: Terms
    signer: Signer


Value = str | datetime | Party | Place | tuple[Party, ...] | tuple[Place, ...]

_AGREEMENT = "/agreements/%(agreement)s/"
_PAGES = {
    "enrolled": "/secretariat/passkeys/",
    "question": "/secretariat/agreements/%(agreement)s/questions/",
    "answer": "/agreements/%(agreement)s/questions/",
    "revoked": "/passkeys/",
    "signed": "/agreements/%(agreement)s/receipts/%(signer)s/",
    "replaced": "/agreements/",  # the agreement itself is closed to who has no mandate in it
}  # where a mail leads, if not to the agreement


def tell_about_signature(
    session: Session,
    service: Service,
    published: Published,
    signatory: Signatory,
    before: Acts,
    time: datetime,
    now: datetime,
) -> None:
    """Tell the signer that the signature is stored, and the officers when it completes those given ``before``."""
    terms = published.terms
    signer = people.get(session, signatory.person_id)
    _notify(session, service, [signer], terms, "signed", now, when=time, signer=signatory.signer)
    if signatory.signer == SECRETARIAT:
        parties = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
        others = [person for person in parties.values() if person.id != signer.id]
        _notify(session, service, others, terms, "countersigned", now, when=time)
        return
    _tell_when_complete(session, service, terms, before.given(terms), signatory.signer, now)
    _tell_next(session, service, terms, before, signatory.signer, now)


def tell_about_paper(session: Session, service: Service, mandate: MandateRow, now: datetime) -> None:
    """Tell the representative that their signature on paper was attested, and the officers when that completes."""
    terms = Terms.from_json(agreements.get(session, mandate.agreement).terms)
    _notify(session, service, [people.get(session, mandate.person)], terms, "paper", now)
    before = load_acts(session, terms.id)
    if terms.rules.paper == "counts":
        _tell_when_complete(session, service, terms, before.given(terms), mandate.signer, now)
        _tell_next(session, service, terms, before, mandate.signer, now)


def _tell_next(session: Session, service: Service, terms: Terms, before: Acts, signer: str, now: datetime) -> None:
    """Tell whose turn it becomes by this signer's act, but for who has just acted or was asked to sign already."""
    following = passes_to(terms, before, signer)
    if following is None:
        return
    held = {row.signer: person for row, person in mandates.of_agreement(session, terms.id)}
    person, actor = held.get(following), held.get(signer)
    if person is not None and person.ended is None and (actor is None or person.id != actor.id):
        _ask(session, service, terms, person, "turn", now)


def _tell_when_complete(
    session: Session, service: Service, terms: Terms, before: frozenset[str], signer: str, now: datetime
) -> None:
    """Tell the officers when this signer completes those who had signed ``before``, and who is still missing."""
    signed = before | {signer}
    if terms.is_complete(before) or not terms.is_complete(signed):
        return
    missing = tuple(party for party in terms.parties if not party.guest and not terms.has_signed(party, signed))
    if missing:
        _notify(session, service, people.officers(session), terms, "enough", now, missing=missing)
    else:
        _notify(session, service, people.officers(session), terms, "complete", now)


def tell_about_refusal(
    session: Session, service: Service, terms: Terms, signatory: Signatory, reason: str, now: datetime
) -> None:
    """Tell the officers that somebody declined, and why; and the person, in case it was somebody else."""
    party, person = terms.signer(signatory.signer).party, people.get(session, signatory.person_id)
    _notify(session, service, [person], terms, "declined", now, party=party, reason=reason, when=now)
    officers, name = people.officers(session), signatory.mandate.representative.name
    _notify(session, service, officers, terms, "refused", now, name=name, party=party, reason=reason)
    if terms.rules.order != "free":
        _tell_next(session, service, terms, load_acts(session, terms.id), signatory.signer, now)


def tell_officers_about_enrolment(session: Session, service: Service, mandate: MandateRow, now: datetime) -> None:
    """Tell the officers that somebody waits for them to compare a code."""
    terms = Terms.from_json(agreements.get(session, mandate.agreement).terms)
    name, party = Mandate.from_json(mandate.json).representative.name, terms.signer(mandate.signer).party
    _notify(session, service, people.officers(session), terms, "enrolled", now, name=name, party=party)


def tell_about_confirmation(
    session: Session, service: Service, mandate: MandateRow, now: datetime, *, refused: bool = False
) -> None:
    """Tell a representative that an officer confirmed the passkey, or refused to since the codes differed."""
    terms = Terms.from_json(agreements.get(session, mandate.agreement).terms)
    kind = "differed" if refused else "confirmed"
    if not refused and terms.rules.order != "free" and ahead(terms, load_acts(session, terms.id), mandate.signer):
        kind = "confirmed in turn"
    _notify(session, service, [people.get(session, mandate.person)], terms, kind, now)


def tell_about_revocation(session: Session, service: Service, rows: Sequence[MandateRow], now: datetime) -> None:
    """Tell a representative that an officer took a passkey back, which was enrolled for all these mandates."""
    places = tuple(_place(session, row) for row in {(row.agreement, row.signer): row for row in rows}.values())
    person = people.get(session, rows[0].person)
    _notify(session, service, [person], places[0].terms, "revoked", now, places=places)


def tell_about_question(
    session: Session, service: Service, terms: Terms, person: Person, text: str, now: datetime
) -> None:
    """Tell the officers what a representative asks."""
    _notify(session, service, people.officers(session), terms, "question", now, name=person.name, text=text)


def tell_about_answer(
    session: Session, service: Service, terms: Terms, person: Person, question: str, answer: str, now: datetime
) -> None:
    """Tell a representative what the secretariat answered."""
    _notify(session, service, [person], terms, "answer", now, question=question, answer=answer)


def tell_about_replacement(session: Session, service: Service, former: MandateRow, now: datetime) -> None:
    """Tell who held a mandate until now that somebody else signs, for which party and as what, and what they keep."""
    place, person = _place(session, former), people.get(session, former.person)
    given = load_acts(session, former.agreement).given(place.terms)
    held = [row for row in mandates.of_person(session, person.id) if row.agreement == former.agreement]
    kept = tuple(_place(session, row) for row in held if row.signer not in (SECRETARIAT, *given))
    more = {"kept": kept} if kept else {}
    _notify(session, service, [person], place.terms, "replaced", now, place=place, **more)


def tell_about_new_mandate(session: Session, service: Service, row: MandateRow, reason: str, now: datetime) -> None:
    """Tell who signs as before that it is by another mandate now, and why."""
    place, person = _place(session, row), people.get(session, row.person)
    organ = Mandate.from_json(row.json).organ
    _notify(session, service, [person], place.terms, "mandate", now, place=place, organ=organ, reason=reason)


def _place(session: Session, row: MandateRow) -> Place:
    terms = load_terms(agreements.get(session, row.agreement))
    return Place(terms, terms.signer(row.signer))


def remind(session: Session, service: Service, terms: Terms, person: Person, now: datetime) -> None:
    """Remind a person that the signature is awaited."""
    _ask(session, service, terms, person, "reminder", now)


def _ask(session: Session, service: Service, terms: Terms, person: Person, kind: str, now: datetime) -> None:
    """Ask for a signature anew: with a new link, where the person was never here."""
    if person.password_hash is None and not passkeys.of_person(session, person.id, "login"):
        send_invitation(session, service, person, now, terms.id, asks=kind)
    else:
        closes = load_acts(session, terms.id).closes(terms)
        until = {"until": closes} if closes is not None else {}
        _notify(session, service, [person], terms, kind, now, **until)


def tell_about_withdrawal(session: Session, service: Service, terms: Terms, reason: str, now: datetime) -> None:
    """Tell everybody in the agreement that it was withdrawn, and why."""
    parties = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
    _notify(session, service, parties.values(), terms, "withdrawn", now, reason=reason)


def tell_about_extension(
    session: Session, service: Service, terms: Terms, until: datetime, reason: str, now: datetime
) -> None:
    """Tell everybody in the agreement until when it can be signed now, in UTC and at their university, and why."""
    parties = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
    _notify(session, service, parties.values(), terms, "extended", now, until=until, reason=reason)


def tell_about_contradiction(session: Session, service: Service, message: str, hint: str, now: datetime) -> None:
    """Tell the officers that a log witness contradicts the record."""
    for officer in people.officers(session):
        gettext = translations(officer.locale).gettext
        subject = gettext("ALARM: a log witness contradicts the record of %s") % service.trust.record_origin
        body = f"{_in_language(message, gettext)}\n\n{_in_language(hint, gettext)}"
        about = Notice("alarm", subject, body, gettext("The record"), "/record/")
        send_notice(session, service, officer, about, now)


def _in_language(text: str, gettext: Callable[[str], str]) -> str:
    """An error's message or hint, whose values are names and numbers, by a catalogue."""
    return gettext(text.template) % text.values if isinstance(text, Phrase) else gettext(text)


def tell_about_renewal(session: Session, service: Service, terms: Terms, until: datetime, now: datetime) -> int:
    """Tell the officers that an agreement's last timestamp ends within a year; give how many mails that makes."""
    officers = list(people.officers(session))
    _notify(session, service, officers, terms, "renewal", now, until=until)
    return len(officers)


def _notify(
    session: Session,
    service: Service,
    recipients: Iterable[Person],
    terms: Terms,
    kind: str,
    now: datetime,
    **values: Value,
) -> None:
    zones = _zones(session, terms)
    for person in recipients:
        zone = zones.get(person.id, person.time_zone)
        shown = {name: _shown(value, person.locale, zone) for name, value in values.items()}
        subject, body = subject_and_body(kind, person.locale, {"agreement": terms.id, **shown})
        title = terms.title.get(person.locale) or terms.title[terms.languages[0]]
        page = _page(kind, values) % {"agreement": terms.id, "signer": values.get("signer")}
        if kind in ASKING:
            subject = asking_subject(kind, person.locale, title, terms.reference)
        else:
            subject = f"{subject}: {_references(terms, values)}"
        notice = Notice(kind, subject, body, title, page)
        send_notice(session, service, person, notice, now, agreement=terms.id)


def _page(kind: str, values: Mapping[str, Value]) -> str:
    return _PAGES.get(kind, _AGREEMENT) if "kept" not in values else _AGREEMENT


def _references(terms: Terms, values: Mapping[str, Value]) -> str:
    """The agreements that a mail is about."""
    places = values.get("places", ())
    others = [one.terms.reference for one in places if isinstance(one, Place)] if isinstance(places, tuple) else []
    return ", ".join(dict.fromkeys([terms.reference, *others]))


def _zones(session: Session, terms: Terms) -> dict[str, str]:
    """The time zone of each representative's university, by person."""
    own = {signer.id: signer.party.time_zone for signer in terms.signers()}
    holders = mandates.holders(session, terms.id)
    return {person: own[signer] for signer, person in holders if signer in own}


def _shown(value: Value, locale: str, zone: str) -> str:
    """A value in the recipient's language: a party by its own name where that is in it."""
    if isinstance(value, tuple):
        shown = [_shown(one, locale, zone) for one in value]
        listed = any(isinstance(one, Place) for one in value)
        return "\n".join(f"– {line}" for line in shown) if listed else ", ".join(shown)
    if isinstance(value, Place):
        return _place_in(value, locale, zone)
    if isinstance(value, Party):
        return value.native_name if value.native_language == locale else value.name
    return told(value, locale, zone) if isinstance(value, datetime) else value


def _place_in(place: Place, locale: str, zone: str) -> str:
    """Which signature it is: agreement, party and role."""
    terms, titles = place.terms, place.signer.role.title
    said = {"party": _shown(place.signer.party, locale, zone), "role": titles.get(locale) or titles[terms.languages[0]]}
    title = terms.title.get(locale) or terms.title[terms.languages[0]]
    return f"{terms.reference}, {title}: {translations(locale).gettext('for %(party)s, as %(role)s') % said}"
