"""The secretariat's way to a text of its own: the specimen and the present files to take away, a draft in one click."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import InputError
from signing_service.web import files
from signing_service.web.forms import ConfirmForm
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import drafts, source_files

blueprint = Blueprint("sources", __name__, url_prefix="/secretariat")


@blueprint.get("/specimen.zip")
@officer_required
def specimen() -> Response:
    return files.send(source_files.to_zip(source_files.specimen()), "application/zip", "specimen.zip")


@blueprint.post("/agreements/specimen")
@officer_required
def begin_with_specimen() -> ResponseReturnValue:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
    agreement_id = drafts.create_draft(the_service(), visitor().person_id, source_files.specimen())
    flash(_("The specimen is a draft now. Save its files, change them, and bring them in again."), "good")
    return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)


@blueprint.get("/agreements/<agreement_id>/source.zip")
@officer_required
def present(agreement_id: str) -> Response:
    data = source_files.source_zip(the_service(), visitor().person_id, agreement_id)
    return files.send(data, "application/zip", f"agreement-{agreement_id}.zip")
