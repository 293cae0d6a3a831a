"""The hall: a projected page, and its state for thousands of viewers at the cost of one."""

from __future__ import annotations

import threading
import time
from typing import cast

from flask import Blueprint, Response, current_app, json, render_template, request

from signing_service.encoding import format_time
from signing_service.web.visitor import the_service
from signing_service.workflow import overview

blueprint = Blueprint("hall", __name__)

MEMORY = 0.5  # seconds for which one answer serves everybody of this process
CACHE = "public, max-age=1"  # a proxy may answer all others for a second


class States:
    """The newest answers; whoever asks within MEMORY is given the same bytes. Thread-safe."""

    def __init__(self, memory: float = MEMORY) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, bytes]] = {}

    def of(self, agreement_id: str) -> bytes:
        """The state of an agreement as JSON; raises NotFoundError."""
        with self._lock:  # so that of many who come at once only one asks the database
            made, data = self._kept.get(agreement_id, (-self._memory, b""))
            now = time.monotonic()
            if now - made >= self._memory:
                data = _state(agreement_id)
                self._kept = {key: one for key, one in self._kept.items() if now - one[0] < self._memory}
                self._kept[agreement_id] = (now, data)
        return data


@blueprint.get("/ceremony/<agreement_id>")
def page(agreement_id: str) -> str:
    return render_template("public/hall.html", view=overview.public_view(the_service(), agreement_id))


@blueprint.get("/ceremony/<agreement_id>/state.json")
def state(agreement_id: str) -> Response:
    states = cast("States", current_app.extensions["hall_states"])
    response = Response(states.of(agreement_id), mimetype="application/json")
    response.headers["Cache-Control"] = CACHE
    response.add_etag()
    response.make_conditional(request)
    return response


def _state(agreement_id: str) -> bytes:
    view = overview.public_view(the_service(), agreement_id)
    signers = [
        {"id": signer.id, "status": signer.status, "time": format_time(signer.time) if signer.time else None}
        for signer in view.signers
    ]
    return json.dumps({"state": view.state, "complete": view.complete, "signers": signers}).encode()
