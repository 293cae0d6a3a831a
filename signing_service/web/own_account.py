"""One's own account: how one signs in, where one is signed in, one-time codes, and how long the session lasts."""

from __future__ import annotations

import segno
from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from signing_service.errors import InputError
from signing_service.web import limits
from signing_service.web.forms import CodeForm, ConfirmForm
from signing_service.web.proof import proof_unless_first
from signing_service.web.session_words import seconds
from signing_service.web.visitor import the_service, visitor
from signing_service.workflow import codes, login, own_sessions, passkeys, proof, sign_on
from signing_service.workflow.passwords import WrongPasswordError

blueprint = Blueprint("own", __name__, url_prefix="/account")


@blueprint.get("/")
@login_required
def account() -> str:
    service, person = the_service(), visitor()
    return render_template(
        "account/account.html",
        codes=codes.codes_of(service, person.person_id),
        kinds=passkeys.own_kinds(service, person.person_id),
        has_password=proof.has_password(service, person.person_id),
        logins=sign_on.logins_of(service, person.person_id),
        sessions=own_sessions.own_sessions(service, person.person_id, person.token),
        form=ConfirmForm(),
    )


@blueprint.post("/sessions/<session_id>/end")
@login_required
def end(session_id: str) -> ResponseReturnValue:
    confirmed()
    own_sessions.end_session(the_service(), visitor().person_id, session_id)
    flash(_("That browser is signed out."), "good")
    return redirect(url_for("own.account"), code=303)


@blueprint.post("/sessions/end-others")
@login_required
def end_others() -> ResponseReturnValue:
    confirmed()
    own_sessions.end_others(the_service(), visitor().person_id, visitor().token)
    flash(_("All other browsers are signed out."), "good")
    return redirect(url_for("own.account"), code=303)


@blueprint.get("/codes/")
@login_required
def show_codes() -> ResponseReturnValue:
    return _codes_page(CodeForm(formdata=None))


@blueprint.post("/codes/begin")
@login_required
@proof_unless_first
def begin_codes() -> ResponseReturnValue:
    """Begin, or begin anew on another device: then an officer admits the new ones again."""
    confirmed()
    service, person_id = the_service(), visitor().person_id
    if request.form.get("anew"):
        codes.drop_codes(service, person_id)
    codes.begin_codes(service, person_id, visitor().token)
    return redirect(url_for("own.show_codes"), code=303)


@blueprint.post("/codes/confirm")
@login_required
def confirm_codes() -> ResponseReturnValue:
    form, person = CodeForm(), visitor()
    if not form.validate_on_submit():
        return _codes_page(form), 400
    try:
        with limits.attempt("approval", person.person_id, wrong=WrongPasswordError):
            codes.confirm_codes(the_service(), person.person_id, form.code.data or "", person.token)
    except WrongPasswordError as error:
        return _codes_page(form, error), 403
    flash(_("One-time codes are set up."), "good")
    return redirect(url_for("own.show_codes"), code=303)


def _codes_page(form: CodeForm, failure: WrongPasswordError | None = None) -> str:
    own = codes.codes_of(the_service(), visitor().person_id, visitor().token)
    picture = Markup(segno.make(own.uri, error="m").svg_inline(scale=6, border=4, light="#fff")) if own.uri else ""  # noqa: S704 (drawn by segno)
    return render_template(
        "account/codes.html", codes=own, picture=picture, form=form, failure=failure, unprotected=visitor().unprotected
    )


@blueprint.get("/clock")
@login_required
def clock() -> Response:
    """How long the session lasts, in seconds; asking is nothing that keeps it alive."""
    person, now = visitor(), the_service().clock()
    left, longest = seconds(person.expires - now), seconds(person.last - now)
    return jsonify({"left": left, "longest": longest, "csrf_token": generate_csrf()})


@blueprint.post("/stay")
@login_required
def stay() -> Response:
    login.stay(the_service(), visitor().token)
    return jsonify({"stayed": True})


def confirmed() -> None:
    """Raise InputError unless the form was one of ours."""
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
