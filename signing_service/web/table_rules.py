"""What a session at the signing table may do: read, enrol a passkey for approving, sign, decline, finish; no more.

The table's device is somebody else's, so nothing that outlives the visit may be set up on it, and nobody is an officer.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from flask_login import current_user

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import NotAllowedError

READING = ("public.", "hall.", "record.", "operations.", "representative.")  # blueprints
ALLOWED = frozenset(
    (
        "static",
        "account.sign_out",
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
    if endpoint is None or (is_allowed(endpoint) and _asks_for_allowed(endpoint)):
        return
    if current_user.is_authenticated and current_user.at_table:
        raise NotAllowedError(
            "at the signing table you only read, enrol a passkey for approving, sign or decline",
            hint="finish here; do the rest on your own device",
        )


def is_allowed(endpoint: str) -> bool:
    """Whether a session at the table may ask this endpoint at all."""
    return endpoint in ALLOWED or endpoint.startswith(READING)


def _asks_for_allowed(endpoint: str) -> bool:
    if endpoint not in ASKED_FOR:
        return True
    member, may_be = ASKED_FOR[endpoint]
    body = request.get_json(silent=True)
    return not isinstance(body, dict) or member not in body or may_be(body[member])  # malformed: the view says so
