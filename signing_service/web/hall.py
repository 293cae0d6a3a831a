"""The hall: a projected page and its state, for thousands of viewers at the cost of one; the same to read at a desk.

What both show without anybody signing in is the secretariat's choice; by default parties and times, and no person.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Blueprint, Response, current_app, json, render_template, request

from signing_service.encoding import format_time
from signing_service.web.visitor import the_service
from signing_service.workflow import overview
from signing_service.workflow.overview import PublicView
from signing_service.workflow.signer_views import SignerView

blueprint = Blueprint("hall", __name__)

MEMORY = 0.5  # seconds for which one answer serves everybody of this process
CACHE = "public, max-age=1"  # a proxy may answer all others for a second


class States:
    """The newest answers; whoever asks within MEMORY is given the same bytes. Thread-safe.

    Of many who come at once for one agreement only one asks the database; other agreements wait for nobody.
    """

    def __init__(self, memory: float = MEMORY, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory, self._clock = memory, clock
        self._lock = threading.Lock()  # over the dictionary, and for moments only
        self._halls: dict[str, _Hall] = {}

    def of(self, agreement_id: str) -> bytes:
        """The state of an agreement as JSON; raises NotFoundError."""
        with self._lock:
            hall = self._halls.setdefault(agreement_id, _Hall())
            hall.asking += 1
        try:
            with hall.lock:
                if not self._is_fresh(hall):
                    now = self._clock()
                    hall.data, hall.made = _state(agreement_id), now
                return hall.data
        finally:
            with self._lock:
                hall.asking -= 1
                self._halls = {key: one for key, one in self._halls.items() if one.asking or self._is_fresh(one)}

    def kept(self) -> list[str]:
        """The agreements of which something is remembered: no more than are asked for within MEMORY."""
        with self._lock:
            return sorted(self._halls)

    def _is_fresh(self, hall: _Hall) -> bool:
        return hall.made is not None and self._clock() - hall.made < self._memory


@dataclass
class _Hall:
    """One agreement's answer, and its lock, which is held while the answer is made."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    asking: int = 0
    made: float | None = None
    data: bytes = b""


@blueprint.get("/ceremony/<agreement_id>", strict_slashes=False)  # as it is typed from a slide
def page(agreement_id: str) -> str:
    return _page("public/hall.html", agreement_id)


@blueprint.get("/status/<agreement_id>", strict_slashes=False)
def status(agreement_id: str) -> str:
    return _page("public/status.html", agreement_id)


def _page(template: str, agreement_id: str) -> str:
    shown = overview.public_view(the_service(), agreement_id)
    statuses = {signer.id: _status(shown, signer) for signer in shown.view.signers}
    countries = overview.printed_countries(the_service(), agreement_id)
    outcome, since = _outcome(shown)
    return render_template(
        template,
        shown=shown,
        view=shown.view,
        statuses=statuses,
        countries=countries,
        outcome=outcome,
        since=since,
    )


@blueprint.get("/ceremony/<agreement_id>/state.json")
def state(agreement_id: str) -> Response:
    states = cast("States", current_app.extensions["hall_states"])
    response = Response(states.of(agreement_id), mimetype="application/json")
    response.headers["Cache-Control"] = CACHE
    response.add_etag()
    response.make_conditional(request)
    return response


def _state(agreement_id: str) -> bytes:
    shown = overview.public_view(the_service(), agreement_id)
    view = shown.view
    outcome, since = _outcome(shown)
    state = {
        "state": view.state,
        "complete": view.complete,
        "completed": _spell(shown.completed),
        "countersigned": _spell(view.countersigned),
        "outcome": outcome,
        "since": _spell(since),
        "in_force_from": _spell(view.in_force_from),
        "signers": [_signer(shown, signer) for signer in view.signers],
    }
    return json.dumps(state).encode()


def _signer(shown: PublicView, signer: SignerView) -> dict[str, str | None]:
    known = {"id": signer.id, "status": _status(shown, signer), "time": _spell(signer.time)}
    return {**known, "name": signer.representative} if shown.names and signer.status == "signed" else known


def _status(shown: PublicView, signer: SignerView) -> str:
    if shown.view.over and signer.status in ("waiting", "signing"):
        return "missed"
    return "signing" if signer.id in shown.signing else signer.status


def _outcome(shown: PublicView) -> tuple[str, datetime | None]:
    """What the hall says large, and since when; nothing while signatures are still needed."""
    view = shown.view
    if view.withdrawal is not None:
        return view.state, view.withdrawal.time
    if view.countersigned is not None:
        return "countersigned", view.countersigned
    if view.complete:
        return "complete", shown.completed
    return ("expired", view.closes) if view.state == "expired" else ("", None)


def _spell(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
