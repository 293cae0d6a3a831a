"""Signing in by a university: to its own page and back. The answer is taken by a GET, as OpenID Connect has it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from signing_service.errors import NotAllowedError, UnavailableError
from signing_service.web import limits
from signing_service.web.error_words import joined
from signing_service.web.presentation import sentence
from signing_service.web.public import local_path
from signing_service.web.visitor import begin_session, client, the_service
from signing_service.workflow import sign_on

blueprint = Blueprint("university", __name__, url_prefix="/sign-in/university")

BROWSER = "sign-on"  # member of the cookie: what ties an answer to the browser that asked


@blueprint.get("/<provider_id>")
def begin(provider_id: str) -> ResponseReturnValue:
    limits.use("passkey-options")  # a row for each question, like a passkey's
    browser = session.setdefault(BROWSER, sign_on.new_browser_secret())
    wanted = local_path(request.args.get("next"))
    try:
        return redirect(sign_on.begin(the_service(), provider_id, wanted, browser), code=303)
    except (NotAllowedError, UnavailableError) as error:
        return _back(error)


@blueprint.get("/<provider_id>/return")
def finish(provider_id: str) -> ResponseReturnValue:
    try:
        arrived = sign_on.finish(the_service(), provider_id, request.args, session.get(BROWSER, ""), **client())
    except (NotAllowedError, UnavailableError) as error:
        return _back(error)
    begin_session(arrived.token)
    return redirect(local_path(arrived.next_page), code=303)


def _back(error: NotAllowedError | UnavailableError) -> ResponseReturnValue:
    """The sign-in page, with what went wrong; nothing of the answer stays in the address."""
    flash(joined(sentence(error.message), sentence(error.hint)), "bad")
    return redirect(url_for("account.sign_in"), code=303)
