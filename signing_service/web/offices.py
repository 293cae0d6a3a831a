"""Who holds which office: the page of officers and operators, on which lead officers appoint and dismiss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from signing_service.errors import ConflictError, InputError
from signing_service.web import languages
from signing_service.web.forms import ConfirmForm, OfficerForm
from signing_service.web.presentation import office_word
from signing_service.web.proof import proof_required
from signing_service.web.visitor import office_required, officer_required, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import officers, offices, people
from signing_service.workflow.people import NewPerson
from signing_service.workflow.permissions import OFFICES

blueprint = Blueprint("offices", __name__, url_prefix="/secretariat/officers")


@blueprint.get("/")
@officer_required
def show() -> ResponseReturnValue:
    return _page(_form())


@blueprint.post("/")
@office_required("offices")
@proof_required
def add() -> ResponseReturnValue:
    form = _form()
    if not form.validate_on_submit():
        return _page(form)
    person = NewPerson(
        form.name.data or "", form.email.data or "", form.native_name.data or None, form.locale.data or "en"
    )
    try:
        officers.add_officer(the_service(), visitor().person_id, person, form.office.data)
    except (InputError, ConflictError) as error:
        return _page(form, error)
    flash(_("%(name)s is added, and invited by e-mail.", name=person.name), "good")
    return redirect(url_for("offices.show"))


@blueprint.post("/<person_id>/office")
@office_required("offices")
@proof_required
def change(person_id: str) -> ResponseReturnValue:
    return _give(lambda: person_id)


@blueprint.post("/office")
@office_required("offices")
@proof_required
def give() -> ResponseReturnValue:
    """An office for somebody who is here already, and named in the form."""
    return _give(lambda: people.find_person(the_service(), visitor().person_id, request.form.get("person", "")).id)


def _give(person_id: Callable[[], str]) -> ResponseReturnValue:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
    try:
        offices.give_office(the_service(), visitor().person_id, person_id(), request.form.get("office", ""))
    except (InputError, ConflictError) as error:
        return _page(_form(), error)
    flash(_("The office is changed; it holds from the next time that the person signs in."), "good")
    return redirect(url_for("offices.show"))


def _form() -> OfficerForm:
    form = OfficerForm()
    form.locale.choices = [SelectChoice(*pair) for pair in languages.finished().items()]
    form.office.choices = [SelectChoice(office, office_word(office)) for office in OFFICES]
    return form


def _page(form: OfficerForm, failure: InputError | ConflictError | None = None) -> ResponseReturnValue:
    service, officer_id = the_service(), visitor().person_id
    trusted = {key.officer for key in officers.officer_keys_of(service, officer_id) if key.trusted}
    page = render_template(
        "secretariat/officers.html",
        holders=people.holders(service, officer_id),
        offered=[people.spelled(person) for person in people.offered(service, officer_id) if not person.office],
        trusted=trusted,
        form=form,
        failure=failure,
        offices=OFFICES,
        data=_data(),
    )
    return page, failure.status if failure else 200


def _data() -> dict[str, Any]:
    return {
        "removal": url_for("passkeys.begin_removal", leaving_id="-"),
        "trust_file": url_for("passkeys.succeed"),
        "trust_json": url_for("public.trust_file"),
        "words": passkey_words(),
    }
