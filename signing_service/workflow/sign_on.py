"""Signing in by a university's account. Whose account opens what, officers decide; what it opens never signs. ::

    expect_login(service, officer_id, person_id, "njupt", email="lin@njupt.example")
    address = begin(service, "njupt", "/agreements/", browser)           # the browser goes to the university
    arrived = finish(service, "njupt", request.args, browser, address=…, agent=…)   # the first time: it waits …
    confirm_login(service, officer_id, login_id, subject)                # … until an officer has asked the person

An address alone is not enough, since universities give addresses to others after a while: what counts is the issuer's
*subject*, which the officer types in, or which comes with the expected, verified address and is confirmed by voice.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.addresses import check_address
from signing_service.encoding import canonical_json, parse_canonical_json, to_base64url
from signing_service.errors import (
    ApprovalError,
    ConflictError,
    InputError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)
from signing_service.store import mandates, passkeys, people, sessions, university_logins
from signing_service.store.tables import UniversityLogin
from signing_service.workflow.oidc import Account, ForeignAnswerError, RelyingParty, foreign
from signing_service.workflow.permissions import require, require_over
from signing_service.workflow.providers import Provider
from signing_service.workflow.service import Service

STATE_LIFETIME = timedelta(minutes=15)
PURPOSE = "sign-on"
MAX_SUBJECT = 255  # characters, OpenID Connect Core section 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody came back from the university and is signed in."""

    token: str
    """Of the new session."""
    next_page: str


@dataclass(frozen=True, slots=True)
class Login:
    """A university's account that is, or is to be, a person's."""

    id: str
    provider: str
    """The university's name."""
    email: str | None
    subject: str | None
    claimed_name: str | None
    state: str
    last_used: datetime | None


def relying_party(service: Service, provider_id: str) -> RelyingParty:
    """The client of a configured provider; raises NotFoundError."""
    found = service.sign_on.get(provider_id)
    if found is None:
        raise NotFoundError("there is no such university sign-in")
    return found


def begin(service: Service, provider_id: str, next_page: str, browser: str) -> str:
    """The address at the university; ``browser``: a secret that only this browser and its session know."""
    party, now = relying_party(service, provider_id), service.clock()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with _told_to_people(provider_id):
        url = party.authorization_url(state, nonce, verifier, now)
    about = canonical_json({"provider": provider_id, "nonce": nonce, "verifier": verifier, "next": next_page[:1000]})
    with service.database.begin() as session:
        passkeys.forget_challenges(session, now=now)
        passkeys.add_challenge(session, _key(state, browser), PURPOSE, expires=now + STATE_LIFETIME, about=about)
    return url


def finish(
    service: Service, provider_id: str, given: Mapping[str, str], browser: str, *, address: str, agent: str
) -> Arrived:
    """Take the university's answer (the query of the return address) and open a session.

    Raises NotAllowedError on whatever is not the answer to this browser's own question, and where the account is not,
    or not yet, connected to a person; UnavailableError where the university does not answer.
    """
    party, now = relying_party(service, provider_id), service.clock()
    with _told_to_people(provider_id):
        question = _question(service, given.get("state", ""), browser, now)
        if question["provider"] != provider_id:
            raise foreign("the answer came to another provider's address")
        party.check_issuer(given.get("iss"), now)
        if "error" in given or not given.get("code"):
            raise NotAllowedError("the university did not sign you in", hint="try again, or sign in in another way")
        account = party.account(given["code"], question["verifier"], question["nonce"], now)
    with service.database.begin() as session:
        login = _login_of(session, party.provider, account, now)
        if login is not None and login.state == "confirmed":
            if people.get(session, login.person).ended is not None:
                raise NotAllowedError("this person may not sign in any more")
            login.last_used = now
            token = sessions.start(
                session, login.person, now=now, address=address, agent=agent, step_up=False, method="university"
            )
            return Arrived(token, str(question["next"]))
    raise _not_yet(login)


@contextmanager
def _told_to_people(provider_id: str) -> Iterator[None]:
    """What went wrong with a provider is for the log; people are told what to do."""
    try:
        yield
    except ForeignAnswerError as error:
        _log.warning("sign-on by %s refused: %s", provider_id, error.message)
        raise NotAllowedError(
            "the university's answer cannot be accepted", hint="begin again on the sign-in page"
        ) from error
    except UnavailableError as error:
        _log.warning("sign-on by %s: %s", provider_id, error.message)
        raise UnavailableError(
            "the university's sign-in does not answer", hint="sign in in another way, or try later"
        ) from error


def _question(service: Service, state: str, browser: str, now: datetime) -> dict[str, str]:
    """What was asked under this state by this browser; once, so that no answer counts twice."""
    with service.database.begin() as session:
        try:
            about = passkeys.take_challenge(session, _key(state, browser), PURPOSE, now=now)
        except ApprovalError as error:
            raise foreign("its state is not one that this browser was given, or was used") from error
    question: dict[str, str] = parse_canonical_json(about)
    return question


def _key(state: str, browser: str) -> bytes:
    return hashlib.sha256(f"{PURPOSE}\0{state}\0{browser}".encode()).digest()


def _login_of(session: Session, provider: Provider, account: Account, now: datetime) -> UniversityLogin | None:
    """The row of this subject; one that was expected by its address is bound to the subject and waits."""
    found = university_logins.by_subject(session, account.issuer, account.subject)
    if found is not None or account.email is None:
        return found
    expected = university_logins.expected(session, provider.id, account.issuer, account.email)
    if expected is None:
        return None
    if not account.email_verified:
        raise NotAllowedError(
            "the university has not verified this e-mail address", hint="ask the secretariat to connect your account"
        )
    expected.subject, expected.claimed_name = account.subject, account.name
    expected.state, expected.came = "waiting", now
    return expected


def _not_yet(login: UniversityLogin | None) -> NotAllowedError:
    if login is None:
        return NotAllowedError(
            "this university account is not connected to anybody here", hint="ask the secretariat to connect it"
        )
    return NotAllowedError(
        "this university account waits for the secretariat", hint="an officer asks you whether it is yours"
    )


def expect_login(
    service: Service, officer_id: str, person_id: str, provider_id: str, *, email: str = "", subject: str = ""
) -> None:
    """An officer connects an account: by its subject at once, by its address as soon as it came and was confirmed.

    Raises InputError unless exactly one of the two is given, ConflictError where it is somebody's already,
    NotAllowedError where the provider is another party's.
    """
    provider, now = relying_party(service, provider_id).provider, service.clock()
    if bool(email) == bool(subject) or len(subject) > MAX_SUBJECT:
        raise InputError("give either the address or the identifier of the account")
    address = check_address(email) if email else None
    with service.database.begin() as session:
        require_over(session, officer_id, person_id)
        if provider.party is not None and provider.party not in _parties(session, person_id):
            raise NotAllowedError("this person does not act for that university", hint="give the mandate first")
        taken = university_logins.by_subject(session, provider.issuer, subject) if subject else None
        if taken or (address and university_logins.expected(session, provider.id, provider.issuer, address)):
            raise ConflictError("this university account is somebody's already")
        login = university_logins.add(session, person_id, provider.id, provider.issuer, officer_id, now=now)
        login.email, login.subject = address, subject or None
        if subject:
            login.state, login.confirmed, login.confirmed_by = "confirmed", now, officer_id


def confirm_login(service: Service, officer_id: str, login_id: str, subject: str) -> None:
    """An officer has asked the person whether the account that came is theirs; raises NotFoundError, ConflictError."""
    with service.database.begin() as session:
        require(session, officer_id, "confirm")
        login = university_logins.lock(session, login_id)
        require_over(session, officer_id, login.person)
        if login.state != "waiting" or login.subject != subject:
            raise ConflictError("this university account does not wait for a confirmation", hint="reload the page")
        login.state, login.confirmed, login.confirmed_by = "confirmed", service.clock(), officer_id


def end_login(service: Service, officer_id: str, login_id: str) -> None:
    """From now on this account signs nobody in, and who came by any university account is signed out."""
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "confirm")
        login = university_logins.lock(session, login_id)
        require_over(session, officer_id, login.person)
        login.state, login.ended = "ended", now
        sessions.end_all(session, login.person, now=now, method="university")


def logins_of(service: Service, person_id: str) -> list[Login]:
    """The accounts that are, or are to be, a person's."""
    names = {one.provider.id: one.provider.name for one in service.sign_on.values()}
    with service.database.read() as session:
        return [
            Login(row.id, names.get(row.provider, row.provider), row.email, row.subject, row.claimed_name, row.state,
                  row.last_used)
            for row in university_logins.of_person(session, person_id)
        ]  # fmt: skip


def _parties(session: Session, person_id: str) -> set[str]:
    return {mandate.signer.partition(":")[0] for mandate in mandates.of_person(session, person_id)}


def new_browser_secret() -> str:
    """What ties a question to the browser that asked it."""
    return to_base64url(secrets.token_bytes(32))
