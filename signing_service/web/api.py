"""The JSON endpoints that the pages' scripts ask: invitations and signing. All answers are small and never cached."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from babel import Locale
from flask import Blueprint, Response, current_app, jsonify, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required
from flask_wtf.csrf import generate_csrf

from signing_service.encoding import format_time, parse_canonical_json
from signing_service.errors import InputError, NotAllowedError
from signing_service.pdf import seal_image
from signing_service.pdf.marks import DrawnMark, Mark, TypedMark
from signing_service.pdf.seal_image import read_seal
from signing_service.web import limits
from signing_service.web.bodies import read_bytes, read_count, read_object, read_optional
from signing_service.web.error_pages import answer
from signing_service.web.presentation import language_tag
from signing_service.web.visitor import begin_session, client, refuse_password_at_table, the_service, visitor
from signing_service.workflow import attempts, enrolment, login, refusal, signing
from signing_service.workflow.approvals import Answer, PasskeyAnswer, Password
from signing_service.workflow.links import InvitedAs
from signing_service.workflow.moments import told
from signing_service.workflow.prepared import Prepared, Waiting, await_turn
from signing_service.workflow.signing import Reprepared

blueprint = Blueprint("api", __name__, url_prefix="/api")

MAX_REQUEST = 4096  # bytes of a PKCS#10 request; one of a P-256 key has about 200
MAX_STATEMENT = 8192  # bytes, as approval.statement takes them
MAX_HAVE = 1 << 40  # bytes of the document that a browser may say to have already
SIGNATURE_LENGTH = 64  # bytes of r ‖ s on P-256


@blueprint.get("/session")
@login_required
def session_state() -> Response:
    return jsonify({"name": visitor().name, "fresh": visitor().fresh, "csrf_token": generate_csrf()})


@blueprint.post("/invitations/open")
def open_invitation() -> ResponseReturnValue:
    token = read_object(token=str)["token"]
    try:
        opened = _open(token)
    except NotAllowedError:
        if current_user.is_authenticated and enrolment.is_for(the_service(), token, visitor().person_id):
            return jsonify({"signed_in": True})
        raise
    return jsonify(
        {
            "signed_in": False,
            "person": opened.person_name,
            "native_name": opened.native_name,
            "email": opened.email,
            "officer": opened.officer,
            "roles": [_spell(role) for role in opened.roles],
            "more_roles": opened.more_roles,
            "nothing_waits": opened.nothing_waits,
            "needs_password": opened.needs_password,
            "has_passkey": opened.has_passkey,
        }
    )


def _spell(role: InvitedAs) -> dict[str, str]:
    """A signature that is awaited, in the interface's language."""
    number = f"{role.reference} · {_('version %(version)s', version=role.version)}"
    until = told(role.closes, _language(), role.zone) if role.closes else ""
    ends = _("Signing is open until %(until)s.", until=until) if until else ""
    return {"title": role.title, "number": number, "party": role.party, "role": role.role, "ends": ends}


@blueprint.post("/invitations/accept")
def accept_invitation() -> ResponseReturnValue:
    password = read_optional("password")
    if password is not None and not isinstance(password, str):
        raise InputError("password is not a str")
    with_passkey = read_optional("passkey") is True
    token = read_object(token=str)["token"]
    service = the_service()
    opened = _open(token)
    begin_session(enrolment.accept_invitation(service, token, password, with_passkey=with_passkey, **client()))
    agreements = {role.agreement for role in opened.roles}
    if len(agreements) == 1 and not opened.officer:
        return jsonify({"next": url_for("representative.agreement", agreement_id=agreements.pop())})
    return jsonify({"next": url_for("public.home")})


def _language() -> str:
    return language_tag(get_locale() or Locale("en"))


def _open(token: str) -> enrolment.OpenedInvitation:
    """Look the link up; whoever tries many wrong ones is asked to wait, and a right one is always taken."""
    try:
        return enrolment.open_invitation(the_service(), token, _language())
    except NotAllowedError:
        limits.use("invitation")
        raise


@blueprint.post("/agreements/<agreement_id>/attempts")
@login_required
def begin(agreement_id: str) -> ResponseReturnValue:
    body = read_object(signer=str, mark=dict, consent_language=str)
    begun = attempts.begin_attempt(
        the_service(),
        visitor().person_id,
        agreement_id,
        body["signer"],
        read_mark(body["mark"]),
        body["consent_language"],
    )
    return jsonify(begun), 201


@blueprint.post("/attempts/<attempt_id>/approval")
@login_required
def approve(attempt_id: str) -> ResponseReturnValue:
    have = read_count("have", MAX_HAVE)
    body = read_object(request=str, statement=str, approval=dict)
    prepared = _approve(
        attempt_id,
        read_bytes(body["request"], "request", MAX_REQUEST),
        read_bytes(body["statement"], "statement", MAX_STATEMENT),
        read_answer(body["approval"]),
        have,
    )
    members = _prepared(prepared)
    return jsonify(members), 202 if "waiting" in members else 200


def _approve(
    attempt_id: str, request: bytes, statement: bytes, given: Answer, have: int | None
) -> Prepared | Waiting:
    account, service = visitor().person_id, the_service()
    counted = partial(_counted, account, given)
    prepared = signing.approve_attempt(service, account, attempt_id, request, statement, given, counted, have)
    if isinstance(prepared, Waiting) and _their_turn_came(attempt_id, prepared):
        prepared = signing.approve_attempt(service, account, attempt_id, request, statement, given, have=have)
    return prepared


def _counted(account: str, given: Answer) -> AbstractContextManager[None]:
    """An attempt that counts where it can be guessed; of passkeys nothing can."""
    if isinstance(given, Password):
        return limits.attempt("approval", account, wrong=login.WrongPasswordError)
    return nullcontext()


def _their_turn_came(attempt_id: str, waiting: Waiting) -> bool:
    """Hold the answer to who is next, as long as that leaves threads for everybody else."""
    room: BoundedSemaphore = current_app.extensions["waiting_room"]
    if not room.acquire(blocking=False):
        return False
    try:
        return await_turn(the_service(), waiting, attempt_id)
    finally:
        room.release()


@blueprint.post("/attempts/<attempt_id>/signature")
@login_required
def complete(attempt_id: str) -> ResponseReturnValue:
    have = read_count("have", MAX_HAVE)
    body = read_object(signature=str, revision=int)
    signature = read_bytes(body["signature"], "signature", SIGNATURE_LENGTH)
    person_id = visitor().person_id
    try:
        receipt = signing.complete_attempt(the_service(), person_id, attempt_id, signature, body["revision"], have)
    except Reprepared as error:
        return answer(error.status, error.message, error.hint, **_prepared(error.prepared))
    return jsonify(_receipt(receipt))


@blueprint.get("/attempts/<attempt_id>")
@login_required
def state(attempt_id: str) -> ResponseReturnValue:
    found, receipt = signing.attempt_state(the_service(), visitor().person_id, attempt_id)
    return jsonify({"state": found, **(_receipt(receipt) if receipt else {})})


@blueprint.post("/agreements/<agreement_id>/refusal/options")
@login_required
def refusal_options(agreement_id: str) -> ResponseReturnValue:
    body = read_object(signer=str, reason=str, consent_language=str)
    words = (body["signer"], body["reason"], body["consent_language"])
    return jsonify(refusal.begin_refusal(the_service(), visitor().person_id, agreement_id, *words))


@blueprint.post("/agreements/<agreement_id>/refusal")
@login_required
def refuse(agreement_id: str) -> ResponseReturnValue:
    body = read_object(signer=str, reason=str, approval=dict)
    account = visitor().person_id
    given = read_answer(body["approval"])
    with _counted(account, given):
        refusal.refuse(the_service(), account, agreement_id, body["signer"], body["reason"], given)
    return jsonify({"refused": True})


def read_mark(mark: dict[str, Any]) -> Mark:
    """The visible signature out of ``{"typed": text}``, ``{"strokes": [[x, y, …], …]}`` or ``{"seal": PNG}``.

    Raises InputError, LimitError for a PNG above seal_image's limits.
    """
    if list(mark) == ["typed"] and isinstance(mark["typed"], str):
        return TypedMark(mark["typed"])
    if list(mark) == ["strokes"]:
        return DrawnMark.from_flat(mark["strokes"])
    if list(mark) == ["seal"] and isinstance(mark["seal"], str):
        return read_seal(read_bytes(mark["seal"], "the seal's image", seal_image.MAX_BYTES))
    raise InputError("mark is neither typed nor drawn nor a seal")


def read_answer(approval: dict[str, Any]) -> Answer:
    """The evidence out of ``{"passkey": AuthenticationResponseJSON}`` or ``{"password": text, "code"?: digits}``."""
    if set(approval) == {"passkey"} and isinstance(approval["passkey"], dict):
        return PasskeyAnswer(approval["passkey"])
    refuse_password_at_table()
    if "password" in approval and set(approval) <= {"password", "code"}:
        password, code = approval["password"], approval.get("code", "")
        if isinstance(password, str) and isinstance(code, str):
            return Password(password, code)
    raise InputError("approval is neither a passkey's answer nor a password")


def _prepared(prepared: Prepared | Waiting) -> dict[str, Any]:
    if isinstance(prepared, Waiting):
        members: dict[str, Any] = {"waiting": prepared.place, "retry_after_ms": prepared.retry_after}
        if prepared.reserved is not None:
            held = prepared.reserved
            members["reserved"] = {"person": held.person, "party": held.party, "until": format_time(held.until)}
        return members
    return {"prepared": prepared.to_value()}


def _receipt(data: bytes) -> dict[str, Any]:
    receipt = parse_canonical_json(data)
    page = url_for("representative.receipt", agreement_id=receipt["agreement"], signer=receipt["signer"])
    return {"receipt": receipt, "receipt_url": page}
