"""The gate before what must not be done by whoever finds a browser open: a recent proof of presence.

::

    @blueprint.post("/agreements/<agreement_id>/publish")
    @officer_required
    @proof_required
    def publish(agreement_id): ...

Where the last proof is too old, a page asks for passkey or password; what had been sent to the view goes with it and
is sent again, so that nothing has to be typed twice. Scripts are answered 403 with ``prove``, the page that asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from signing_service.errors import InputError, NotAllowedError, SigningServiceError, TooManyAttemptsError
from signing_service.web import limits
from signing_service.web.error_pages import answer, wants_json
from signing_service.web.forms import ConfirmForm
from signing_service.web.visitor import the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import proof
from signing_service.workflow.passwords import WrongPasswordError

OWN_FIELDS = ("csrf_token", "proof_password", "proof_code")  # of the page that asks

P = ParamSpec("P")
R = TypeVar("R")


def proof_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let the view be reached by requests that change something only soon after a proof of presence."""
    return _guard(view, lambda: True)


def proof_unless_first(view: Callable[P, R]) -> Callable[P, R]:
    """The same, except for who has nothing yet to prove presence with: they are about to make it."""
    return _guard(view, has_proof)


def has_proof() -> bool:
    """Whether the visitor has anything to prove presence with."""
    return proof.means_of(the_service(), visitor().person_id).any


def _guard(view: Callable[P, R], needed: Callable[[], bool]) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method in ("GET", "HEAD") or visitor().fresh or not needed():
            return view(*args, **kwargs)
        failure = prove_by_form() if request.form.get("proof_password") else None
        if failure is None and visitor().fresh:
            return view(*args, **kwargs)
        return cast("R", ask(failure))

    guarded.needs_proof = True  # type: ignore[attr-defined]  # the tests ask every view
    return guarded


def prove_by_form() -> SigningServiceError | None:
    """Take password and code out of the form that was sent; give what is wrong with them."""
    if not ConfirmForm().validate_on_submit():
        raise InputError("this page is too old to send anything", hint="reload it and try again")
    person, form = visitor(), request.form
    given = form["proof_password"], form.get("proof_code", "")
    try:
        with limits.attempt("approval", person.person_id, wrong=WrongPasswordError):
            proof.prove_by_password(the_service(), person.person_id, person.token, *given)
    except TooManyAttemptsError:
        raise
    except NotAllowedError as error:
        return error
    person.fresh = True
    return None


def ask(failure: SigningServiceError | None = None, next_page: str = "") -> ResponseReturnValue:
    """The page that asks for a proof, status 403; after it, what was sent here is sent again."""
    if wants_json():
        hint = "use your passkey, or your password with a code"
        means = proof.means_of(the_service(), visitor().person_id)
        message, hint = (failure.message, failure.hint) if failure else ("prove first that it is you", hint)
        return answer(403, message, hint, prove=url_for("account.prove"), means=asdict(means))
    if any(file.filename for file in request.files.values()):
        flash(_("Files are not kept: please go back and choose them again after this."), "wait")
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in OWN_FIELDS]
    page = render_template(
        "account/prove.html",
        kept=kept if not next_page else [("next", next_page)],
        action=request.full_path.rstrip("?"),
        means=proof.means_of(the_service(), visitor().person_id),
        failure=failure,
        data={
            "step_up_options": url_for("passkeys.step_up_options"),
            "step_up": url_for("passkeys.step_up"),
            "words": passkey_words(),
        },
    )
    return page, 403 if failure or not next_page else 200
