"""Who is looking at a page: Flask-Login's user, over the sessions that the database keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import current_app, g, request, session
from flask_login import UserMixin, current_user, login_required, login_user, logout_user

from signing_service.errors import NotAllowedError, NotFoundError, UnavailableError
from signing_service.web import known_devices, languages
from signing_service.workflow import login
from signing_service.workflow.login import SessionPerson
from signing_service.workflow.permissions import Undertaking, may
from signing_service.workflow.service import Service

PASSIVE = frozenset({"own.clock", "passkeys.own_enrolments", "static"})
"""Endpoints that pages ask by themselves: nobody has done anything, so the session grows old meanwhile."""

P = ParamSpec("P")
R = TypeVar("R")


class Visitor(UserMixin):  # type: ignore[misc]
    """A person who is signed in. The id that the cookie carries is the session's token, never the person's id."""

    def __init__(self, token: str, person: SessionPerson) -> None:
        self.token = token
        self.person_id = person.person_id
        self.name = person.name
        self.native_name = person.native_name
        self.email = person.email
        self.office = person.office
        self.locale = person.locale
        self.at_table = person.at_table
        self.table_agreement = person.table_agreement
        self.table_signer = person.table_signer
        self.fresh = person.fresh
        self.unprotected = person.unprotected
        self.expires = person.expires
        self.last = person.last

    @property
    def officer(self) -> bool:
        """Whether of the secretariat, lead officers included."""
        return self.may("secretariat")

    def may(self, undertaking: Undertaking) -> bool:
        """Whether this person's office allows it; at the signing table nobody holds one."""
        return may(self.office, undertaking)

    def get_id(self) -> str:
        return self.token


def the_service() -> Service:
    """The service that this application was made around."""
    return cast("Service", current_app.extensions["signing_service"])


def load_visitor(token: str) -> Visitor | None:
    """Who is behind the token in the cookie; None when its session is over.

    Where the database does not answer the request ends with that error, once: its page and headers are for nobody.
    """
    if g.get("visitor_unknown"):
        return None
    try:
        person = login.session_person(the_service(), token, seen=request.endpoint not in PASSIVE)
    except UnavailableError:
        g.visitor_unknown = True
        raise
    return None if person is None else Visitor(token, person)


def visitor() -> Visitor:
    """The person who is signed in, in views that ask for one."""
    return cast("Visitor", current_user._get_current_object())


def refuse_password_at_table() -> None:
    """Raise NotAllowedError at the signing table: who stands around could have seen or know a password."""
    if visitor().at_table:
        raise NotAllowedError("at the signing table you approve with your own passkey", hint="use your phone or key")


def begin_session(token: str) -> None:
    """Put a fresh session's token into the cookie; everything else in it is forgotten, the CSRF token included.

    A session that this browser had before ends, whoever's it was.
    """
    person = login.session_person(the_service(), token)
    if person is None:
        raise NotAllowedError("the session ended at once", hint="sign in again")
    chosen_language, before = session.get("language"), session.get("_user_id")
    session.clear()
    if before and before != token:
        login.sign_out(the_service(), before)  # nobody could end it any more: its cookie is gone
    if chosen_language:
        session["language"] = chosen_language
    if not person.at_table:
        known_devices.remember(person.email)
    login_user(Visitor(token, person))
    if not person.at_table:
        languages.note(the_service(), person.person_id, person.locale)


def end_session() -> None:
    """End the session in the database and empty the cookie."""
    if current_user.is_authenticated:
        login.sign_out(the_service(), visitor().token)
    logout_user()
    session.clear()


def client() -> dict[str, str]:
    """Address and browser of the request, as sessions note them."""
    return {"address": request.remote_addr or "", "agent": request.headers.get("User-Agent", "")}


def office_required(undertaking: Undertaking) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in whose office allows the undertaking; for all others there is no such page, whatever it is asked about."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not visitor().may(undertaking):
                raise NotFoundError("there is no such page")
            return view(*args, **kwargs)

        return cast("Callable[P, R]", login_required(guarded))

    return guard


def officer_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only officers of the secretariat in; who is not signed in is asked to."""
    return office_required("secretariat")(view)
