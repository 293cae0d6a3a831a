"""The form on which an officer writes an agreement: a new one, a copy, a corrected version, a draft's terms and texts.

Rows come and go by buttons that send the form and get it again; nothing is stored before "Save".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from signing_service.agreement.sheet import Sheet, after
from signing_service.agreement.sheet_check import Mistake, compose
from signing_service.agreement.sheet_files import copied, read_sheet
from signing_service.agreement.terms import MAX_PARTIES
from signing_service.agreement.words import BUILT_IN
from signing_service.errors import ConflictError, InputError, NotAllowedError, Phrase
from signing_service.web import languages
from signing_service.web.drafting_form import FormPage, form_page, typed
from signing_service.web.forms import ConfirmForm
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import drafts, overview, source_files

MAX_FIELDS = 64 * MAX_PARTIES  # a party with two signers in twelve languages has some 50; MAX_REQUEST bounds all

Files = Mapping[str, bytes]

blueprint = Blueprint("drafting", __name__, url_prefix="/secretariat/agreements")


def allow_long_form() -> None:
    """Let an agreement of many parties come in fields; to be asked before the form is read.

    Many fields take long to read, and they are read before anybody is refused: so who is no officer sends few.
    """
    if (request.endpoint or "").startswith("drafting.") and getattr(current_user, "officer", False):
        request.max_form_parts = MAX_FIELDS


@blueprint.route("/new", methods=["GET", "POST"])
@officer_required
def new() -> ResponseReturnValue:
    """Write an agreement, from nothing or from a copy of another."""
    service, officer_id = the_service(), visitor().person_id
    origin = request.args.get("from", "")
    present = copied(source_files.source_of(service, officer_id, origin)) if origin else {}
    previous = overview.dashboard(service, officer_id).page.agreements if request.method == "GET" else ()
    return _written(
        present,
        _begun(present),
        lambda files: drafts.create_draft(service, officer_id, files),
        title=_("New agreement"),
        lead=_("Write it here, field by field. Nothing is published yet; you see a preview first."),
        back=url_for("secretariat.dashboard"),
        previous=previous,
        by_files=url_for("secretariat.new_draft"),
        origin=origin,
    )


def _begun(present: Files) -> Sheet:
    """The sheet to begin with: of another agreement all but its number, its place and its version."""
    if present:
        return replace(read_sheet(present), reference="", version="1.0", place={})
    here = str(languages.choose()).replace("_", "-")
    return Sheet(languages=("en", here) if here in BUILT_IN and here != "en" else ("en",))


@blueprint.route("/<agreement_id>/form", methods=["GET", "POST"])
@officer_required
def edit(agreement_id: str) -> ResponseReturnValue:
    """Change a draft's terms and texts."""
    service, officer_id = the_service(), visitor().person_id
    present = source_files.source_of(service, officer_id, agreement_id)
    if overview.agreement_view(service, officer_id, agreement_id).state != "draft":
        raise ConflictError("the agreement is published; its bytes are frozen", hint="publish a corrected version")

    def take(files: Files) -> str:
        drafts.replace_source(service, officer_id, agreement_id, files, drafts.digest(present))
        return agreement_id

    return _written(
        present,
        read_sheet(present),
        take,
        title=_("Terms and texts"),
        lead=_("People and mandates stay where their signature stays."),
        back=url_for("secretariat.agreement", agreement_id=agreement_id),
        by_files=url_for("secretariat.replace_draft", agreement_id=agreement_id),
    )


@blueprint.route("/<agreement_id>/correction/form", methods=["GET", "POST"])
@officer_required
def correct(agreement_id: str) -> ResponseReturnValue:
    """Write the corrected version of a published agreement."""
    service, officer_id = the_service(), visitor().person_id
    present = source_files.source_of(service, officer_id, agreement_id)
    return _written(
        present,
        read_sheet(present).of_next_version(),
        lambda files: drafts.create_correction(service, officer_id, agreement_id, files),
        title=_("Corrected version"),
        lead=_("It becomes a draft that names this agreement. Publishing it withdraws this one; people carry over."),
        back=url_for("secretariat.agreement", agreement_id=agreement_id),
        by_files=url_for("secretariat.correct", agreement_id=agreement_id),
    )


def _written(present: Files, begun: Sheet, take: Callable[[Files], str], **words: object) -> ResponseReturnValue:
    """Show the form, and take what is sent; ``take`` stores files without mistakes and returns the agreement's id."""
    base = drafts.digest(present)
    if request.method != "POST":
        return _shown(form_page(begun, present), base, words)
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
    sheet, step = typed(request.form), request.form.get("step", "")
    if step:
        return _shown(_stepped(sheet, step, present), base, words)
    sheet = sheet.without_blank_rows()
    composed = compose(sheet, present)
    mistakes = dict(composed.mistakes)
    if request.form.get("base") != base:
        mistakes[""] = _CHANGED
    if not mistakes:
        try:
            agreement_id = take(composed.files)
        except (InputError, ConflictError, NotAllowedError) as error:
            mistakes[""] = Mistake(error.message, error.hint)
        else:
            flash(_("The draft is saved. Nothing is published yet."), "good")
            return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)
    return _shown(form_page(sheet, present, mistakes), base, words), 400


def _stepped(sheet: Sheet, step: str, present: Files) -> FormPage:
    """The form after a step, the browser at the row that is new."""
    sheet = after(sheet, step)
    focus = ""
    if step == "add-party":
        focus = f"parties-{len(sheet.parties) - 1}-name"
    elif step.startswith("add-signer-") and step[11:].isdecimal() and int(step[11:]) < len(sheet.parties):
        number = len(sheet.parties[int(step[11:])].signers) - 1
        focus = f"parties-{step[11:]}-signers-{number}-title-{next(iter(sheet.languages), 'en')}"
    elif step == "languages" and sheet.languages:
        focus = f"title-{sheet.languages[-1]}"
    return form_page(sheet, present, focus=focus)


def _shown(page: FormPage, base: str, words: Mapping[str, object]) -> str:
    more = {"previous": (), "origin": ""} | dict(words)
    return render_template("secretariat/sheet.html", page=page, sheet=page.sheet, base=base, **more)


_CHANGED = Mistake(
    Phrase("somebody changed this draft while you were writing"),
    Phrase("nothing of yours is lost: saving again puts it in place of theirs"),
)
