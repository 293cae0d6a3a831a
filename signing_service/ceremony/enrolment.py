"""Coming in, enrolling passkeys and confirming them, as the pages do it: the code is computed on both sides."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from signing_service.approval import enrolment_code
from signing_service.ceremony.authenticator import Authenticator
from signing_service.ceremony.browser import Browser
from signing_service.encoding import from_base64url, sha256_hex, to_base64url
from signing_service.errors import VerificationError


@dataclass(frozen=True, slots=True)
class Participant:
    """One person with a browser and, unless passwords are to do, a device that makes passkeys."""

    browser: Browser
    secret: str | Authenticator
    """The password, or the device."""


def come_in(browser: Browser, token: str, device: Authenticator | None) -> Participant:
    """Accept an invitation: with a login passkey, or with a password where there is no device."""
    password = secrets.token_urlsafe(18)
    how: dict[str, Any] = {"password": password} if device is None else {"passkey": True}
    browser.open("/invitation")
    browser.post("/api/invitations/accept", {"token": token, **how})
    browser.open("/")
    if device is not None:
        browser.post("/api/passkeys", {"answer": device.create(_options(browser, "login"))})
    else:
        browser.submit("/prove", proof_password=password)  # as the pages ask before anything of weight
    return Participant(browser, password if device is None else device)


def enrol_officer(officer: Participant) -> None:
    """Register the first officer's passkey for confirmations; the trust file names it from now on."""
    if isinstance(officer.secret, Authenticator):
        answer = officer.secret.create(_options(officer.browser, "officer"))
        officer.browser.post("/api/officers/keys", {"answer": answer})


def enrol(person: Participant, agreement: str, signer: str) -> str:
    """Enrol an approval passkey and give the code that the person reads out; nothing without a device."""
    if not isinstance(person.secret, Authenticator):
        return ""
    answer = person.secret.create(_options(person.browser, "approval"))
    path = f"/api/agreements/{agreement}/enrolments"
    _, enrolled = person.browser.post(path, {"signer": signer, "answer": answer})
    key = person.secret.passkeys[-1].cose_key
    if enrolled["key"] != to_base64url(key):
        raise VerificationError(f"the service shows another key for {signer} than the device made")
    return enrolment_code(key, person.secret.origin)


def confirm(officer: Participant, signer: str, code: str) -> None:
    """Compare the code on the officer's own screen, and confirm with the officer's passkey.

    Raises VerificationError where the codes differ, or the statement is about another credential than the code.
    """
    if not isinstance(officer.secret, Authenticator):
        return
    waiting = officer.browser.read("/api/enrolments")["enrolments"]
    [item] = [one for one in waiting if one["signer"] == signer]
    key = from_base64url(item["key"])
    if enrolment_code(key, officer.secret.origin) != code:
        raise VerificationError(f"the code of {signer} differs on the officer's screen; nothing was confirmed")
    path = f"/api/enrolments/{item['enrolment']}/confirmation"
    _, begun = officer.browser.post(f"{path}/options", {"method": "in-person"})
    stated = begun["statement"]
    if (stated["credential"], stated["signer"], stated["mandate"]) != (sha256_hex(key), signer, item["mandate"]):
        raise VerificationError("the confirmation would be of another credential; nothing was confirmed")
    officer.browser.post(path, {"answer": officer.secret.get(begun["passkey"])})


def _options(browser: Browser, kind: str) -> dict[str, Any]:
    _, answer = browser.post("/api/passkeys/options", {"kind": kind})
    options: dict[str, Any] = answer["passkey"]
    return options
