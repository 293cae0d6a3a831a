"""For machines that look after the service: is it ready, and how does it do."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from signing_service.errors import NotFoundError
from signing_service.web.measuring import CONTENT_TYPE, Metrics
from signing_service.web.visitor import the_service
from signing_service.workflow.readiness import readiness

blueprint = Blueprint("operations", __name__)


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    parts = readiness(the_service())
    well = not any(part.problem and part.elsewhere for part in parts)
    told = {part.name: part.problem or "ok" for part in parts} if may_read() else {}
    return jsonify({"status": "ready" if well else "not ready", **told}), 200 if well else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    if not may_read():
        raise NotFoundError("there is no such page")
    return Response(cast("Metrics", current_app.extensions["metrics"]).text(), content_type=CONTENT_TYPE)


def may_read() -> bool:
    """Whether the request has the token, or comes from one of METRICS_FROM's networks and no unknown proxy."""
    settings = the_service().settings
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), settings.metrics_token.encode())
    if "X-Forwarded-For" in request.headers and "werkzeug.proxy_fix.orig" not in request.environ:
        return False  # a proxy that is not in TRUSTED_PROXIES: its own address says nothing of who asks
    try:
        peer = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(peer in network for network in settings.metrics_from if network.version == peer.version)
