"""One log line for each request, and an id that ties every line of it together and comes back in ``X-Request-ID``.

What is logged of a request is its method, endpoint, status and time: no path, query, body, header or address.
"""

from __future__ import annotations

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from signing_service.web.measuring import Metrics

HEADER = "X-Request-ID"
QUIET = frozenset({"static", "operations.ready", "operations.metrics", "public.health"})  # asked all the time
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}\Z")

_log = logging.getLogger(__name__)


def register(app: Flask, metrics: Metrics) -> None:
    """Log and measure every request of ``app``."""

    @app.before_request
    def begin() -> None:
        clear_contextvars()
        g.request_id, g.begun = _request_id(), time.monotonic()
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if "begun" in g:
            seconds = time.monotonic() - g.begun
            endpoint = request.endpoint or "none"
            metrics.count(endpoint, request.method, response.status_code, seconds)
            response.headers[HEADER] = g.request_id
            level = logging.DEBUG if endpoint in QUIET else logging.INFO
            extra = {
                "method": request.method,
                "endpoint": endpoint,
                "status": response.status_code,
                "milliseconds": round(1000 * seconds),
            }
            _log.log(level, "request", extra=extra)
        return response


def _request_id() -> str:
    """The one that a trusted proxy gave the request, else a fresh one."""
    given = request.headers.get(HEADER, "")
    if "werkzeug.proxy_fix.orig" in request.environ and _GIVEN.match(given):
        return given
    return secrets.token_hex(8)
