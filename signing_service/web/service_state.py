"""The operator's page: how the service does, without a word of any agreement."""

from __future__ import annotations

from flask import Blueprint, render_template

from signing_service.web.visitor import office_required, the_service
from signing_service.workflow import service_state

blueprint = Blueprint("service_state", __name__)


@blueprint.get("/service/")
@office_required("service")
def show() -> str:
    return render_template("service/state.html", state=service_state.read_state(the_service()))
