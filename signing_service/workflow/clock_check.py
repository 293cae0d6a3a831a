"""This machine's clock beside others': before a process writes, and every hour while it serves. ::

    service = open_to_write(settings)    # ConfigurationError where the clock is wrong
    check_clock(service)                 # the same, of a service that is open

A clock that was wrong already when the process began shows no jump. So the configured timestamp authorities are asked,
whose answers carry their own time and signature, and PostgreSQL for its clock. The greater part of the authorities
that answer decides; those that do not answer keep nobody from starting. What they say never becomes a recorded time:
whoever lies can stop what is written, and the message names who it was, but can date nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from signing_service.encoding import format_time
from signing_service.errors import ConfigurationError, TimestampError, UnavailableError
from signing_service.pki.http_authority import HttpAuthority
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.settings import Settings
from signing_service.store import agreements
from signing_service.store.database import Database, parse_url
from signing_service.store.standbys import check_standbys
from signing_service.store.standing import standing_still
from signing_service.store.wall_clock import LARGEST_STEP, THE_DATABASE
from signing_service.workflow.service import Clock, Service, open_service, read_anchors, system_clock

INTERVAL = timedelta(hours=1)  # between two comparisons in a process that goes on
PAUSE = 60.0  # seconds between two looks whether that is over, and between two comparisons of a clock in doubt

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody said of our clock."""

    source: str
    off: timedelta
    """By how much ours is ahead; negative where it is behind, zero where it may be the same."""

    @property
    def contradicts(self) -> bool:
        """Whether one of the two clocks is wrong."""
        return abs(self.off) > LARGEST_STEP


@dataclass(frozen=True, slots=True)
class Answers:
    """What the timestamp authorities answered."""

    told: tuple[Told, ...]
    silent: tuple[tuple[str, str], ...]
    """The names of those that told no time, each with the reason."""

    @property
    def against(self) -> tuple[Told, ...]:
        """Those that contradict our clock, where they are the greater part."""
        return self._if_most(tuple(one for one in self.told if one.contradicts))

    @property
    def agreeing(self) -> tuple[Told, ...]:
        """Those whose time is ours, where they are the greater part; halves decide nothing."""
        return self._if_most(tuple(one for one in self.told if not one.contradicts))

    def _if_most(self, some: tuple[Told, ...]) -> tuple[Told, ...]:
        return some if 2 * len(some) > len(self.told) else ()


def ask(authorities: Sequence[HttpAuthority], clock: Clock) -> Answers:
    """Ask all authorities for their time, at once."""
    if not authorities:
        return Answers((), ())
    with ThreadPoolExecutor(len(authorities)) as pool:
        answers = list(pool.map(lambda authority: _ask(authority, clock), authorities))
    told = tuple(one for one in answers if isinstance(one, Told))
    return Answers(told, tuple(one for one in answers if not isinstance(one, Told)))


def authorities_of(service: Service) -> list[HttpAuthority]:
    """Those outside the service."""
    return [one for one in service.authorities if isinstance(one, HttpAuthority)]


def check_clock(service: Service) -> None:
    """Compare the clock; nothing is recorded in this process while it is found wrong, and ConfigurationError raised."""
    clock, now = service.database.wall_clock, service.clock()
    answers = ask(authorities_of(service), service.clock)
    for name, reason in answers.silent:
        _log.warning("clock: not compared with %s: %s", name, reason)
    for one in answers.told:
        if one.contradicts:
            _log.error("clock: %s differs by %s from ours", one.source, abs(one.off))
    for one in answers.against:
        clock.contradict("authorities", one.source, one.off)
    if answers.agreeing:
        clock.agree("authorities")
    other = _told_by_the_database(service.database)
    if other is None:
        clock.agree("database")
    else:
        clock.contradict("database", other.source, other.off)
    clock.compared = now
    for one in (*answers.against, *([other] if other else [])):
        raise _wrong(one, now)


def check_clock_before(settings: Settings, clock: Clock = system_clock) -> None:
    """The same before there is a service; raises ConfigurationError."""
    anchors = read_anchors(settings.timestamp_anchors_file)
    against = ask([HttpAuthority(url, anchors) for url in settings.timestamp_urls], clock).against
    other = None
    if parse_url(settings.database_url).get_backend_name() != "sqlite":  # whose file is not there yet
        database = Database(settings.database_url)
        other = _told_by_the_database(database)
        database.dispose()
    for one in (*against, *([other] if other else [])):
        raise _wrong(one, clock())


def open_to_write(settings: Settings) -> Service:
    """Open a service for who records something by its clock; raises as open_service and check_clock."""
    service = open_service(settings)
    check_clock(service)
    return service


def open_to_record(settings: Settings) -> Service:
    """As open_to_write, for a command that records at once; UnavailableError where no commit would return."""
    service = open_to_write(settings)
    check_standbys(service.database)
    return service


@dataclass(frozen=True, slots=True)
class RecordAhead:
    """That the record has times which lie in the future by our clock."""

    newest: datetime
    standing: tuple[tuple[str, datetime], ...]
    """Where nothing can be recorded for that reason (a name for operators), each with the time until when."""


def record_ahead(service: Service) -> RecordAhead | None:
    """What of the record lies in the future; None where nothing does."""
    now = service.clock()
    with service.database.read() as session:
        found = standing_still(session, now)
        newest = max((one.until for one in found), default=None)
        if newest is None:
            return None
        return RecordAhead(newest, tuple((_called(session, one.scope), one.until) for one in found))


def _called(session: Session, scope: str) -> str:
    return "the service's own events" if scope == SERVICE_SCOPE else agreements.get(session, scope).reference


def clock_once(service: Service) -> tuple[int, bool]:
    """Compare the clock if that is due, or if it is in doubt; for a worker of its own.

    A database that does not answer is asked again at the next look, as a clock in doubt is, and no sooner: the
    authorities, which are asked along, have nothing to do with it.
    """
    clock, now = service.database.wall_clock, service.clock()
    recent = clock.compared is not None and timedelta(0) <= now - clock.compared < INTERVAL
    if not recent or clock.doubted:
        try:
            check_clock(service)
        except ConfigurationError as error:
            _log.error("clock: %s (%s)", error.message, error.hint)
        except UnavailableError as error:
            _log.warning("clock: not compared with the database: %s", error.message)
    return 0, True


def _ask(authority: HttpAuthority, clock: Clock) -> Told | tuple[str, str]:
    begin = clock()
    try:
        time = authority.tell_time()
    except TimestampError as error:
        return authority.name, error.message
    return Told(authority.name, _off(begin, time, clock()))


def _off(begin: datetime, time: datetime, end: datetime) -> timedelta:
    """By how much our clock is ahead of one that said ``time`` between our ``begin`` and our ``end``."""
    if begin <= time <= end:
        return timedelta(0)
    return begin - time if time < begin else end - time


def off_the_database(database: Database) -> timedelta:
    """By how much our clock is ahead of PostgreSQL's; zero on SQLite, which has none of its own."""
    if database.dialect == "sqlite":
        return timedelta(0)
    begin = system_clock()
    with database.read() as session:
        time = session.execute(select(func.clock_timestamp())).scalar_one()
    return _off(begin, time, system_clock())


def _told_by_the_database(database: Database) -> Told | None:
    """PostgreSQL, where its clock contradicts ours."""
    told = Told(THE_DATABASE, off_the_database(database))
    return told if told.contradicts else None


def _wrong(told: Told, now: datetime) -> ConfigurationError:
    return ConfigurationError(
        f"it is {format_time(now)} by this machine's clock, but {format_time(now - told.off)} by {told.source}",
        hint="nothing is recorded by a wrong clock: set it (timedatectl set-ntp true) and start again; where it is "
        "right, have the other one set right, or take the authority out of TIMESTAMP_URLS",
    )
