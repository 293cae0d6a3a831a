"""What pages show: a person's agreements, one agreement with its parties, the secretariat's dashboard."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Act, Acts, entry_into_force, is_over, state
from signing_service.agreement.source import TOML, Source, read_countries
from signing_service.agreement.terms import Party, Signer, SignerRole, Terms
from signing_service.agreement.turns import ahead
from signing_service.errors import NotFoundError
from signing_service.store import acts, agreements, listing, mandates, outbox, passkeys, sessions
from signing_service.store.listing import Stage
from signing_service.store.tables import Agreement, OutboxMail, Person
from signing_service.workflow.download import check_reader
from signing_service.workflow.drafts import load_source
from signing_service.workflow.permissions import require
from signing_service.workflow.reservations import Reservation, reservation
from signing_service.workflow.service import Service
from signing_service.workflow.state import load_acts, load_terms

PAGE = 24  # agreements


@dataclass(frozen=True, slots=True)
class SignerView:
    """One signer's place in an agreement."""

    id: str
    party: Party
    role: SignerRole
    status: str
    """``waiting`` · ``signing`` (with an own certificate, the turn being reserved) · ``signed`` · ``paper`` (signed by
    hand, attested by an officer) · ``refused``."""
    time: datetime | None
    """UTC, of the signature or refusal."""
    representative: str | None
    """Who holds the mandate; after signing, who signed."""
    native_name: str | None
    """Of the same person, in their own script."""
    person_id: str | None
    reason: str = ""
    """Of a refusal."""
    turn: str = ""
    """Where they sign in turns: ``next`` · ``later`` (others sign first); else empty."""
    last_seen: datetime | None = None
    """When the holder of the mandate was signed in last; told to officers only."""


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement as a person sees it."""

    id: str
    terms: Terms
    state: str
    """``draft`` · ``open`` · ``complete`` · ``in-force`` · ``withdrawn`` · ``superseded`` · ``expired``."""
    revision0_sha256: str | None
    revision: int | None
    """Number of the newest revision."""
    signers: tuple[SignerView, ...]
    my_signers: tuple[str, ...]
    """Signer ids that the person looking holds a mandate for."""
    countersigned: datetime | None
    in_force_from: datetime | None
    archived: bool
    complete: bool
    """Whether the rules are met, so that an officer may countersign."""
    over: bool
    """Whether nobody can sign any more."""
    reserved: Reservation | None = None
    """Who has reserved the turn, to sign with an own certificate."""
    extended_until: datetime | None = None
    """The end to which signing was extended."""
    withdrawal: Act | None = None
    """When and why it was withdrawn."""

    @property
    def closes(self) -> datetime | None:
        """When signing closes, as sealed or as extended."""
        return self.extended_until or self.terms.rules.closes

    @property
    def title(self) -> str:
        """In the agreement's first language."""
        return self.terms.title[self.terms.languages[0]]

    @property
    def signed_count(self) -> int:
        """How many signers have signed."""
        given = ("signed", "paper") if self.terms.rules.paper == "counts" else ("signed",)
        return sum(signer.status in given for signer in self.signers)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the agreements, the newest first."""

    agreements: tuple[AgreementView, ...]
    older: str | None
    """The id below which the next page begins; None where this is the last one."""


def agreements_for(service: Service, person_id: str, after: str = "") -> Page:
    """The published agreements in which a person holds a mandate, or that they observe; a page below ``after``."""
    with service.database.read() as session:
        rows = listing.agreements_of(session, person_id, limit=PAGE + 1, after=after)
        return _page(session, service, rows, person_id)


def _page(session: Session, service: Service, rows: list[Agreement], person_id: str) -> Page:
    shown = rows[:PAGE]  # one more was asked for, to know whether there is one
    views = tuple(_view(session, service, row, person_id) for row in shown)
    return Page(views, shown[-1].id if len(rows) > PAGE else None)


def agreement_view(service: Service, person_id: str, agreement_id: str) -> AgreementView:
    """One agreement for a person who may read it; raises NotFoundError."""
    with service.database.read() as session:
        check_reader(session, person_id, agreement_id)
        return _view(session, service, agreements.get(session, agreement_id), person_id)


def agreement_source(service: Service, person_id: str, agreement_id: str) -> Source:
    """The parsed text of an agreement, for its page; raises NotFoundError."""
    with service.database.read() as session:
        check_reader(session, person_id, agreement_id)
        return load_source(session, agreement_id)[0]


@dataclass(frozen=True, slots=True)
class PublicView:
    """An agreement's state as the secretariat lets everybody see it."""

    view: AgreementView
    names: bool
    """Whether the people who signed are named, too."""
    signing: frozenset[str]
    """The signers who are just signing."""
    completed: datetime | None
    """When the last signature came that made it complete."""


def public_view(service: Service, agreement_id: str) -> PublicView:
    """A published agreement's state for everybody; raises NotFoundError for a draft and where nobody may see it."""
    with service.database.read() as session:
        agreements.newest_end(session, agreement_id)
        row = agreements.get(session, agreement_id)
        if row.publicity == "nobody":
            raise NotFoundError("there is no such agreement")
        view, now = _view(session, service, row, None), service.clock()
        signing = acts.signing_now(session, agreement_id, now=now)
        waiting = {signer.id for signer in view.signers if signer.status == "waiting"}
        return PublicView(view, row.publicity == "people", frozenset(signing & waiting), _completed(view))


def printed_countries(service: Service, agreement_id: str) -> Mapping[str, Mapping[str, str]]:
    """The names of the parties' countries by party and language, where the agreement prints them in words."""
    with service.database.read() as session:
        return _countries_in(agreements.source_file(session, agreement_id, TOML))


@functools.lru_cache(maxsize=128)
def _countries_in(toml: bytes) -> Mapping[str, Mapping[str, str]]:
    """Parsed once: everybody in the hall asks."""
    return read_countries(toml)


def _completed(view: AgreementView) -> datetime | None:
    """The time of the first signature with which the rules were met."""
    given = sorted((one.time, one.id) for one in view.signers if one.status == "signed" and one.time is not None)
    signed: set[str] = set()
    for time, signer in given:
        signed.add(signer)
        if view.terms.is_complete(signed):
            return time
    return None


def followed(service: Service, officer_id: str, agreement_id: str) -> AgreementView:
    """One agreement for an officer, with when each representative was here last; raises NotAllowedError."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        view = _view(session, service, agreements.get(session, agreement_id), officer_id)
        seen = sessions.last_seen(session, {one.person_id for one in view.signers if one.person_id})
    signers = tuple(replace(one, last_seen=seen.get(one.person_id or "")) for one in view.signers)
    return replace(view, signers=signers)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What an officer sees first."""

    page: Page
    stage: Stage
    search: str
    failed_mails: int
    """How many mails were refused or came back."""
    failed_by_agreement: Mapping[str, int]
    """The same for the agreements of the page, as far as there are any."""
    waiting_passkeys: int
    """How many representatives' passkeys wait for an officer's confirmation."""


def dashboard(service: Service, officer_id: str, *, stage: Stage = "", search: str = "", after: str = "") -> Dashboard:
    """A page of the agreements at a stage, below ``after``; raises NotAllowedError for anybody but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        rows = listing.agreements_page(session, limit=PAGE + 1, stage=stage, search=search, after=after)
        failed = outbox.count(session, "failed")
        by_agreement = outbox.failed_by_agreement(session, [row.id for row in rows]) if failed else {}
        page, waiting = _page(session, service, rows, officer_id), passkeys.count_waiting(session)
        return Dashboard(page, stage, search, failed, by_agreement, waiting)


@dataclass(frozen=True, slots=True)
class Mails:
    """An agreement's mails with their delivery."""

    all: tuple[OutboxMail, ...]
    """The newest first."""
    newest: Mapping[str, OutboxMail]
    """The newest one to each person, by person id."""


def mails_of(service: Service, officer_id: str, agreement_id: str) -> Mails:
    """An agreement's mails with their delivery; raises NotAllowedError for anybody but officers."""
    with service.database.read() as session:
        require(session, officer_id, "secretariat")
        found = outbox.of_agreement(session, agreement_id)
    return Mails(tuple(found), {mail.person: mail for mail in reversed(found) if mail.person})


def _view(session: Session, service: Service, row: Agreement, person_id: str | None) -> AgreementView:
    terms = load_terms(row)
    done = load_acts(session, row.id)
    given = mandates.of_agreement(session, row.id)
    holders = {mandate.signer: person for mandate, person in given}
    ends = agreements.ends(session, row.id)
    held = reservation(session, row.id, service.clock()) if row.state == "published" else None
    return AgreementView(
        id=row.id,
        terms=terms,
        state=state(terms, done, service.clock()) if row.state == "published" else "draft",
        revision0_sha256=ends[0].sha256 if ends else None,
        revision=ends[-1].number if ends else None,
        signers=tuple(_signers(terms, done, holders, held.signer if held else "")),
        my_signers=tuple(mandate.signer for mandate, person in given if person.id == person_id),
        countersigned=done.countersignature.time if done.countersignature else None,
        in_force_from=entry_into_force(terms, done),
        archived=bool(acts.archive_timestamps(session, row.id)),
        complete=terms.is_complete(done.given(terms)),
        over=row.state == "published" and is_over(terms, done, service.clock()),
        reserved=held,
        extended_until=done.extended_until,
        withdrawal=done.withdrawal,
    )


def _signers(terms: Terms, done: Acts, holders: dict[str, Person], signing: str) -> list[SignerView]:
    views = []
    for signer in terms.signers():
        act, status = done.signatures.get(signer.id), "signed"
        if act is None:
            act, status = done.papers.get(signer.id), "paper"
        if act is None:
            act, status = done.refusals.get(signer.id), "refused"
        holder = holders.get(signer.id)
        views.append(
            SignerView(
                id=signer.id,
                party=signer.party,
                role=signer.role,
                status=status if act else ("signing" if signer.id == signing else "waiting"),
                time=act.time if act else None,
                representative=holder.name if holder else None,
                native_name=holder.native_name if holder else None,
                person_id=holder.id if holder else None,
                reason=act.reason if act else "",
                turn=_turn(terms, done, signer),
            )
        )
    return views


def _turn(terms: Terms, done: Acts, signer: Signer) -> str:
    if terms.rules.order == "free" or signer.party.guest:
        return ""
    return "later" if ahead(terms, done, signer.id) else "next"
