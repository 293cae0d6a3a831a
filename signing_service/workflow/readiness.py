"""Whether this process can do its work now, part by part: what a load balancer asks before it sends anybody here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from signing_service.errors import ConfigurationError, DatabaseDownError, SigningServiceError, UnavailableError
from signing_service.pki.authority import PROFILES
from signing_service.store import installation, ledger
from signing_service.store.migrations import check_schema
from signing_service.store.standbys import look_at_standbys
from signing_service.workflow import trust
from signing_service.workflow.clock_check import off_the_database
from signing_service.workflow.service import Service

MOST_OFF = timedelta(seconds=5)  # half of a place's lease
LEAST_FREE = 64 * 1024 * 1024  # bytes; a signature takes some ten thousand


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what is needed; ``problem`` is empty where it is ready."""

    name: str
    problem: str = ""
    elsewhere: bool = True
    """Whether another server may do better, so that a problem makes this one not ready."""


def readiness(service: Service) -> list[Part]:
    """Look at every part; a problem hides no later one.

    Where the database does not answer that is said once: what only it can tell is left out, and not waited for.
    """
    found: dict[str, str] = {}
    is_down = False
    for name, asks_database, check in _CHECKS:
        if is_down and asks_database:
            continue
        problem, went_down = _problem(check, service)
        found[name], is_down = found.get(name) or problem, is_down or went_down
    parts = [Part(name, problem) for name, problem in found.items()]
    if not parts[0].problem:
        # all servers share the database, and on each everything but writing goes on
        standby, _ = _problem(_check_standby, service)
        parts += [Part("standby", standby, elsewhere=False)] if standby else []
    return parts


def _problem(check: Callable[[Service], None], service: Service) -> tuple[str, bool]:
    """What a check raises, in words, and whether it is that the database does not answer."""
    try:
        check(service)
    except SigningServiceError as error:
        return error.message, isinstance(error, DatabaseDownError)
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__})", False
    except OSError as error:
        return f"{error.strerror or type(error).__name__}", False
    return "", False


def _check_database(service: Service) -> None:
    with service.database.read() as session:
        if installation.find(session) is None:
            raise installation.missing()
    service.database.check_durability()


def _check_standby(service: Service) -> None:
    with service.database.read() as session:
        standbys = look_at_standbys(session)
    if standbys.problem:
        raise UnavailableError(standbys.problem)
    service.database.gate.check()


def _check_schema(service: Service) -> None:
    check_schema(service.database)


def _check_wall_clock(service: Service) -> None:
    """That another machine published by a wrong clock makes this one no less ready."""
    service.database.wall_clock.check(service.clock())


def _compare_clock(service: Service) -> None:
    """Places in a queue and claims on mails are held by time: machines that share a database must agree on it."""
    off = abs(off_the_database(service.database))
    if off > MOST_OFF:
        raise UnavailableError(f"this machine's clock is {off.total_seconds():.0f} seconds off the database's")


def _check_guard_file(service: Service) -> None:
    service.guard.check_writable()


def _check_guard(service: Service) -> None:
    ledger.check_guard(service.database, service.guard)


def _check_certificates(service: Service) -> None:
    now = service.clock()
    for role in PROFILES:
        if service.keys.certificate(role).not_valid_after_utc < now:
            raise ConfigurationError(f"the certificate of {role} is expired")


def _check_record_key(service: Service) -> None:
    with service.database.read() as session:
        if trust.current(session).record_key != service.record_signer.verifier_key:
            raise ConfigurationError("the record's key was replaced while this process was running")


def _check_disk(service: Service) -> None:
    folders = [service.settings.guard.absolute().parent]
    if service.database.dialect == "sqlite":
        folders.append(Path(str(service.database.url.database)).absolute().parent)
    for folder in folders:
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE:
            raise UnavailableError(f"{free >> 20} MiB are free at {folder}")


_CHECKS: tuple[tuple[str, bool, Callable[[Service], None]], ...] = (
    ("database", True, _check_database),
    ("schema", True, _check_schema),
    ("clock", False, _check_wall_clock),
    ("clock", True, _compare_clock),
    ("guard", False, _check_guard_file),
    ("guard", True, _check_guard),
    ("keys", False, _check_certificates),
    ("keys", True, _check_record_key),
    ("disk", False, _check_disk),
)
"""Each part's name, whether the database is asked, and what raises where it is not ready."""
