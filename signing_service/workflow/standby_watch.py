"""The log's line when a synchronous standby goes, for which every commit then waits, and the one when it is back."""

from __future__ import annotations

import logging

from signing_service.errors import UnavailableError
from signing_service.store.standbys import look_at_standbys
from signing_service.workflow.service import Service

PAUSE = 10.0  # seconds between two looks
_SUBJECT = "standby"

_log = logging.getLogger(__name__)


def watch_standby(service: Service) -> tuple[int, bool]:
    """Look at the standbys; for a worker of its own. A database that does not answer is others' to tell."""
    try:
        with service.database.read() as session:
            standbys = look_at_standbys(session)
    except UnavailableError:
        return 0, True
    if standbys.problem:
        if service.complaints.begins(_SUBJECT, standbys.problem):
            _log.error("standby: %s (signing-service doctor)", standbys.problem)
    elif service.complaints.ends(_SUBJECT):
        _log.warning("standby: %s", _back(standbys.wanted))
    return 0, True


def _back(wanted: int) -> str:
    if not wanted:
        return "commits wait for none any more: what is stored from now on is on one disk only"
    return "all synchronous standbys follow the database again"
