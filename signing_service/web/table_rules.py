"""What a session at the signing table may do: read, enrol a passkey for approving, sign, decline, finish; no more.

The table's device is somebody else's, so nothing that outlives the visit may be set up on it, and nobody is an officer.
It is unlocked for one signature: of the person's other agreements and places nothing is seen or done there.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from flask_login import current_user

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import NotAllowedError
from signing_service.web.bodies import read_json
from signing_service.web.visitor import the_service
from signing_service.workflow import attempts

READING = ("public.", "hall.", "record.", "operations.", "well_known.", "representative.")  # blueprints
PUBLIC = ("public.", "hall.", "record.", "operations.", "well_known.")  # its address may name any agreement
ELSEWHERE = frozenset({"representative.home"})  # lists all of a person's agreements
ALLOWED = frozenset(
    (
        "static",
        "account.sign_out",
        "own.clock",
        "own.stay",
        "api.session_state",
        "api.begin",
        "api.approve",
        "api.complete",
        "api.state",
        "api.refusal_options",
        "api.refuse",
        "passkey_pages.enrol",
        "passkeys.registration_options",
        "passkeys.enrol",
        "passkeys.enrol_again",
        "passkeys.own_enrolments",
        "signing_table.finish",
        "signing_table.free",
        "verification.report",
    )
)
# endpoint → member of the request, and what it may be, where that matters
ASKED_FOR: dict[str, tuple[str, Callable[[object], bool]]] = {
    "passkeys.registration_options": ("kind", lambda kind: kind == "approval"),
    "api.begin": ("signer", lambda signer: signer != SECRETARIAT),
    "api.refusal_options": ("signer", lambda signer: signer != SECRETARIAT),
    "api.refuse": ("signer", lambda signer: signer != SECRETARIAT),
}


def register(app: Flask) -> None:
    """Look at every request before its view; to be called after the extensions that know who asks."""
    app.before_request(refuse_at_table)


def refuse_at_table() -> None:
    """Raise NotAllowedError where a session at the table asks for anything else.

    Who asks is not looked up (in the database) for what everybody may do.
    """
    endpoint = request.endpoint
    if endpoint is None or endpoint == "static":
        return
    allowed = is_allowed(endpoint) and _asks_for_allowed(endpoint)
    if allowed and (endpoint.startswith(PUBLIC) or endpoint == "signing_table.free"):
        return
    if current_user.is_authenticated and current_user.at_table and not (allowed and _is_the_tables_own()):
        raise NotAllowedError(
            "at the signing table you only read, enrol a passkey for approving, sign or decline",
            hint="finish here; do the rest on your own device",
        )


def _is_the_tables_own() -> bool:
    """Whether the address and the request speak of no other agreement and signer than the table's."""
    asked = request.view_args or {}
    body = read_json() if request.is_json else None
    signers = [asked.get("signer"), body.get("signer") if isinstance(body, dict) else None]
    agreement_id = asked.get("agreement_id")
    if "attempt_id" in asked:
        agreement_id, signer = attempts.place_of(the_service(), asked["attempt_id"])
        if agreement_id is None:
            return False  # an attempt that there is not is answered as somebody else's is
        signers.append(signer)
    own = (current_user.table_agreement, current_user.table_signer)
    return agreement_id in (None, own[0]) and all(signer in (None, own[1]) for signer in signers)


def is_allowed(endpoint: str) -> bool:
    """Whether a session at the table may ask this endpoint at all."""
    return endpoint in ALLOWED or (endpoint.startswith(READING) and endpoint not in ELSEWHERE)


def _asks_for_allowed(endpoint: str) -> bool:
    if endpoint not in ASKED_FOR:
        return True
    member, may_be = ASKED_FOR[endpoint]
    body = read_json()
    return not isinstance(body, dict) or member not in body or may_be(body[member])  # malformed: the view says so
