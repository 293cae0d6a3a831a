"""The secretariat's page of an agreement's feeds: make a token for a party, shown once, and end one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import InputError
from signing_service.web.forms import ConfirmForm
from signing_service.web.names import party_name
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import feeds, overview, public_record

blueprint = Blueprint("feeds", __name__, url_prefix="/secretariat/agreements/<agreement_id>/feeds")


@blueprint.get("/")
@officer_required
def show(agreement_id: str) -> str:
    return _page(agreement_id)


@blueprint.post("/")
@officer_required
@proof_required
def make(agreement_id: str) -> str:
    _confirm()
    party = request.form.get("party", "")
    token = feeds.make_feed(the_service(), visitor().person_id, agreement_id, party)
    return _page(agreement_id, party=party, line=f"{agreement_id} {token}")


@blueprint.post("/<feed_id>/revoke")
@officer_required
@proof_required
def revoke(agreement_id: str, feed_id: str) -> ResponseReturnValue:
    _confirm()
    feeds.revoke_feed(the_service(), visitor().person_id, agreement_id, feed_id)
    flash(_("The feed is closed; its token opens nothing any more."), "wait")
    return redirect(url_for("feeds.show", agreement_id=agreement_id))


def _page(agreement_id: str, **made: str) -> str:
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    listed = feeds.feeds_of(service, officer_id, agreement_id)
    names = {party.id: party_name(party) for party in view.terms.parties}
    key = public_record.record_state(service).trust.record_key
    return render_template("secretariat/feeds.html", view=view, feeds=listed, names=names, key=key, made=made)


def _confirm() -> None:
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
