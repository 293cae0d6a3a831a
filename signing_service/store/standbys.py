"""Whether the standbys are there that each of PostgreSQL's commits waits for: while one is missing, no commit returns.

Example::

    with database.read() as session:
        standbys = look_at_standbys(session)
    if standbys.problem:
        print(f"nothing can be stored: {standbys.problem}")
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from signing_service.errors import UnavailableError
from signing_service.store.database import Database

ADVICE = "bring it back, or go on without it: deploy/postgresql/synchronous HOST PORT '' on the primary"
_COUNTED = re.compile(r"\s*(?:FIRST|ANY)?\s*(\d+)\s*\(", re.IGNORECASE)
_NAMES = "SELECT current_setting('synchronous_standby_names'), pg_has_role('pg_read_all_stats', 'USAGE')"
_FOLLOWING = """
    SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')
"""
PATIENCE = 10  # seconds that a commit waits for its standby: one that starts anew is back before
# Of this service's own connections; those of its role are seen and ended without further rights.
_END = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND wait_event = 'SyncRep'
    AND application_name = current_setting('application_name')
    AND state_change <= clock_timestamp() - make_interval(secs => :patience)
"""


class Standbys(NamedTuple):
    """What commits wait for."""

    wanted: int
    """How many standbys have to have a commit on their disks; 0 where none is synchronous."""
    following: int | None
    """How many of them follow; None where the service's role may not see that (it lacks pg_monitor)."""

    @property
    def problem(self) -> str:
        """Why no commit returns; empty where they do, or where it cannot be seen."""
        if self.following is None or self.following >= self.wanted:
            return ""
        return f"{self.following} of {self.wanted} synchronous standbys follow the database; every commit waits"


def look_at_standbys(session: Session) -> Standbys:
    """Compare ``synchronous_standby_names`` with who follows; none is wanted on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return Standbys(0, 0)
    names, may_see = session.execute(text(_NAMES)).one()
    wanted = wanted_by(names)
    if not wanted:
        return Standbys(0, 0)
    return Standbys(wanted, session.execute(text(_FOLLOWING)).scalar_one() if may_see else None)


def check_standbys(database: Database) -> None:
    """Raise UnavailableError where a commit would wait for a standby that is not there, perhaps for ever."""
    with database.read() as session:
        standbys = look_at_standbys(session)
    if standbys.problem:
        raise UnavailableError(standbys.problem, hint=f"nothing was begun: {ADVICE}")


def names_several(url: URL) -> bool:
    """Whether a database's URL names several servers, of which one is the primary."""
    return "," in url.get_dialect()().create_connect_args(url)[1].get("host", "")


def end_waits(session: Session) -> int:
    """End the waits of the service's commits that have lasted longer than PATIENCE; gives how many there were.

    Whoever waited is told that the database does not answer: what it wrote is on the primary, and may be lost with it.
    """
    if session.get_bind().dialect.name != "postgresql":
        return 0
    return len(session.execute(text(_END), {"patience": PATIENCE}).all())


def wanted_by(names: str) -> int:
    """How many standbys a commit waits for by ``synchronous_standby_names``: ``two``, ``ANY 2 (a, b, c)``, nothing."""
    counted = _COUNTED.match(names)
    return int(counted[1]) if counted else int(bool(names.strip()))
