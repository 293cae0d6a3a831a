"""Signing in and out, proving presence again, and opening an invitation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from signing_service.errors import NotAllowedError
from signing_service.web import known_devices, limits, proof
from signing_service.web.error_pages import wants_json
from signing_service.web.forms import SignInForm
from signing_service.web.public import local_path
from signing_service.web.visitor import begin_session, client, end_session, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import login

blueprint = Blueprint("account", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated and request.method == "GET":
        return redirect(local_path(request.args.get("next")))
    form = SignInForm()
    failure = None
    if form.validate_on_submit():
        try:
            token = _check_password(form)
        except NotAllowedError as error:
            failure = error
        else:
            begin_session(token)
            return redirect(local_path(request.form.get("next")))
    wanted = request.values.get("next", "")
    page = render_template(
        "account/sign_in.html",
        form=form,
        failure=failure,
        next=wanted,
        data=_passkey_data(wanted),
        universities=[one.provider for one in the_service().sign_on.values()],
    )
    return page, failure.status if failure else 200


def _check_password(form: SignInForm) -> str:
    """The token of a new session; raises NotAllowedError, and counts what was wrong."""
    email, code = form.email.data or "", "".join((form.code.data or "").split())
    known = known_devices.is_known(email)
    with limits.attempt("sign-in", email, known=known):
        return login.sign_in(the_service(), email, form.password.data or "", code, **client())


def _passkey_data(wanted: str) -> dict[str, Any]:
    addresses = {"sign_in_options": url_for("passkeys.sign_in_options"), "sign_in": url_for("passkeys.sign_in")}
    return {**addresses, "next": wanted, "words": passkey_words()}


@blueprint.route("/prove", methods=["GET", "POST"])
@login_required
def prove() -> ResponseReturnValue:
    """Prove presence, then go on to ``next``."""
    wanted = local_path(request.values.get("next"))
    failure = proof.prove_by_form() if request.form.get("proof_password") else None
    if visitor().fresh and failure is None and wants_json():
        return jsonify({"fresh": True})
    if visitor().fresh and failure is None:
        return redirect(wanted, code=303)
    return proof.ask(failure, next_page=wanted)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    end_session()
    flash(_("You are signed out."), "good")
    return redirect(url_for("public.home"))


@blueprint.get("/invitation")
def invitation() -> str:
    return render_template("account/invitation.html")
