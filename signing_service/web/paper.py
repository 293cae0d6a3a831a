"""Signatures on paper: the officer's page on which a scan is attested by passkey, and the scan itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from signing_service.errors import InputError
from signing_service.web import files
from signing_service.web.bodies import read_bytes, read_object
from signing_service.web.proof import proof_required
from signing_service.web.visitor import office_required, the_service, visitor
from signing_service.web.words import passkey_words
from signing_service.workflow import overview, paper
from signing_service.workflow.download import SUFFIXES
from signing_service.workflow.overview import AgreementView

blueprint = Blueprint("paper", __name__, url_prefix="/secretariat/agreements/<agreement_id>/paper")


@blueprint.get("/")
@office_required("attest")
def show(agreement_id: str) -> str:
    view = overview.agreement_view(the_service(), visitor().person_id, agreement_id)
    signers = [signer for signer in view.signers if signer.person_id and signer.status in ("waiting", "refused")]
    return render_template("secretariat/paper.html", view=view, signers=signers, data=_data(view))


@blueprint.post("/<signer>/options")
@office_required("attest")
@proof_required
def options(agreement_id: str, signer: str) -> ResponseReturnValue:
    body = read_object(signed_on=str, scan=str)
    page = paper.Page(read_bytes(body["scan"], "scan", paper.MAX_SCAN), _day(body["signed_on"]))
    return jsonify(paper.begin_attestation(the_service(), visitor().person_id, agreement_id, signer, page))


@blueprint.post("/<signer>")
@office_required("attest")
def attest(agreement_id: str, signer: str) -> ResponseReturnValue:
    body = read_object(answer=dict, scan=str)
    scan = read_bytes(body["scan"], "scan", paper.MAX_SCAN)
    paper.attest(the_service(), visitor().person_id, agreement_id, signer, body["answer"], scan)
    return jsonify({"attested": True}), 201


@blueprint.get("/<signer>/scan")
@office_required("attest")
def scan(agreement_id: str, signer: str) -> Response:
    """As a download: what somebody scanned is shown by no page of ours."""
    media_type, data = paper.scan_of(the_service(), visitor().person_id, agreement_id, signer)
    return files.send(data, media_type, f"paper-{signer.replace(':', '-')}{SUFFIXES[media_type]}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("the day on the page is not a date", hint="write it like 2025-04-11") from None


def _data(view: AgreementView) -> dict[str, Any]:
    return {
        "agreement": view.id,
        "revision0": view.revision0_sha256,
        "officer": visitor().person_id,
        "attest": url_for("paper.attest", agreement_id=view.id, signer="-"),
        "words": passkey_words(),
    }
