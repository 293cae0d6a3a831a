"""The page on which an officer corrects a person's name or e-mail address."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import ConflictError, InputError, SigningServiceError
from signing_service.web.forms import CorrectionForm
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import corrections, people

blueprint = Blueprint("corrections", __name__, url_prefix="/secretariat/people/<person_id>/correction")


@blueprint.route("/", methods=["GET", "POST"])
@officer_required
@proof_required
def correct(person_id: str) -> ResponseReturnValue:
    service, officer_id = the_service(), visitor().person_id
    person = people.person_for_officer(service, officer_id, person_id)
    form: CorrectionForm = CorrectionForm(obj=person)
    failure: SigningServiceError | None = None
    seen = form.seen.data or corrections.look(person)
    if form.validate_on_submit():
        wanted = corrections.Correction(form.name.data or "", form.native_name.data or None, form.email.data or "")
        try:
            changed = corrections.correct_person(service, officer_id, person_id, wanted, seen)
        except corrections.CorrectedMeanwhileError as error:
            failure = error
            person = people.person_for_officer(service, officer_id, person_id)
            form, seen = CorrectionForm(formdata=None, obj=person), corrections.look(person)
        except (InputError, ConflictError) as error:
            failure = error
        else:
            _say(changed, wanted)
            return redirect(url_for("access.show", person_id=person_id), code=303)
    form.seen.data = seen
    page = render_template("secretariat/correction.html", person=person, form=form, failure=failure)
    return page, failure.status if failure else 400 if form.errors else 200


def _say(changed: frozenset[str], wanted: corrections.Correction) -> None:
    if "email" in changed:
        flash(_("The address is %(email)s now. Links to the old one work no more: send a new one.", email=wanted.email),
              "good")  # fmt: skip
    elif changed:
        flash(_("The name is corrected."), "good")
    else:
        flash(_("Nothing was changed."), "wait")
