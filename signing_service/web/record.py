"""The record for everybody (C2SP tlog-tiles), and the built-in timestamp authority (RFC 3161)."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from signing_service.errors import InputError, NotFoundError
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.web import files
from signing_service.web.visitor import the_service
from signing_service.workflow import feeds, public_record

blueprint = Blueprint("record", __name__)

JSON_LINES = "application/jsonl"
FOR_EVER = "public, max-age=31536000, immutable"  # tiles never change
TIMESTAMP_QUERY, TIMESTAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161 section 3.4


@blueprint.get("/record/")
def state() -> str:
    record = public_record.record_state(the_service())
    return render_template("record/state.html", trust=record.trust, record=record)


@blueprint.get("/record/checkpoint")
def checkpoint() -> Response:
    note = public_record.record_state(the_service()).note
    return files.send(note.encode(), "text/plain", cache="public, no-cache")


@blueprint.get("/record/tile/<path:path>")
def tile(path: str) -> Response:
    data = public_record.tile(the_service(), f"tile/{path}")
    return files.send(data, "application/octet-stream", cache=FOR_EVER)


@blueprint.get("/record/feed/<agreement_id>")
def feed(agreement_id: str) -> Response:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    start = request.args.get("from", "0")
    if not (start.isascii() and start.isdigit() and len(start) <= 18):
        raise InputError("from is not an index of the record", hint="it is 0, or one more than the last line's index")
    data = feeds.read_feed(the_service(), agreement_id, token.strip() if scheme.lower() == "bearer" else "", int(start))
    return files.send(data, JSON_LINES, cache="no-store")


@blueprint.post("/tsa")
def timestamp() -> Response:
    service = the_service()
    authority = service.authorities[0]
    if not isinstance(authority, BuiltInAuthority):
        raise NotFoundError("this service takes its timestamps from other authorities")
    if request.mimetype != TIMESTAMP_QUERY:
        raise InputError(f"a timestamp request has the type {TIMESTAMP_QUERY}")
    return Response(authority.respond(request.get_data(), service.clock()), mimetype=TIMESTAMP_REPLY)
