"""The secretariat's spreadsheets: parties and people into a draft by CSV, after a look; people and history out."""

from __future__ import annotations

from base64 import b64decode, b64encode

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from signing_service.agreement.roster_columns import MAX_BYTES
from signing_service.errors import InputError, SigningServiceError
from signing_service.web import files
from signing_service.web.error_words import translated
from signing_service.web.forms import RosterForm, UploadForm
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import overview, roster, spreadsheets

blueprint = Blueprint("spreadsheets", __name__, url_prefix="/secretariat")


@blueprint.get("/people.csv")
@officer_required
def people() -> Response:
    return _send(spreadsheets.people_table(the_service(), visitor().person_id), "people.csv")


@blueprint.get("/agreements/<agreement_id>/history.csv")
@officer_required
def history(agreement_id: str) -> Response:
    table = spreadsheets.history_table(the_service(), visitor().person_id, agreement_id, translated)
    return _send(table, f"history-{agreement_id}.csv")


@blueprint.get("/agreements/<agreement_id>/parties.csv")
@officer_required
def parties(agreement_id: str) -> Response:
    table = spreadsheets.roster_table(the_service(), visitor().person_id, agreement_id)
    return _send(table, f"parties-{agreement_id}.csv")


@blueprint.get("/agreements/<agreement_id>/parties")
@officer_required
def choose(agreement_id: str) -> str:
    return _page(agreement_id)


@blueprint.post("/agreements/<agreement_id>/parties")
@officer_required
def look(agreement_id: str) -> ResponseReturnValue:
    """Show what the file would do; nothing is stored."""
    upload = UploadForm()
    given = upload.file.data
    if not upload.validate_on_submit() or not given:
        return _page(agreement_id, failure=InputError("no file was chosen", hint="choose the CSV file")), 400
    return _preview(agreement_id, given.read(MAX_BYTES + 1), RosterForm(formdata=None))


@blueprint.post("/agreements/<agreement_id>/parties/import")
@officer_required
@proof_required
def take(agreement_id: str) -> ResponseReturnValue:
    """Take over the file that was looked at; it comes again with the form, and is read again."""
    form = RosterForm()
    try:
        data = b64decode(form.content.data or "", validate=True)
    except ValueError:
        raise InputError("the file did not come along", hint="choose it again") from None
    service, officer_id = the_service(), visitor().person_id
    try:
        form.needs_organ = roster.plan_roster(service, officer_id, agreement_id, data).needs_organ
    except SigningServiceError as error:
        return _page(agreement_id, failure=error), error.status
    if not form.validate_on_submit():
        return _preview(agreement_id, data, form)
    organ, last_day = form.organ.data or "", form.last_day.data
    try:
        terms = roster.import_roster(service, officer_id, agreement_id, data, organ=organ, last_day=last_day)
    except SigningServiceError as error:
        return _page(agreement_id, failure=error), error.status
    count = len(terms.parties)
    flash(ngettext("%(num)s party is taken over.", "%(num)s parties are taken over.", count), "good")
    return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)


def _preview(agreement_id: str, data: bytes, form: RosterForm) -> ResponseReturnValue:
    try:
        plan = roster.plan_roster(the_service(), visitor().person_id, agreement_id, data)
    except SigningServiceError as error:
        return _page(agreement_id, failure=error), error.status
    form.content.data = b64encode(data).decode()
    page = _page(agreement_id, plan=plan, form=form)
    return page, 400 if plan.errors or form.errors else 200


def _page(agreement_id: str, **values: object) -> str:
    view = overview.agreement_view(the_service(), visitor().person_id, agreement_id)
    values = {"failure": None, "plan": None, "form": None, "upload": UploadForm(formdata=None), **values}
    return render_template("secretariat/parties.html", view=view, **values)


def _send(table: bytes, name: str) -> Response:
    response = files.send(table, "text/csv", name)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response
