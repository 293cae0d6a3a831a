"""The page on which a lead officer moves the end of signing to a later moment, by passkey."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from signing_service.approval.extension import MAX_REASON
from signing_service.encoding import format_time
from signing_service.web.bodies import read_object
from signing_service.web.presentation import moment
from signing_service.web.proof import proof_required
from signing_service.web.rules_form import zones_of
from signing_service.web.visitor import office_required, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import extension, overview

blueprint = Blueprint("extension", __name__, url_prefix="/secretariat/agreements/<agreement_id>/extension")


@blueprint.get("/")
@office_required("extend")
def show(agreement_id: str) -> str:
    view = overview.agreement_view(the_service(), visitor().person_id, agreement_id)
    zones = zones_of(view.terms)
    data = {
        "agreement": view.id,
        "revision0": view.revision0_sha256,
        "officer": visitor().person_id,
        "closes": format_time(view.closes) if view.closes else None,
        "options": url_for("extension.options", agreement_id=view.id),
        "followed": url_for("secretariat.agreement", agreement_id=view.id),
        "extend": url_for("extension.extend", agreement_id=view.id),
        "words": passkey_words(),
    }
    return render_template(
        "secretariat/extension.html",
        view=view,
        data=data,
        zones=zones,
        longest_reason=MAX_REASON,
    )


@blueprint.post("/options")
@office_required("extend")
@proof_required
def options(agreement_id: str) -> ResponseReturnValue:
    body = read_object(until=str, zone=str, reason=str)
    service, officer_id = the_service(), visitor().person_id
    begun = extension.begin_extension(
        service, officer_id, agreement_id, body["until"], body["zone"], body["reason"]
    )
    return jsonify(begun)


@blueprint.post("/")
@office_required("extend")
def extend(agreement_id: str) -> ResponseReturnValue:
    body = read_object(answer=dict)
    until = extension.extend(the_service(), visitor().person_id, agreement_id, body["answer"])
    done = _("Extended; everybody in the agreement is told. Signing is open until %(time)s.", time=moment(until))
    flash(Markup(done), "good")  # noqa: S704 (a translation and a moment's mark-up)
    return jsonify({"until": format_time(until)}), 201
