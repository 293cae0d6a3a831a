"""Who is told of what: mails put into the outbox within the transaction of the act that they tell about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.agreement.turns import ahead, passes_to
from signing_service.errors import Phrase
from signing_service.store import agreements, mandates, passkeys, people
from signing_service.store.tables import Mandate as MandateRow
from signing_service.store.tables import Person
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.mails import colon, translations
from signing_service.workflow.next_steps import URGENT, next_step
from signing_service.workflow.notice_values import Place, Value, references, shown, title_in
from signing_service.workflow.notices import ASKING, asking_subject, subject_and_body
from signing_service.workflow.posting import Notice, send_notice
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_acts, load_terms


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
        _notify(session, service, others, terms, "countersigned", now, when=time, officer=signer)
        return
    _tell_when_complete(session, service, terms, before.given(terms), signatory.signer, now)
    _tell_next(session, service, terms, before, signatory.signer, now)


def tell_about_paper(session: Session, service: Service, mandate: MandateRow, officer: str, now: datetime) -> None:
    """Tell the representative that their signature on paper was attested, and the officers when that completes."""
    terms = Terms.from_json(agreements.get(session, mandate.agreement).terms)
    signer, by = people.get(session, mandate.person), people.get(session, officer)
    _notify(session, service, [signer], terms, "paper", now, officer=by)
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
    session: Session, service: Service, mandate: MandateRow, officer: str, now: datetime
) -> None:
    """Tell a representative that an officer confirmed the passkey."""
    terms, by = Terms.from_json(agreements.get(session, mandate.agreement).terms), people.get(session, officer)
    waits = terms.rules.order != "free" and ahead(terms, load_acts(session, terms.id), mandate.signer)
    kind = "confirmed in turn" if waits else "confirmed"
    _notify(session, service, [people.get(session, mandate.person)], terms, kind, now, officer=by)


def tell_about_revocation(
    session: Session, service: Service, rows: Sequence[MandateRow], officer: str, now: datetime, kind: str = "revoked"
) -> None:
    """Tell a representative that an officer took a passkey back, which was enrolled for all these mandates.

    ``kind``: ``differed`` where the codes did.
    """
    places = tuple(_place(session, row) for row in {(row.agreement, row.signer): row for row in rows}.values())
    person, by = people.get(session, rows[0].person), people.get(session, officer)
    _notify(session, service, [person], places[0].terms, kind, now, places=places, officer=by)


def tell_about_question(
    session: Session, service: Service, terms: Terms, person: Person, text: str, now: datetime
) -> None:
    """Tell the officers what a representative asks."""
    _notify(session, service, people.officers(session), terms, "question", now, name=person.name, text=text)


def tell_about_answer(
    session: Session, service: Service, terms: Terms, person: Person, now: datetime, **said: str | Person
) -> None:
    """Tell a representative what the secretariat answered; ``said``: ``question``, ``answer`` and ``officer``."""
    _notify(session, service, [person], terms, "answer", now, **said)


def tell_about_replacement(
    session: Session, service: Service, former: MandateRow, officer: str, now: datetime
) -> None:
    """Tell who held a mandate until now that somebody else signs, for which party and as what, and what they keep."""
    place, person = _place(session, former), people.get(session, former.person)
    given = load_acts(session, former.agreement).given(place.terms)
    held = [row for row in mandates.of_person(session, person.id) if row.agreement == former.agreement]
    kept = tuple(_place(session, row) for row in held if row.signer not in (SECRETARIAT, *given))
    more = {"kept": kept} if kept else {}
    by = people.get(session, officer)
    _notify(session, service, [person], place.terms, "replaced", now, place=place, officer=by, **more)


def tell_about_new_mandate(
    session: Session, service: Service, row: MandateRow, reason: str, officer: str, now: datetime
) -> None:
    """Tell who signs as before that it is by another mandate now, and why."""
    place, person = _place(session, row), people.get(session, row.person)
    said: dict[str, Value] = {"organ": Mandate.from_json(row.json).organ, "reason": reason}
    by = people.get(session, officer)
    _notify(session, service, [person], place.terms, "mandate", now, place=place, officer=by, **said)


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
        _notify(session, service, [person], terms, kind, now)


def tell_about_withdrawal(
    session: Session, service: Service, terms: Terms, reason: str, officer: str, now: datetime
) -> None:
    """Tell everybody in the agreement that it was withdrawn, by whom and why."""
    parties = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
    by = people.get(session, officer)
    _notify(session, service, parties.values(), terms, "withdrawn", now, reason=reason, officer=by)


def tell_about_extension(
    session: Session, service: Service, terms: Terms, until: datetime, reason: str, officer: str, now: datetime
) -> None:
    """Tell everybody in the agreement until when it can be signed now, in UTC and at their university, and why."""
    parties = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
    said: dict[str, Value] = {"until": until, "reason": reason, "officer": people.get(session, officer)}
    _notify(session, service, parties.values(), terms, "extended", now, **said)


def tell_about_contradiction(session: Session, service: Service, message: str, hint: str, now: datetime) -> None:
    """Tell the officers that a log witness contradicts the record."""
    for officer in people.officers(session):
        gettext = translations(officer.locale).gettext
        subject = gettext("ALARM: a log witness contradicts the record of %s") % service.trust.record_origin
        body = f"{_in_language(message, gettext)}\n\n{_in_language(hint, gettext)}"
        step = next_step("alarm", officer.locale)
        about = Notice("alarm", subject, body, gettext("The record"), step.page, step.button)
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
    closes = load_acts(session, terms.id).closes(terms) if kind in URGENT else None
    for person in recipients:
        zone = zones.get(person.id, person.time_zone)
        said = {name: shown(value, person.locale, zone) for name, value in values.items()}
        subject, body = subject_and_body(kind, person.locale, {"agreement": terms.id, **said})
        if kind in ASKING:
            subject = asking_subject(kind, person.locale, title_in(terms, person.locale), terms.reference)
        else:
            subject = f"{subject}{colon(person.locale)}{references(terms, values)}"
        step = next_step("replaced in part" if "kept" in values else kind, person.locale)
        page = step.page % {"agreement": terms.id, "signer": values.get("signer")}
        until = shown(closes, person.locale, zone) if closes is not None else ""
        title = "" if "places" in values else title_in(terms, person.locale)  # they name theirs
        notice = Notice(kind, subject, body, title, page, step.button, step.sentence, until)
        send_notice(session, service, person, notice, now, agreement=terms.id)


def _zones(session: Session, terms: Terms) -> dict[str, str]:
    """The time zone of each representative's university, by person."""
    own = {signer.id: signer.party.time_zone for signer in terms.signers()}
    holders = mandates.holders(session, terms.id)
    return {person: own[signer] for signer, person in holders if signer in own}
