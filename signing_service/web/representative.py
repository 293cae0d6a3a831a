"""A representative's pages: the agreements, one agreement to read and sign, declining, the receipt, downloads."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from signing_service.encoding import parse_canonical_json, parse_time
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError, SigningServiceError
from signing_service.web import files, limits, listing
from signing_service.web.files import PageImages
from signing_service.web.forms import RefusalForm
from signing_service.web.own_signing import SigningSection, consent_language, signing_section
from signing_service.web.presentation import in_language
from signing_service.web.visitor import refuse_password_at_table, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import (
    approval_keys,
    attempts,
    codes,
    download,
    login,
    overview,
    own_passkeys,
    passkeys,
    proof,
    receipts,
)
from signing_service.workflow import refusal as refusals
from signing_service.workflow.approvals import NoWayToApproveError, Password
from signing_service.workflow.overview import AgreementView

blueprint = Blueprint("representative", __name__)


@blueprint.get("/agreements/")
@login_required
def home() -> str:
    page = overview.agreements_for(the_service(), visitor().person_id, listing.after())
    return render_template("representative/home.html", views=page.agreements, older=page.older)


@blueprint.get("/agreements/<agreement_id>/")
@login_required
def agreement(agreement_id: str) -> str:
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    source = overview.agreement_source(service, person_id, agreement_id)
    language = request.args.get("text") or _reading_language(view)
    if language not in source.texts:
        raise NotFoundError("the agreement has no text in that language")
    sections, obstacles = own_sections(view)
    places = own_passkeys.own_places(service, person_id) if view.my_signers else []
    unable = {signer: error for signer, error in obstacles.items() if isinstance(error, NoWayToApproveError)}
    return render_template(
        "representative/agreement.html",
        view=view,
        text=source.texts[language],
        language=language,
        sections=sections,
        unable=unable,
        has_password=proof.has_password(service, person_id),
        passkey_states={one.signer: one.state for one in places if one.agreement == agreement_id},
        has_login="login" in passkeys.own_kinds(service, person_id),
        obstacles=[error for signer, error in obstacles.items() if signer not in unable],
        unfinished={own.own.signer: _unfinished(agreement_id, own.own.signer) for own in sections},
        approvable=approval_keys.confirmed_signers(service, person_id, agreement_id),
        pages=page_images().count(download.pdf(service, person_id, agreement_id)),
    )


def _unfinished(agreement_id: str, signer: str) -> datetime | None:
    return attempts.unfinished_since(the_service(), visitor().person_id, agreement_id, signer)


def own_sections(view: AgreementView) -> tuple[list[SigningSection], dict[str, SigningServiceError]]:
    """The signatures that the reader may give now, and by signer why others cannot be given."""
    sections: list[SigningSection] = []
    obstacles: dict[str, SigningServiceError] = {}
    for signer in view.signers:
        if signer.id not in view.my_signers or signer.status in ("signed", "paper"):
            continue
        try:
            sections.append(signing_section(the_service(), visitor().person_id, view, signer.id))
        except (NotAllowedError, ConflictError) as error:
            obstacles[signer.id] = error
    return sections, obstacles


def _reading_language(view: AgreementView) -> str:
    titles = {language: language for language in view.terms.languages}
    return in_language(titles, view.terms.languages[0])


@blueprint.get("/agreements/<agreement_id>/agreement.pdf")
@login_required
def pdf(agreement_id: str) -> Response:
    view = overview.agreement_view(the_service(), visitor().person_id, agreement_id)
    data = download.pdf(the_service(), visitor().person_id, agreement_id)
    return files.send_inline_pdf(data, f"{file_name(view)}.pdf")


@blueprint.get("/agreements/<agreement_id>/revisions/<int(max=999999):number>.pdf")
@login_required
def revision(agreement_id: str, number: int) -> Response:
    start = files.start_of_range()
    if start is not None:
        end, whole = download.pdf_end(the_service(), visitor().person_id, agreement_id, number, start)
        if end:
            return files.send_end_of_pdf(end, start, whole.length, whole.sha256)
    data = download.pdf(the_service(), visitor().person_id, agreement_id, number)
    return files.send_inline_pdf(data, f"{agreement_id}-{number}.pdf")


@blueprint.get("/agreements/<agreement_id>/revisions/<int(max=999999):number>/pages/<int(max=999999):page>.png")
@login_required
def page(agreement_id: str, number: int, page: int) -> Response:
    data = download.pdf(the_service(), visitor().person_id, agreement_id, number)
    return files.send(page_images().page(data, page, page_width()), "image/png", cache="private, max-age=86400")


@blueprint.get("/agreements/<agreement_id>/evidence.zip")
@login_required
def evidence(agreement_id: str) -> Response:
    name, data = download.evidence(the_service(), visitor().person_id, agreement_id)
    return files.send(data, "application/zip", name)


@blueprint.get("/agreements/<agreement_id>/receipts/<signer>/")
@login_required
def receipt(agreement_id: str, signer: str) -> str:
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    data = parse_canonical_json(receipts.own_receipt(service, person_id, agreement_id, signer))
    own = next((item for item in view.signers if item.id == signer), None)
    time = parse_time(data["event"]["timestamp"]["time"])
    printed = receipts.printed_time(service, person_id, agreement_id, signer)
    return render_template(
        "representative/receipt.html", view=view, receipt=data, own=own, time=time, printed=printed
    )


@blueprint.get("/agreements/<agreement_id>/receipts/<signer>.json")
@login_required
def receipt_file(agreement_id: str, signer: str) -> Response:
    data = receipts.own_receipt(the_service(), visitor().person_id, agreement_id, signer)
    return files.send(data, "application/json", f"receipt-{agreement_id}-{signer.replace(':', '-')}.json")


@blueprint.route("/agreements/<agreement_id>/decline/<signer>", methods=["GET", "POST"])
@login_required
def decline(agreement_id: str, signer: str) -> ResponseReturnValue:
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    section = signing_section(service, person_id, view, signer)
    form = RefusalForm()
    failure = None
    if form.validate_on_submit():
        refuse_password_at_table()
        reason, given = form.reason.data or "", Password(form.password.data or "", form.code.data or "")
        try:
            with limits.attempt("approval", person_id, wrong=login.WrongPasswordError):
                refusals.refuse(service, person_id, agreement_id, signer, reason, given, consent_language())
        except login.WrongPasswordError as error:
            failure = error
        else:
            flash(_("You have declined. The secretariat has been told; you may still sign later."), "wait")
            return redirect(url_for("representative.agreement", agreement_id=agreement_id))
    page = render_template(
        "representative/decline.html",
        view=view,
        section=section,
        form=form,
        failure=failure,
        by_password=section.own.password and not visitor().at_table,
        by_code=codes.codes_of(service, person_id).state not in ("none", "begun"),
        by_passkey=signer in approval_keys.confirmed_signers(service, person_id, agreement_id),
        data=_decline_data(section),
    )
    return page, 403 if failure else 200


def _decline_data(section: SigningSection) -> dict[str, Any]:
    own = section.own
    return {
        "agreement": own.agreement,
        "signer": own.signer,
        "mandate": own.mandate.digest(),
        "language": consent_language(),
        "refusal_options": url_for("api.refusal_options", agreement_id=own.agreement),
        "refusal": url_for("api.refuse", agreement_id=own.agreement),
        "next": url_for("representative.agreement", agreement_id=own.agreement),
        "words": passkey_words(),
    }


def page_images() -> PageImages:
    """The pictures that this process keeps."""
    return cast("PageImages", current_app.extensions["page_images"])


def page_width() -> int:
    """How many pixels wide the picture of a page shall be: for a list of pages, or to be looked at alone."""
    return files.LARGE_PAGE_WIDTH if request.args.get("size") == "large" else files.PAGE_WIDTH


def file_name(view: AgreementView) -> str:
    """A file name out of the agreement's reference."""
    return "".join(letter if letter.isalnum() else "-" for letter in view.terms.reference).strip("-") or view.id
