"""The secretariat's way to a text of its own: the specimen and the present files to take away, a draft in one click."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import FormatError, InputError
from signing_service.web import files
from signing_service.web.forms import ConfirmForm
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import drafts, overview, party_authorities, source_files

MAX_PEM = 64 * 1024  # bytes

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
    data = source_files.to_zip(source_files.source_of(the_service(), visitor().person_id, agreement_id))
    return files.send(data, "application/zip", f"agreement-{agreement_id}.zip")


@blueprint.route("/agreements/<agreement_id>/own-certificates", methods=["GET", "POST"])
@officer_required
def authorities(agreement_id: str) -> ResponseReturnValue:
    """Which parties' representatives may sign with certificates of their own, and of which authorities."""
    service, officer_id = the_service(), visitor().person_id
    failure = None
    if request.method == "POST":
        if not ConfirmForm().validate_on_submit():
            raise InputError("this page is too old to send anything", hint="reload it and try again")
        try:
            pem = _chosen()
            party_authorities.set_authorities(service, officer_id, agreement_id, request.form.get("party", ""), pem)
        except FormatError as error:
            failure = error
        else:
            flash(_("The draft is changed."), "good")
            return redirect(url_for("sources.authorities", agreement_id=agreement_id), code=303)
    view = overview.agreement_view(service, officer_id, agreement_id)
    items = party_authorities.authorities(service, officer_id, agreement_id)
    page = render_template("secretariat/authorities.html", view=view, items=items, failure=failure)
    return page, failure.status if failure else 200


def _chosen() -> str | None:
    """What the button says: a PEM text, "" for the trust file's authorities, None for one-time keys only."""
    choice, found = request.form.get("choice"), request.files.get("pem")
    if choice != "allow":
        return None if choice == "forbid" else ""
    if not found or not found.filename:
        raise FormatError("no file was chosen", hint="choose the authority's certificate, in PEM")
    data: bytes = found.read(MAX_PEM)
    if not data.isascii():
        raise FormatError("this is not a certificate in PEM", hint="a text that begins with BEGIN CERTIFICATE")
    return data.decode("ascii")
