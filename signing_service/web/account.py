"""Signing in and out, and opening an invitation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from signing_service.errors import NotAllowedError
from signing_service.web import limits
from signing_service.web.forms import SignInForm
from signing_service.web.public import local_path
from signing_service.web.visitor import begin_session, client, end_session, the_service
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
        email = form.email.data or ""
        limits.check("sign-in", email)
        try:
            token = login.sign_in(the_service(), email, form.password.data or "", **client())
        except NotAllowedError as error:
            limits.count("sign-in", email)
            failure = error
        else:
            begin_session(token)
            return redirect(local_path(request.form.get("next")))
    wanted = request.values.get("next", "")
    page = render_template("account/sign_in.html", form=form, failure=failure, next=wanted, data=_passkey_data(wanted))
    return page, 403 if failure else 200


def _passkey_data(wanted: str) -> dict[str, Any]:
    addresses = {"sign_in_options": url_for("passkeys.sign_in_options"), "sign_in": url_for("passkeys.sign_in")}
    return {**addresses, "next": wanted, "words": passkey_words()}


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    end_session()
    flash(_("You are signed out."), "good")
    return redirect(url_for("public.home"))


@blueprint.get("/invitation")
def invitation() -> str:
    return render_template("account/invitation.html")
