"""Signing with one's own certificate: reserve the turn, download, sign elsewhere, upload. It needs no script."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from signing_service.encoding import sha256_hex
from signing_service.errors import InputError, NotFoundError, SigningServiceError
from signing_service.web import files, limits, verification
from signing_service.web.forms import ConfirmForm
from signing_service.web.names import party_name
from signing_service.web.presentation import in_language
from signing_service.web.proof import proof_required
from signing_service.web.public import local_path
from signing_service.web.visitor import the_service, visitor
from signing_service.workflow import download, overview, own_uploads, reservations
from signing_service.workflow.overview import AgreementView
from signing_service.workflow.signer_views import SignerView

blueprint = Blueprint("own_certificate", __name__, url_prefix="/agreements/<agreement_id>/own-certificate")


@blueprint.get("/<signer>")
@login_required
def show(agreement_id: str, signer: str) -> ResponseReturnValue:
    return _page(agreement_id, signer)


@blueprint.post("/<signer>/reserve")
@login_required
@proof_required
def reserve(agreement_id: str, signer: str) -> ResponseReturnValue:
    _confirm()
    service, person_id = the_service(), visitor().person_id
    _own(overview.agreement_view(service, person_id, agreement_id), signer)
    try:
        reservations.reserve(service, person_id, agreement_id, signer)
    except NotFoundError:
        raise
    except SigningServiceError as error:
        return _page(agreement_id, signer, error)
    return redirect(url_for("own_certificate.show", agreement_id=agreement_id, signer=signer))


@blueprint.get("/<signer>/to-sign.pdf")
@login_required
def to_sign(agreement_id: str, signer: str) -> Response:
    """The file to be signed; only for who has reserved the turn, so that nobody signs what will be overtaken."""
    service, person_id = the_service(), visitor().person_id
    _own(overview.agreement_view(service, person_id, agreement_id), signer)  # 404 for who has no business here
    reservations.own_reservation(service, person_id, agreement_id, signer)
    data = download.pdf(service, person_id, agreement_id)
    return files.send(data, "application/pdf", f"to-sign-{agreement_id[:8]}.pdf")


@blueprint.post("/<signer>")
@login_required
def upload(agreement_id: str, signer: str) -> ResponseReturnValue:
    _confirm()
    service, person_id = the_service(), visitor().person_id
    found = request.files.get("signed")
    try:
        if not found or not found.filename:
            raise InputError("no file was chosen", hint="choose the PDF that your software has signed")
        limits.use("own-upload", person_id)
        with verification.turn():
            own_uploads.take_upload(service, person_id, agreement_id, signer, found.read())
    except NotFoundError:
        raise
    except SigningServiceError as error:
        return _page(agreement_id, signer, error)
    flash(_("Your signature is in the document and in the record."), "good")
    return redirect(url_for("representative.receipt", agreement_id=agreement_id, signer=signer))


@blueprint.post("/release")
@login_required
def release(agreement_id: str) -> ResponseReturnValue:
    """Give the turn back: who holds it, or an officer."""
    _confirm()
    service, person_id = the_service(), visitor().person_id
    overview.agreement_view(service, person_id, agreement_id)
    reservations.release(service, person_id, agreement_id)
    flash(_("The turn is free again."), "good")
    home = url_for("representative.agreement", agreement_id=agreement_id)
    return redirect(local_path(request.form.get("next") or home))


def _page(agreement_id: str, signer: str, failure: SigningServiceError | None = None) -> ResponseReturnValue:
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    own = _own(view, signer)
    held = view.reserved if view.reserved and view.reserved.person_id == person_id else None
    digest = sha256_hex(download.pdf(service, person_id, agreement_id)) if held and held.signer == signer else ""
    page = render_template(
        "representative/own_certificate.html",
        view=view,
        own=own,
        signer=signer,
        held=held if held and held.signer == signer else None,
        others=view.reserved if view.reserved and not digest else None,
        digest=digest,
        party=party_name(own.party),
        role=in_language(own.role.title),
        failure=failure,
        data=_data(held.until.isoformat() if held else ""),
    )
    return page, failure.status if failure else 200


def _own(view: AgreementView, signer: str) -> SignerView:
    """The reader's own place; for all others there is no such page."""
    for own in view.signers:
        if own.id == signer and signer in view.my_signers and own.party.own_certificate is not None:
            return own
    raise NotFoundError("there is no such page", hint="go back to the agreement")


def _data(until: str) -> dict[str, Any]:
    return {
        "until": until,
        "words": {
            "left": _("{minutes} min {seconds} s left"),
            "soon": _("Your turn ends in five minutes."),
            "over": _("Your turn has ended. Reserve it again; nothing is lost but the time."),
            "sending": _("Checking the signature; this takes a few seconds…"),
        },
    }


def _confirm() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
