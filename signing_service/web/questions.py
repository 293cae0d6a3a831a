"""Questions to the secretariat: a representative asks, an officer answers. No script is needed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from signing_service.errors import InputError, NotAllowedError
from signing_service.web.forms import TextForm
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import overview, questions

blueprint = Blueprint("questions", __name__)


@blueprint.route("/agreements/<agreement_id>/questions/", methods=["GET", "POST"])
@login_required
def own(agreement_id: str) -> ResponseReturnValue:
    """One's own questions, and a new one."""
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    form, failure = TextForm(), None
    if form.validate_on_submit():
        try:
            questions.ask(service, person_id, agreement_id, form.text.data or "")
        except (InputError, NotAllowedError) as error:
            failure = error
        else:
            flash(_("Your question is sent. The answer comes by e-mail, and stands here."), "good")
            return redirect(url_for("questions.own", agreement_id=agreement_id), code=303)
    asked = questions.own_questions(service, person_id, agreement_id)
    page = render_template("questions/own.html", view=view, form=form, failure=failure, asked=asked)
    return page, failure.status if failure else 200


@blueprint.get("/secretariat/agreements/<agreement_id>/questions/")
@officer_required
def everybodys(agreement_id: str) -> str:
    """What all representatives asked."""
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    asked = questions.all_questions(service, officer_id, agreement_id)
    return render_template("questions/all.html", view=view, asked=asked)


@blueprint.post("/secretariat/agreements/<agreement_id>/questions/<int(max=2147483647):question_id>")
@officer_required
def answer(agreement_id: str, question_id: int) -> ResponseReturnValue:
    """Answer one of them."""
    form = TextForm()
    if not form.validate_on_submit():
        raise InputError("the answer is empty", hint="go back and write it")
    questions.answer(the_service(), visitor().person_id, agreement_id, question_id, form.text.data or "")
    flash(_("The answer is sent."), "good")
    return redirect(url_for("questions.everybodys", agreement_id=agreement_id), code=303)
