"""How a person signs in and approves, for officers: passkeys to revoke, one-time codes, accounts, sessions to end."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from signing_service.web import languages
from signing_service.web.forms import ConfirmForm, LanguageForm, RevocationForm, UniversityLoginForm
from signing_service.web.own_account import confirmed
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import approval_keys, codes, corrections, own_sessions, passkeys, people, sign_on

blueprint = Blueprint("access", __name__, url_prefix="/secretariat/people/<person_id>/access")


@blueprint.get("/")
@officer_required
def show(person_id: str) -> str:
    service, officer_id = the_service(), visitor().person_id
    person = people.person_for_officer(service, officer_id, person_id)
    return render_template(
        "secretariat/access.html",
        person=person,
        language_form=_language_form(person.locale),
        codes=codes.codes_for_officer(service, person_id),
        kinds=passkeys.own_kinds(service, person_id),
        logins=sign_on.logins_of(service, person_id),
        sessions=own_sessions.sessions_for_officer(service, officer_id, person_id),
        keys=approval_keys.keys_for_officer(service, officer_id, person_id),
        corrected=corrections.corrections_for_officer(service, officer_id, person_id),
        revocation_form=RevocationForm(),
        login_form=_login_form(),
        form=ConfirmForm(),
    )


@blueprint.post("/language")
@officer_required
def set_language(person_id: str) -> ResponseReturnValue:
    confirmed()
    people.set_language(the_service(), visitor().person_id, person_id, request.form.get("locale", ""))
    return _done(person_id, _("Mails and pages for this person are in that language from now on."))


def _language_form(locale: str) -> LanguageForm:
    form = LanguageForm(formdata=None, locale=locale)
    form.locale.choices = [SelectChoice(*pair) for pair in languages.finished().items()]
    return form


@blueprint.post("/passkeys/<enrolment_id>/revoke")
@officer_required
@proof_required
def revoke_passkey(person_id: str, enrolment_id: str) -> ResponseReturnValue:
    confirmed()
    approval_keys.revoke(the_service(), visitor().person_id, enrolment_id, request.form.get("reason", ""))
    return _done(person_id, _("The passkey is revoked, and the person is told."))


@blueprint.post("/codes/admit")
@officer_required
@proof_required
def admit_codes(person_id: str) -> ResponseReturnValue:
    confirmed()
    codes.admit_codes(the_service(), visitor().person_id, person_id, request.form.get("check", ""))
    return _done(person_id, _("The one-time codes may approve signatures now."))


@blueprint.post("/codes/reset")
@officer_required
@proof_required
def reset_codes(person_id: str) -> ResponseReturnValue:
    confirmed()
    codes.reset_codes(the_service(), visitor().person_id, person_id)
    return _done(person_id, _("The one-time codes are reset, and the person is signed out everywhere."))


@blueprint.post("/university")
@officer_required
@proof_required
def expect_login(person_id: str) -> ResponseReturnValue:
    confirmed()
    form = _login_form()
    service, officer_id = the_service(), visitor().person_id
    email, subject = form.email.data or "", form.subject.data or ""
    sign_on.expect_login(service, officer_id, person_id, form.provider.data or "", email=email, subject=subject)
    return _done(person_id, _("The university account is noted."))


@blueprint.post("/university/<login_id>/confirm")
@officer_required
@proof_required
def confirm_login(person_id: str, login_id: str) -> ResponseReturnValue:
    confirmed()
    sign_on.confirm_login(the_service(), visitor().person_id, login_id, request.form.get("subject", ""))
    return _done(person_id, _("This university account signs the person in from now on."))


@blueprint.post("/university/<login_id>/end")
@officer_required
@proof_required
def end_login(person_id: str, login_id: str) -> ResponseReturnValue:
    confirmed()
    sign_on.end_login(the_service(), visitor().person_id, login_id)
    return _done(person_id, _("This university account signs nobody in any more."))


@blueprint.post("/sessions/end")
@officer_required
@proof_required
def end_sessions(person_id: str) -> ResponseReturnValue:
    confirmed()
    own_sessions.end_all_by_officer(the_service(), visitor().person_id, person_id)
    return _done(person_id, _("The person is signed out everywhere."))


def _login_form() -> UniversityLoginForm:
    form = UniversityLoginForm()
    form.provider.choices = [SelectChoice(one.provider.id, one.provider.name) for one in the_service().sign_on.values()]
    return form


def _done(person_id: str, words: str) -> ResponseReturnValue:
    flash(words, "good")
    return redirect(url_for("access.show", person_id=person_id), code=303)
