"""Verifying on our page: a file is sent, checked in a child process by the same verifier, and forgotten."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import cast

from babel import Locale
from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup
from werkzeug.datastructures import FileStorage

from signing_service import resources
from signing_service.errors import DatabaseDownError, InputError, LimitError, UnavailableError
from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.verify.html import REASONS
from signing_service.verify.kinds import RECEIPT, kind_of
from signing_service.verify.sandbox import MAX_TRUST_BYTES, Result, Submission, verify_apart
from signing_service.verify.verifier import PROFILES, is_document
from signing_service.web import limits
from signing_service.web.saved_report import with_fonts
from signing_service.web.visitor import the_service, visitor
from signing_service.workflow import download
from signing_service.workflow.mails import DEFAULT

blueprint = Blueprint("verification", __name__)

MAX_UPLOAD = 32 * 1024 * 1024  # bytes; an agreement of two hundred signatures and its bundle have 5 MB each
AT_ONCE = 2  # children; each may take a core and sandbox.MAX_MEMORY
PATIENCE = 20  # seconds that a visitor waits for one of them
REPORT_POLICY = (  # of the report alone
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'; sandbox"
)


def allow_upload() -> None:
    """Let requests that bring a document be larger than others; to be asked before the form is read."""
    if request.endpoint in ("verification.check", "own_certificate.upload"):
        request.max_content_length = MAX_UPLOAD


def room() -> BoundedSemaphore:
    """How many may be verifying at once; made once an application."""
    return BoundedSemaphore(AT_ONCE)


@blueprint.get("/verify")
def ask() -> str:
    return _page()


@blueprint.post("/verify")
def check() -> ResponseReturnValue:
    try:
        submission = _submission()
        limits.use("verification")
        if not is_document(submission.data):  # which has no verdict worth a word: the commands give one
            kind = kind_of(submission.data)
            return render_template("public/no_agreement.html", name=submission.name, kind=kind, receipt=kind is RECEIPT)
        result = _verify(submission)
    except DatabaseDownError:
        raise  # its words are for the operator
    except (InputError, UnavailableError) as error:
        return _page(failure=error), error.status
    saved = "data:text/html;base64," + b64encode(_saved(result).encode()).decode()
    own = request.files.get("trust")
    return render_template(
        "public/verified.html",
        result=result,
        body=Markup(result.body),  # noqa: S704 (escaped by the report; no script runs here, headers.py)
        saved=Markup(saved),  # noqa: S704 (base64)
        name=submission.name,
        why=_reasons().get(result.reason, ""),
        own_trust=bool(own and own.filename),
    )


@blueprint.get("/agreements/<agreement_id>/report.html")
@login_required
def report(agreement_id: str) -> Response:
    """The verifier's report on the agreement as it stands, beside its PDF: nothing is added after the seal."""
    service = the_service()
    person_id = visitor().person_id
    limits.use("report", person_id)
    name, data = download.evidence(service, person_id, agreement_id)
    language, catalogue = _language()
    trust = (download.trust_file(service),)
    result = _verify(Submission(data, name, trust, service.clock(), language=language, catalogue=catalogue))
    response = Response(_saved(result), mimetype="text/html")
    response.headers["Content-Security-Policy"] = REPORT_POLICY
    return response


def _reasons() -> dict[str, str]:
    """In a sentence, why a file is not PASSED: by the state of its agreement, or by the step that found the worst."""
    return {
        "open": _("The agreement is still open: who has not signed yet stands below."),
        "complete": _("The parties have signed; the countersignature of the secretariat is still to come."),
        "foreign": _("It does not come from the alliance whose trust file it was checked against."),
        "alone": _("The PDF alone does not prove everything: verify its evidence bundle (ZIP) instead."),
        **{step: _(reason) for step, reason in REASONS.items()},
    }


def _page(**values: object) -> str:
    words = fingerprint_text(fingerprint(download.trust_file(the_service())))
    return render_template("public/verify.html", fingerprint=words, **{"failure": None, **values})


def _submission() -> Submission:
    """What was sent: the document, and with it a trust file, or none for this service's own."""
    document = _file("document")
    if document is None:
        raise InputError("no file was chosen", hint="choose the agreement's PDF or its evidence bundle")
    trust = _file("trust")
    given = trust.read(MAX_TRUST_BYTES + 1) if trust else download.trust_file(the_service())
    if len(given) > MAX_TRUST_BYTES:
        raise LimitError("the trust file is larger than %(limit)s bytes", limit=MAX_TRUST_BYTES)
    profile = request.form.get("profile", PROFILES[0])
    if profile not in PROFILES:
        raise InputError("there is no such profile", hint="choose one of %(choices)s", choices=", ".join(PROFILES))
    name, now = str(document.filename)[-120:], the_service().clock()
    return Submission(document.read(), name, (given,), now, profile, *_language())


def _saved(result: Result) -> str:
    """The report's page with the letters of its language in it."""
    return with_fonts(result.page, the_service().fonts.faces)


def _language() -> tuple[str, bytes]:
    """The interface's language, and its catalogue for the child that verifies; English has none."""
    locale = get_locale() or Locale(DEFAULT)
    path = resources.translations() / str(locale) / "LC_MESSAGES" / "messages.mo"
    return str(locale).replace("_", "-"), path.read_bytes() if path.is_file() else b""


def _file(name: str) -> FileStorage | None:
    found = request.files.get(name)
    return found if found and found.filename else None


def _verify(submission: Submission) -> Result:
    with turn():
        return verify_apart(submission)


@contextmanager
def turn() -> Iterator[None]:
    """Wait until a child may be started; raises UnavailableError when that takes too long."""
    places = cast("BoundedSemaphore", current_app.extensions["verifying_room"])
    if not places.acquire(timeout=PATIENCE):
        raise UnavailableError("many are verifying just now", hint="try again in a minute")
    try:
        yield
    finally:
        places.release()
