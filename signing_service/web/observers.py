"""The secretariat's page of an agreement's observers: invite one, end one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import ConflictError, InputError
from signing_service.web.forms import ConfirmForm
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import observers, overview, people

blueprint = Blueprint("observers", __name__, url_prefix="/secretariat/agreements/<agreement_id>/observers")


@blueprint.get("/")
@officer_required
def show(agreement_id: str) -> ResponseReturnValue:
    return _page(agreement_id)


@blueprint.post("/")
@officer_required
@proof_required
def invite(agreement_id: str) -> ResponseReturnValue:
    _confirm()
    try:
        person = people.find_person(the_service(), visitor().person_id, request.form.get("person", ""))
        observers.invite_observer(the_service(), visitor().person_id, agreement_id, person.id)
    except (ConflictError, InputError) as error:
        return _page(agreement_id, error)
    flash(_("The person may read this agreement now; a link is on its way by e-mail."), "good")
    return redirect(url_for("observers.show", agreement_id=agreement_id))


@blueprint.post("/<person_id>/end")
@officer_required
@proof_required
def end(agreement_id: str, person_id: str) -> ResponseReturnValue:
    _confirm()
    observers.end_observing(the_service(), visitor().person_id, agreement_id, person_id)
    flash(_("The person reads this agreement no more."), "wait")
    return redirect(url_for("observers.show", agreement_id=agreement_id))


def _page(agreement_id: str, failure: ConflictError | InputError | None = None) -> ResponseReturnValue:
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    listed = observers.observers_of(service, officer_id, agreement_id)
    observing = {person.id for person in listed}
    acting = {signer.person_id for signer in view.signers}
    others = (one for one in people.offered(service, officer_id) if not one.office and one.id not in observing | acting)
    offered = [people.spelled(person) for person in others]
    page = render_template("secretariat/observers.html", view=view, observers=listed, offered=offered, failure=failure)
    return page, failure.status if failure else 200


def _confirm() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
