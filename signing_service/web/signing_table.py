"""The signing table's pages: an officer hands the device over, the person signs, and nothing of them stays."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from signing_service.errors import InputError
from signing_service.web import listing
from signing_service.web.forms import ConfirmForm
from signing_service.web.proof import proof_required
from signing_service.web.visitor import begin_session, client, end_session, officer_required, the_service, visitor
from signing_service.workflow import signing_table

blueprint = Blueprint("signing_table", __name__)

WIPE = '"cache", "storage"'  # Clear-Site-Data; the cookie is emptied with the session


@blueprint.get("/secretariat/table/")
@officer_required
def places() -> str:
    found, older = signing_table.table_places(the_service(), visitor().person_id, listing.after())
    return render_template("table/places.html", places=found, older=older)


@blueprint.get("/secretariat/table/<agreement_id>/<signer>")
@officer_required
def ask(agreement_id: str, signer: str) -> str:
    """Ask the officer whether it is that person who stands there."""
    place = signing_table.place_at_table(the_service(), visitor().person_id, agreement_id, signer)
    return render_template("table/ask.html", place=place)


@blueprint.post("/secretariat/table/<agreement_id>/<signer>")
@officer_required
@proof_required
def hand_over(agreement_id: str, signer: str) -> ResponseReturnValue:
    _confirmed()
    officer = visitor()
    token = signing_table.unlock(the_service(), officer.person_id, officer.token, agreement_id, signer, **client())
    begin_session(token)
    return _wiped(url_for("representative.agreement", agreement_id=agreement_id))


@blueprint.post("/table/finish")
@login_required
def finish() -> ResponseReturnValue:
    _confirmed()
    end_session()
    return _wiped(url_for("signing_table.free"))


@blueprint.get("/table/")
def free() -> str:
    return render_template("table/free.html")


def _confirmed() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")


def _wiped(address: str) -> Response:
    response = make_response(redirect(address, code=303))
    response.headers["Clear-Site-Data"] = WIPE
    return response
