"""How an agreement is followed: reminders by hand and by schedule, and who may look on without signing in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from signing_service.errors import InputError
from signing_service.web.forms import ConfirmForm
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import reminders
from signing_service.workflow.reminders import Manners

blueprint = Blueprint("following", __name__, url_prefix="/secretariat")


@blueprint.post("/agreements/<agreement_id>/manners")
@officer_required
@proof_required
def choose(agreement_id: str) -> ResponseReturnValue:
    """Store how often is reminded and who sees the state: it may open both to everybody, hence the proof."""
    _check_form()
    every = request.form.get("remind_every", "")
    days = int(every) if every.isascii() and every.isdigit() and len(every) < 5 else None
    chosen = Manners(days, request.form.get("publicity", ""))
    reminders.set_manners(the_service(), visitor().person_id, agreement_id, chosen)
    flash(_("Stored."), "good")
    return _back(agreement_id)


@blueprint.post("/agreements/<agreement_id>/remind")
@officer_required
def remind(agreement_id: str) -> ResponseReturnValue:
    """Remind everybody who is awaited."""
    _check_form()
    count = reminders.remind_all(the_service(), visitor().person_id, agreement_id)
    told = ngettext("%(num)s reminder is on its way.", "%(num)s reminders are on their way.", count)
    nobody = _("Nobody was reminded: everybody who can sign now was written to within the last day.")
    flash(told if count else nobody, "good" if count else "wait")
    return _back(agreement_id)


def _check_form() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")


def _back(agreement_id: str) -> ResponseReturnValue:
    return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)
