"""Proving presence again within a session, before what must not be done by whoever finds the browser open.

::

    means = means_of(service, person_id)                         # what the page may ask for
    prove_by_password(service, person_id, token, "…", "123456")  # slow; raises WrongPasswordError

A passkey proves by workflow.passkey_login.step_up. A university's single sign-on proves nothing here: it may have
happened hours ago, and the service cannot see how.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing_service.errors import NotAllowedError
from signing_service.store import passkeys, people, sessions
from signing_service.workflow import codes
from signing_service.workflow.login import check_password
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class Means:
    """What a person can prove presence with."""

    passkey: bool
    password: bool
    code: bool
    """Whether the password needs a one-time code beside it."""

    @property
    def any(self) -> bool:
        """Whether there is anything at all."""
        return self.passkey or self.password


def means_of(service: Service, person_id: str) -> Means:
    """What this person has; a password alone counts only where the settings say so."""
    with service.database.read() as session:
        code = codes.is_set_up(session, person_id)
        enough = code or not service.settings.password_needs_code
        password = people.get(session, person_id).password_hash is not None and enough
        return Means(bool(passkeys.of_person(session, person_id, "login")), password, code)


def has_password(service: Service, person_id: str) -> bool:
    """Whether the person has chosen a password; who has not signs in by passkey, university or a link."""
    with service.database.read() as session:
        return people.get(session, person_id).password_hash is not None


def prove_by_password(service: Service, person_id: str, token: str, password: str, code: str) -> None:
    """Note in the session that the person proved presence; raises WrongPasswordError.

    Raises NotAllowedError where a password alone is not enough and no codes are set up.
    """
    if not means_of(service, person_id).password:
        raise NotAllowedError("your password needs a one-time code beside it", hint="use your passkey, or set codes up")
    check_password(service, person_id, password)
    codes.check(service, person_id, code)
    with service.database.begin() as session:
        sessions.step_up(session, token, now=service.clock())
