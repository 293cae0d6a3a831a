"""The secretariat's page on which an agreement is withdrawn: what that means, the reason, and whether it is meant."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from signing_service.web.proof import proof_required
from signing_service.web.visitor import office_required, the_service, visitor
from signing_service.workflow import overview, withdrawal
from signing_service.workflow.reasons import MAX_REASON

blueprint = Blueprint("withdrawal", __name__, url_prefix="/secretariat/agreements/<agreement_id>/withdraw")


class WithdrawalForm(FlaskForm):  # type: ignore[misc]
    """Why, and that it is no slip of the hand."""

    reason = TextAreaField(
        _l("Reason for withdrawing it"),
        [DataRequired(_l("Give a reason.")), Length(max=MAX_REASON)],
        [lambda text: text.strip() if text else text],
    )
    sure = BooleanField(
        _l("I withdraw this agreement for all its parties; it cannot be taken back"),
        [InputRequired(_l("Tick this if it is to be withdrawn."))],
    )


@blueprint.route("", methods=["GET", "POST"])
@office_required("withdraw")
@proof_required
def withdraw(agreement_id: str) -> ResponseReturnValue:
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    form = WithdrawalForm()
    if form.validate_on_submit():
        withdrawal.withdraw(service, officer_id, agreement_id, form.reason.data or "")
        flash(_("The agreement is withdrawn; everybody in it is told."), "wait")
        return redirect(url_for("secretariat.agreement", agreement_id=agreement_id))
    page = render_template("secretariat/withdrawal.html", view=view, form=form)
    return page, 400 if form.errors else 200
