"""Pages for everybody: the front page, how to verify, the trust file, the hall, what devices need."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from flask import Blueprint, Response, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from signing_service.encoding import sha256_hex
from signing_service.errors import InputError, NotFoundError
from signing_service.evidence.trust import fingerprint, fingerprint_text, parse_trust_file
from signing_service.web import files, headers, languages, typefaces
from signing_service.web.visitor import the_service, visitor
from signing_service.workflow import download, trust_history

blueprint = Blueprint("public", __name__)

_NO_PATH = re.compile(r"[\x00-\x1f\x7f\\]")
ONE_YEAR = "public, max-age=31536000"


@blueprint.get("/")
def home() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return render_template("public/home.html")
    if visitor().at_table:
        return redirect(url_for("representative.agreement", agreement_id=visitor().table_agreement))
    if visitor().officer:
        return redirect(url_for("secretariat.dashboard"))
    return redirect(url_for("service_state.show" if visitor().may("service") else "representative.home"))


@blueprint.get("/help/yellow-mark")
def yellow_mark() -> str:
    root = the_service().trust.root
    return render_template("public/yellow_mark.html", root_sha256=sha256_hex(root.public_bytes(Encoding.DER)))


@blueprint.get("/trust")
def trust() -> str:
    service = the_service()
    data = download.trust_file(service)
    words = fingerprint_text(fingerprint(data))
    history = trust_history.trust_history(service)
    return render_template("public/trust.html", trust=parse_trust_file(data), fingerprint=words, history=history)


@blueprint.get("/trust.json")
def trust_file() -> Response:
    return files.send(download.trust_file(the_service()), "application/json", "trust.json", cache="public, no-cache")


@blueprint.get("/trust/<digest>.json")
def earlier_trust_file(digest: str) -> Response:
    data = trust_history.earlier_trust_file(the_service(), digest)
    name = f"trust-{fingerprint_text(fingerprint(data)).replace(' ', '')[:8]}.json"
    return files.send(data, "application/json", name, cache=f"{ONE_YEAR}, immutable")


@blueprint.get("/root.pem")
def root_certificate() -> Response:
    pem = the_service().trust.root.public_bytes(Encoding.PEM)
    return files.send(pem, "application/x-pem-file", "root.pem", cache="public, no-cache")


@blueprint.get("/fonts/<name>.ttf")
def font(name: str) -> Response:
    return _packed(typefaces.piece(name, the_service().fonts.faces), "font/ttf", ONE_YEAR)


@blueprint.get("/fonts/han.css")
def han_style_sheet() -> Response:
    return _packed(typefaces.han_style_sheet(the_service().fonts.faces), "text/css", "no-cache")


def _packed(gzipped: bytes, mimetype: str, cache: str) -> Response:
    response = Response(gzipped, mimetype=mimetype, headers={"Content-Encoding": "gzip", "Cache-Control": cache})
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/language/<tag>")
def choose_language(tag: str) -> ResponseReturnValue:
    if tag not in languages.finished() and tag not in languages.drafts():
        raise NotFoundError("these pages are not in that language")
    if headers.is_of_this_site():  # else another site's page would choose for the person, mails included
        session["language"] = tag
        if current_user.is_authenticated and not current_user.at_table:
            languages.note(the_service(), visitor().person_id, visitor().locale)
    return redirect(local_path(request.args.get("next")))


@blueprint.get("/healthz")
def health() -> Response:
    """Nothing is asked: a restart would bring back neither the database nor a disk, and cost who is signing."""
    return jsonify({"status": "ok"})


def local_path(text: str | None) -> str:
    """A path of this site out of a ``next`` parameter; the front page for anything else.

    Browsers read ``\\`` as ``/`` and leave tabs and line ends out, wherever they stand; no path of ours has any.
    """
    if not text or not text.startswith("/") or text.startswith("//") or _NO_PATH.search(text):
        return url_for("public.home")
    parts = urlsplit(text)
    if parts.scheme or parts.netloc:
        raise InputError("the address to go on to is not one of this site")
    return text
