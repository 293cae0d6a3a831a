"""A session that a password alone opened, where the settings ask for more: it sets up a code or a passkey, no more."""

from __future__ import annotations

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from signing_service.web.error_pages import answer, wants_json

EVERYBODYS = ("public.", "hall.", "record.", "operations.", "verification.", "university.", "well_known.")  # blueprints
ALLOWED = frozenset(
    (
        "static",
        "account.sign_in",
        "account.sign_out",
        "account.prove",
        "api.session_state",
        "own.show_codes",
        "own.begin_codes",
        "own.confirm_codes",
        "own.clock",
        "own.stay",
        "passkey_pages.own",
        "passkeys.registration_options",
        "passkeys.register_login",
        "passkeys.step_up",
        "passkeys.step_up_options",
    )
)
NOT_YET = frozenset(("public.home", "verification.report"))  # they lead on to what is closed


def register(app: Flask) -> None:
    """Look at every request before its view."""
    app.before_request(ask_for_second_factor)


def ask_for_second_factor() -> ResponseReturnValue | None:
    """Lead who has signed in with a password alone to where the second factor is set up."""
    endpoint = request.endpoint
    if endpoint is None or is_allowed(endpoint):
        return None
    if not (current_user.is_authenticated and current_user.unprotected):
        return None
    if wants_json():
        return answer(403, "a password alone is not enough here", "set up one-time codes or a passkey first")
    flash(_("One more step: a password alone is not enough here."), "wait")
    return redirect(url_for("own.show_codes"), code=303)


def is_allowed(endpoint: str) -> bool:
    """Whether a session that only a password opened may ask this endpoint."""
    return endpoint in ALLOWED or (endpoint.startswith(EVERYBODYS) and endpoint not in NOT_YET)
