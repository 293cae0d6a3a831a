"""The secretariat's pages: dashboard, people, drafts, publishing, following, countersigning, downloads, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from wtforms import SelectChoice

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ConflictError, InputError, NotAllowedError, all_of
from signing_service.web import draft_steps, files, languages, listing
from signing_service.web.error_words import joined
from signing_service.web.forms import ConfirmForm, DraftForm, PersonForm, PublishForm
from signing_service.web.own_signing import SigningSection, signing_section
from signing_service.web.presentation import sentence
from signing_service.web.proof import proof_required
from signing_service.web.public import local_path
from signing_service.web.representative import page_images, page_width
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.web.who_signs import mandate_forms
from signing_service.workflow import (
    approval_keys,
    consequences,
    drafts,
    enrolment,
    history,
    overview,
    people,
    publication,
    questions,
    reminders,
    source_files,
    withdrawal,
)
from signing_service.workflow.draft_checklist import checklist as checklist_of
from signing_service.workflow.overview import AgreementView

blueprint = Blueprint("secretariat", __name__, url_prefix="/secretariat")


@blueprint.get("/")
@officer_required
def dashboard() -> str:
    service, officer_id = the_service(), visitor().person_id
    stage, search = listing.stage(), listing.search()
    board = overview.dashboard(service, officer_id, stage=stage, search=search, after=listing.after())
    waiting = questions.unanswered(service, officer_id)
    return render_template("secretariat/dashboard.html", board=board, waiting_questions=waiting)


@blueprint.route("/people", methods=["GET", "POST"], endpoint="people")
@officer_required
@proof_required
def list_people() -> ResponseReturnValue:
    service, officer_id = the_service(), visitor().person_id
    form = _person_form()
    failure = None
    if form.validate_on_submit():
        person = people.NewPerson(
            form.name.data or "", form.email.data or "", form.native_name.data or None, form.locale.data or "en"
        )
        try:
            added = people.add_person(service, officer_id, person)
        except (InputError, ConflictError) as error:
            failure = error
        else:
            flash(_("%(name)s is added.", name=person.name), "good")
            if same := people.namesakes(service, officer_id, added):
                said = _("Somebody of this name was there already: %(addresses)s.", addresses=", ".join(same))
                todo = _("If it is the same person, name that one and correct the address.")
                flash(f"{said} {todo}", "wait")
            return redirect(url_for("secretariat.people"))
    people_page = people.people_page(service, officer_id, search=listing.search(), after=listing.after())
    page = render_template("secretariat/people.html", page=people_page, form=form, failure=failure)
    return page, failure.status if failure else 200


def _person_form() -> PersonForm:
    form = PersonForm()
    form.locale.choices = [SelectChoice(*pair) for pair in languages.finished().items()]
    return form


@blueprint.post("/people/<person_id>/invite")
@officer_required
@proof_required
def invite(person_id: str) -> ResponseReturnValue:
    _confirm()
    enrolment.invite(the_service(), visitor().person_id, person_id, request.form.get("agreement"))
    flash(_("A new link is on its way by e-mail; older ones no longer work."), "good")
    return redirect(_back())


@blueprint.route("/agreements/new/files", methods=["GET", "POST"])
@officer_required
def new_draft() -> ResponseReturnValue:
    return _take_files(
        lambda given: drafts.create_draft(the_service(), visitor().person_id, given),
        agreement_id="",
        title=_("New agreement from files"),
        lead=_("A few text files: agreement.toml with parties and rules, and one Markdown file a language."),
        back=url_for("drafting.new"),
        by_form=url_for("drafting.new"),
    )


def _take_files(take: Callable[[Mapping[str, bytes]], str], **words: str) -> ResponseReturnValue:
    """Show the form for an agreement's files; what was sent goes to ``take``, which returns the agreement's id."""
    form = DraftForm()
    failure, problems = None, []
    if form.validate_on_submit():
        given: Mapping[str, bytes] = {}
        try:
            given = source_files.collect(_uploaded(form.files.data))
            agreement_id = take(given)
        except (InputError, ConflictError, NotAllowedError) as error:
            failure = error
            problems = [(one, source_files.excerpt(given, one.message)) for one in all_of(error)]
        else:
            return redirect(url_for("secretariat.agreement", agreement_id=agreement_id))
    page = render_template("secretariat/files.html", form=form, failure=failure, problems=problems, **words)
    return page, failure.status if failure else 200


def _uploaded(items: list[FileStorage | str] | None) -> list[tuple[str, bytes]]:
    given = [item for item in items or [] if isinstance(item, FileStorage) and item.filename]
    return [(str(item.filename), item.read()) for item in given]


@blueprint.get("/agreements/<agreement_id>/")
@officer_required
def agreement(agreement_id: str) -> str:
    service, officer_id = the_service(), visitor().person_id
    view = overview.followed(service, officer_id, agreement_id)
    if view.state == "draft":
        return _draft(agreement_id, PublishForm())
    return render_template(
        "secretariat/agreement.html",
        view=view,
        mails=overview.mails_of(service, officer_id, agreement_id),
        passkey_states=approval_keys.states_for_officer(service, officer_id, agreement_id),
        section=_countersigning(view),
        versions=withdrawal.versions(service, officer_id, agreement_id),
        waiting_questions=questions.unanswered(service, officer_id).get(agreement_id, 0),
        manners=reminders.manners(service, officer_id, agreement_id),
        intervals=reminders.EVERY,
    )


def _draft(agreement_id: str, form: PublishForm) -> str:
    """The draft's page; a tick that was set when the draft was another one does not stay."""
    service = the_service()
    seen = publication.look(service, agreement_id)  # before all else is read: what changes meanwhile is noticed
    if form.seen.data not in (None, seen):
        _flash(publication.changed_since())
        form = PublishForm(formdata=None)
    form.seen.data = seen
    view = overview.followed(service, visitor().person_id, agreement_id)
    told = consequences.consequences(service, visitor().person_id, view.id)
    items = checklist_of(service, view.id, visitor().person_id)
    checklist = [item for item in items if not (told.same and item.namesake)]  # told below
    pages, digest, failure = 0, "", None
    try:
        pdf = drafts.preview(service, view.id)
        pages, digest = page_images().count(pdf), page_images().keep_preview(pdf)
    except InputError as error:  # a character that no font has
        failure = error
    return render_template(
        "secretariat/draft.html",
        view=view,
        versions=withdrawal.versions(service, visitor().person_id, view.id),
        steps=draft_steps.steps(checklist, printable=failure is None),
        ready=failure is None and all(item.ok for item in checklist),
        pages=pages,
        digest=digest,
        failure=failure,
        form=form,
        told=told,
        **mandate_forms(view, view.signers),
    )


def _countersigning(view: AgreementView) -> SigningSection | None:
    try:
        return signing_section(the_service(), visitor().person_id, view, SECRETARIAT)
    except (NotAllowedError, ConflictError):
        return None


@blueprint.get("/agreements/<agreement_id>/preview.pdf")
@officer_required
def preview(agreement_id: str) -> Response:
    overview.agreement_view(the_service(), visitor().person_id, agreement_id)
    return files.send_inline_pdf(drafts.preview(the_service(), agreement_id), "preview.pdf")


@blueprint.get("/agreements/<agreement_id>/preview/<digest>/<int(max=999999):page>.png")
@officer_required
def preview_page(agreement_id: str, digest: str, page: int) -> Response:
    data = page_images().preview(digest, lambda: drafts.preview(the_service(), agreement_id))
    return files.send(page_images().page(data, page, page_width()), "image/png")


@blueprint.post("/agreements/<agreement_id>/publish")
@officer_required
@proof_required
def publish(agreement_id: str) -> ResponseReturnValue:
    """Publish what was ticked as checked; else show the draft again."""
    service, officer_id = the_service(), visitor().person_id
    view = overview.followed(service, officer_id, agreement_id)
    form = PublishForm()
    form.namesakes = view.state == "draft" and bool(consequences.consequences(service, officer_id, agreement_id).same)
    if view.state == "draft" and not form.validate_on_submit():
        return _draft(agreement_id, form), 400
    try:
        publication.publish(service, officer_id, agreement_id, form.seen.data or "")
    except ConflictError as error:  # sent twice, or changed by somebody since the page was shown
        _flash(error)
    else:
        flash(_("The agreement is sealed and published; its representatives are invited."), "good")
    return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)


@blueprint.route("/agreements/<agreement_id>/files", methods=["GET", "POST"])
@officer_required
def replace_draft(agreement_id: str) -> ResponseReturnValue:
    def take(given: Mapping[str, bytes]) -> str:
        drafts.replace_source(the_service(), visitor().person_id, agreement_id, given)
        return agreement_id

    return _take_files(
        take,
        agreement_id=agreement_id,
        title=_("Replace the files"),
        lead=_("The new files take the place of all old ones; people and mandates stay."),
        back=url_for("secretariat.agreement", agreement_id=agreement_id),
        by_form=url_for("drafting.edit", agreement_id=agreement_id),
    )


@blueprint.route("/agreements/<agreement_id>/correction", methods=["GET", "POST"])
@officer_required
def correct(agreement_id: str) -> ResponseReturnValue:
    return _take_files(
        lambda given: drafts.create_correction(the_service(), visitor().person_id, agreement_id, given),
        agreement_id=agreement_id,
        title=_("Corrected version"),
        lead=_("It becomes a draft that names this agreement. Publishing it withdraws this one; people carry over."),
        back=url_for("secretariat.agreement", agreement_id=agreement_id),
        by_form=url_for("drafting.correct", agreement_id=agreement_id),
    )


@blueprint.get("/agreements/<agreement_id>/history", endpoint="history")
@officer_required
def show_history(agreement_id: str) -> str:
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    lines = history.history(service, officer_id, agreement_id)
    return render_template("secretariat/history.html", view=view, lines=lines)


def _confirm() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")


def _flash(error: ConflictError) -> None:
    flash(joined(sentence(error.message), sentence(error.hint)), "wait")


def _back() -> str:
    return local_path(request.form.get("next") or url_for("secretariat.dashboard"))
