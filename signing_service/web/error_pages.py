"""Failures as pages for people and as JSON for scripts; the text comes from the error tree."""

from __future__ import annotations

import errno
import logging
from typing import Any

from flask import Flask, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from signing_service.errors import (
    DamagedError,
    DatabaseDownError,
    ForkError,
    GuardError,
    ReplacedKeyError,
    SigningServiceError,
)
from signing_service.web.error_words import translated

_log = logging.getLogger(__name__)

INVITATION_ENDPOINTS = ("api.open_invitation", "api.accept_invitation")


def register(app: Flask) -> None:
    """Handle every failure of every view."""
    app.register_error_handler(SigningServiceError, _on_own_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(OSError, _on_machine_error)
    app.register_error_handler(Exception, _on_unexpected_error)


def unauthorized() -> ResponseReturnValue:
    """Ask to sign in, and come back to the same page afterwards."""
    if wants_json():
        return answer(401, "you are signed out", "sign in again; nothing is lost")
    if request.method == "GET":
        return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")))
    flash(_("Your session was over, so nothing was done. Please sign in again."), "wait")
    return redirect(url_for("account.sign_in"))


def wants_json() -> bool:
    """Whether a script asks, not a person."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def answer(status: int, message: str, hint: str = "", **members: Any) -> ResponseReturnValue:
    """A failure as JSON."""
    return jsonify({"error": translated(message), "hint": translated(hint), **members}), status


def _on_own_error(error: SigningServiceError) -> ResponseReturnValue:
    if error.status >= 500:
        _log.error("%s %s: %s (%s)", request.method, request.path, error.message, error.hint)
    return _show(error.status, *_for_people(error))


def _for_people(error: SigningServiceError) -> tuple[str, str]:
    """What is shown: the error's own words, but where they name the operator's servers, files and tasks."""
    if isinstance(error, (ForkError, DamagedError)):
        message = _("the record is not as it was published, so nothing is written to it")
        return message, _("what was confirmed is kept; the operator of this service has to look at it")
    if isinstance(error, GuardError):
        message = _("the record cannot be published just now")
        return message, _("try again later: what was confirmed is kept; the operator has to look at the disk")
    again = _("try again; nothing is lost, a completed step gives the same answer")
    if isinstance(error, ReplacedKeyError):
        return _("the record cannot be published just now"), again
    if isinstance(error, DatabaseDownError):
        return _("the database does not answer"), again
    return error.message, error.hint


def _on_csrf_error(error: CSRFError) -> ResponseReturnValue:
    if wants_json() and not current_user.is_authenticated and request.endpoint not in INVITATION_ENDPOINTS:
        return unauthorized()
    return _show(400, "this page is too old to send anything", "reload it and try again")


def _on_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    return _show(error.code, "")


def _on_machine_error(error: OSError) -> ResponseReturnValue:
    """A disk that is full, a limit that is reached: not this request's fault, and over some time later."""
    if error.errno not in _MACHINE:
        return _on_unexpected_error(error)
    _log.error("%s %s: %s", request.method, request.path, error)
    return _show(503, "the server lacks room just now", "try again later: what was confirmed is kept")


_MACHINE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
)


def _on_unexpected_error(error: Exception) -> ResponseReturnValue:
    _log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return _show(500, "")


def _title(status: int) -> str:
    titles = {
        400: _("That could not be understood"),
        403: _("That is not possible"),
        404: _("There is no such page"),
        405: _("That is not possible"),
        409: _("That was done already"),
        413: _("That is too large"),
        422: _("That does not verify"),
        429: _("Too many attempts"),
        503: _("Not available just now"),
    }
    return str(titles.get(status, _("Something went wrong")))


def _show(status: int, message: str, hint: str = "") -> ResponseReturnValue:
    if not message and status >= 500:
        message = "this is our mistake, not yours; nothing was half done"
        hint = "try again; if it stays so, tell us"
    if wants_json():
        return answer(status, message or _title(status), hint)
    page = render_template("errors/error.html", code=status, title=_title(status), message=message, hint=hint)
    return page, status
