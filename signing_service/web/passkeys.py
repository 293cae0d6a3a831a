"""The JSON endpoints behind passkeys: making them, signing in with them, enrolling and confirming, officers' keys.

Options are those of W3C WebAuthn as JSON (``PublicKeyCredential.parseCreationOptionsFromJSON``); answers are what
``toJSON`` of a credential gives.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from signing_service.errors import ApprovalError, NotAllowedError
from signing_service.web import limits
from signing_service.web.bodies import read_object
from signing_service.web.proof import ask, has_proof, proof_required, proof_unless_first
from signing_service.web.public import local_path
from signing_service.web.visitor import begin_session, client, office_required, officer_required, the_service, visitor
from signing_service.workflow import (
    approval_keys,
    confirmation,
    officers,
    passkey_login,
    passkeys,
    succession,
)

blueprint = Blueprint("passkeys", __name__, url_prefix="/api")


@blueprint.post("/sign-in/options")
def sign_in_options() -> ResponseReturnValue:
    limits.use("passkey-options")
    return jsonify({"passkey": passkey_login.login_options(the_service())})


@blueprint.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    body = read_object(answer=dict, next=str)
    try:
        token = passkey_login.sign_in_with_passkey(the_service(), body["answer"], **client())
    except (ApprovalError, NotAllowedError):
        limits.use("passkey")
        raise
    begin_session(token)
    return jsonify({"next": local_path(body["next"])})


@blueprint.post("/step-up/options")
@login_required
def step_up_options() -> ResponseReturnValue:
    return jsonify({"passkey": passkey_login.step_up_options(the_service(), visitor().person_id)})


@blueprint.post("/step-up")
@login_required
def step_up() -> ResponseReturnValue:
    answer = read_object(answer=dict)["answer"]
    passkey_login.step_up(the_service(), visitor().person_id, visitor().token, answer)
    return jsonify({"fresh": True})


@blueprint.post("/passkeys/options")
@login_required
def registration_options() -> ResponseReturnValue:
    kind = read_object(kind=str)["kind"]
    if kind != "approval" and not visitor().fresh and (kind == "officer" or has_proof()):
        return ask()  # before the device makes a passkey that would be refused
    return jsonify({"passkey": passkeys.registration_options(the_service(), visitor().person_id, kind)})


@blueprint.post("/passkeys")
@login_required
@proof_unless_first
def register_login() -> ResponseReturnValue:
    answer = read_object(answer=dict)["answer"]
    made = passkeys.register_login(the_service(), visitor().person_id, answer, visitor().token)
    return jsonify({"credential": made}), 201


@blueprint.post("/agreements/<agreement_id>/enrolments")
@login_required
def enrol(agreement_id: str) -> ResponseReturnValue:
    body = read_object(signer=str, answer=dict)
    person_id = visitor().person_id
    enrolled = approval_keys.enrol(the_service(), person_id, agreement_id, body["signer"], body["answer"])
    return jsonify(enrolled.to_value()), 201


@blueprint.post("/agreements/<agreement_id>/enrolments/again")
@login_required
def enrol_again(agreement_id: str) -> ResponseReturnValue:
    signer = read_object(signer=str)["signer"]
    enrolled = approval_keys.enrol_again(the_service(), visitor().person_id, agreement_id, signer)
    return jsonify(enrolled.to_value()), 201


@blueprint.get("/agreements/<agreement_id>/enrolments/<signer>")
@login_required
def own_enrolments(agreement_id: str, signer: str) -> ResponseReturnValue:
    found = approval_keys.own_enrolments(the_service(), visitor().person_id, agreement_id, signer)
    return jsonify({"enrolments": [one.to_value() for one in found]})


@blueprint.post("/enrolments/<enrolment_id>/revocation")
@login_required
@proof_required
def revoke(enrolment_id: str) -> ResponseReturnValue:
    reason = read_object(reason=str)["reason"]
    approval_keys.revoke(the_service(), visitor().person_id, enrolment_id, reason)
    return jsonify({"revoked": True})


@blueprint.get("/enrolments")
@officer_required
def waiting() -> ResponseReturnValue:
    found = confirmation.waiting_enrolments(the_service(), visitor().person_id)
    return jsonify({"enrolments": [one.to_value() for one in found]})


@blueprint.post("/enrolments/<enrolment_id>/confirmation/options")
@officer_required
@proof_required
def begin_confirmation(enrolment_id: str) -> ResponseReturnValue:
    method = read_object(method=str)["method"]
    return jsonify(confirmation.begin_confirmation(the_service(), visitor().person_id, enrolment_id, method))


@blueprint.post("/enrolments/<enrolment_id>/confirmation")
@officer_required
def confirm(enrolment_id: str) -> ResponseReturnValue:
    answer = read_object(answer=dict)["answer"]
    confirmation.confirm(the_service(), visitor().person_id, enrolment_id, answer)
    return jsonify({"confirmed": True})


@blueprint.post("/enrolments/<enrolment_id>/refusal")
@officer_required
@proof_required
def refuse(enrolment_id: str) -> ResponseReturnValue:
    confirmation.refuse(the_service(), visitor().person_id, enrolment_id)
    return jsonify({"refused": True})


@blueprint.post("/officers/keys")
@officer_required
@proof_required
def register_officer_key() -> ResponseReturnValue:
    answer = read_object(answer=dict)["answer"]
    return jsonify(officers.register_officer_key(the_service(), visitor().person_id, answer).to_value()), 201


@blueprint.post("/officers/keys/<credential_id>/addition")
@office_required("offices")
@proof_required
def begin_addition(credential_id: str) -> ResponseReturnValue:
    return jsonify(_without_file(succession.begin_addition(the_service(), visitor().person_id, credential_id)))


@blueprint.post("/officers/<leaving_id>/removal")
@office_required("offices")
@proof_required
def begin_removal(leaving_id: str) -> ResponseReturnValue:
    return jsonify(_without_file(succession.begin_removal(the_service(), visitor().person_id, leaving_id)))


@blueprint.post("/trust-file")
@office_required("offices")
def succeed() -> ResponseReturnValue:
    succession.succeed(the_service(), visitor().person_id, read_object(answer=dict)["answer"])
    return jsonify({"stored": True})


def _without_file(begun: dict[str, Any]) -> dict[str, Any]:
    """Small answers: the browser that wants the whole successor asks with ``?file=1``."""
    return begun if request.args.get("file") else {name: value for name, value in begun.items() if name != "file"}
