"""The pages of passkeys: one's own, enrolling for an agreement, and the secretariat's confirmations."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask_login import login_required

from signing_service.errors import NotFoundError, UnavailableError
from signing_service.web.public import local_path
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import approval_keys, confirmation, officers, overview, own_passkeys, passkeys
from signing_service.workflow.approval_keys import Enrolled

blueprint = Blueprint("passkey_pages", __name__)


def passkeys_waiting() -> int:
    """How many passkeys wait for an officer, counted once a page; none where that cannot be told, as on error pages."""
    if "passkeys_waiting" not in g:
        try:
            g.passkeys_waiting = confirmation.count_waiting(the_service())
        except UnavailableError:
            g.passkeys_waiting = 0
    return int(g.passkeys_waiting)


@blueprint.get("/passkeys/")
@login_required
def own() -> str:
    service, person_id = the_service(), visitor().person_id
    keys = officers.officer_keys_of(service, person_id) if visitor().officer else []
    return render_template(
        "passkeys/own.html",
        kinds=passkeys.own_kinds(service, person_id),
        keys=[key for key in keys if key.officer == person_id],
        approvals=own_passkeys.own_places(service, person_id),
        next=local_path(request.args.get("next")),
        data={**_data(), "officer_keys": [key.to_value() for key in keys if key.officer == person_id]},
    )


@blueprint.get("/agreements/<agreement_id>/passkey/<signer>/")
@login_required
def enrol(agreement_id: str, signer: str) -> str:
    service, person_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, person_id, agreement_id)
    place = next((item for item in view.signers if item.id == signer and item.id in view.my_signers), None)
    if place is None:
        raise NotFoundError("you have no mandate for this signature")
    found = approval_keys.own_enrolments(service, person_id, agreement_id, signer)
    living = [one for one in found if one.state != "revoked"]
    kinds = passkeys.own_kinds(service, person_id)
    data = {
        **_data(),
        "signer": signer,
        "login": "login" in kinds or visitor().at_table,  # at the table there is only the approval passkey to make
        "enrolments": [one.to_value() for one in living],
        "enrol": url_for("passkeys.enrol", agreement_id=agreement_id),
        "again": url_for("passkeys.enrol_again", agreement_id=agreement_id),
        "state": url_for("passkeys.own_enrolments", agreement_id=agreement_id, signer=signer),
    }
    differed = bool(found) and found[0].codes_differed
    return render_template("passkeys/enrol.html", view=view, place=place, data=data, living=living, differed=differed)


@blueprint.get("/secretariat/passkeys/")
@officer_required
def confirmations() -> str:
    service, officer_id = the_service(), visitor().person_id
    waiting = confirmation.waiting_enrolments(service, officer_id)
    keys = [key for key in officers.officer_keys_of(service, officer_id) if not key.trusted]
    items = [_item(one) for one in waiting]
    others = [{**key.to_value(), "name": key.name} for key in keys if key.officer != officer_id]
    trusted = any(key.trusted and key.officer == officer_id for key in officers.officer_keys_of(service, officer_id))
    places = {one.id: overview.agreement_view(service, officer_id, one.agreement) for one in waiting}
    return render_template(
        "passkeys/confirmations.html",
        waiting=[(one, places[one.id], places[one.id].terms.signer(one.signer)) for one in waiting],
        keys=[key for key in keys if key.officer != officer_id],
        trusted=trusted,
        data={**_data(), "officer": officer_id, "enrolments": items, "officer_keys": others},
    )


def _item(one: Enrolled) -> dict[str, Any]:
    return {
        **one.to_value(),
        "agreement": one.agreement,
        "name": one.name,
        "options": url_for("passkeys.begin_confirmation", enrolment_id=one.id),
        "confirm": url_for("passkeys.confirm", enrolment_id=one.id),
        "refuse": url_for("passkeys.refuse", enrolment_id=one.id),
    }


def _data() -> dict[str, Any]:
    """Addresses and words that every script of passkeys needs."""
    return {
        "options": url_for("passkeys.registration_options"),
        "login_key": url_for("passkeys.register_login"),
        "officer_key": url_for("passkeys.register_officer_key"),
        "addition": url_for("passkeys.begin_addition", credential_id="-"),
        "trust_file": url_for("passkeys.succeed"),
        "trust_json": url_for("public.trust_file"),
        "words": passkey_words(),
    }
