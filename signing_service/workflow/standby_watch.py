"""While a synchronous standby is away no commit returns: what waits is ended, and writers are refused until it is back.

The log has a line when it goes and one when it is back.
"""

from __future__ import annotations

import contextlib
import logging
import threading

from signing_service.errors import UnavailableError
from signing_service.store.database import Database
from signing_service.store.standbys import Standbys, end_waits, look_at_standbys
from signing_service.workflow.service import Service

PAUSE = 5.0  # seconds between two looks; while writers are refused they follow each other faster
TRIAL = 1.0  # seconds until a commit that is tried counts as one that waits
STUCK = "commits do not return: their synchronous standby does not answer"
_SUBJECT = "standby"

_log = logging.getLogger(__name__)


def watch_standby(service: Service) -> tuple[int, bool]:
    """Look at the standbys; for a worker of its own. A database that does not answer is others' to tell.

    Gives 1 while writers are refused, so that it looks again soon.
    """
    database = service.database
    database.gate.is_watched = True
    try:
        with database.read() as session:
            standbys, ended = look_at_standbys(session), end_waits(session)
    except UnavailableError:
        return 0, True
    if standbys.problem or ended:
        database.gate.close()
    elif database.gate.is_closed:
        _try_to_commit(database)
    _tell(service, standbys)
    return int(database.gate.is_closed), True


def _try_to_commit(database: Database) -> None:
    """Only a commit can tell that commits return, above all where the standbys cannot be seen.

    It has a thread of its own: where it waits, too, a later look ends it.
    """

    def run() -> None:
        with contextlib.suppress(UnavailableError):
            database.try_to_commit()

    trying = threading.Thread(target=run, name="trial", daemon=True)
    trying.start()
    trying.join(TRIAL)


def _tell(service: Service, standbys: Standbys) -> None:
    problem = standbys.problem or (STUCK if service.database.gate.is_closed else "")
    if problem:
        if service.complaints.begins(_SUBJECT, problem):
            _log.error("standby: %s (signing-service doctor)", problem)
    elif service.complaints.ends(_SUBJECT):
        _log.warning("standby: %s", _back(standbys.wanted))


def _back(wanted: int) -> str:
    if not wanted:
        return "commits wait for none any more: what is stored from now on is on one disk only"
    return "all synchronous standbys follow the database again"
