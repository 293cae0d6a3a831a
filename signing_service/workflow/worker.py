"""The worker: what happens by itself. Mails go out, interrupted archiving is resumed, log witnesses are asked.

It runs as a thread of the server by default, or as a process of its own (``signing-service worker``)::

    workers = make_workers(service)
    for worker in workers:
        worker.start()
    ...
    for worker in workers:
        worker.stop()

Witnesses, the mailbox of bounces, the clock and PostgreSQL's standbys have threads of their own: what hangs there holds
up no mail and no timestamp.

Work is found in the database, never handed over in memory, so that nothing is forgotten when a process dies, and
two workers beside each other do no harm.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from signing_service.errors import SigningServiceError
from signing_service.store.limits import DatabaseStorage
from signing_service.store.outbox import CLAIM_SIZE
from signing_service.store.standing import unpublished_since
from signing_service.workflow.archiving import archive_all
from signing_service.workflow.bounces import take_bounces
from signing_service.workflow.clock_check import PAUSE as CLOCK_PAUSE
from signing_service.workflow.clock_check import authorities_of, clock_once
from signing_service.workflow.delivery import deliver
from signing_service.workflow.reminders import remind_due
from signing_service.workflow.renewal import renew_due
from signing_service.workflow.standby_watch import PAUSE as STANDBY_PAUSE
from signing_service.workflow.standby_watch import watch_standby
from signing_service.workflow.witnessing import ask_witnesses

if TYPE_CHECKING:
    from signing_service.workflow.service import Service

UNPUBLISHED = timedelta(seconds=10)  # between two looks for events that no checkpoint covers
SWEEP = timedelta(minutes=5)  # between two sweeps of the limits' counts
BOUNCES_PAUSE = 60.0  # seconds between two looks into the mailbox of reports
PAUSE = 2.0  # seconds between two looks at the database
BREATH = 0.25  # seconds after a look that found little: what comes up meanwhile is done together
FIRST_RETRY, LONGEST_PAUSE = 1.0, 60.0  # seconds, while something does not answer: each time twice as long
JITTER = 0.5  # share of such a pause that is left to chance, so that workers of several machines do not ask as one

T = TypeVar("T")
Work = Callable[["Service"], tuple[int, bool]]

_log = logging.getLogger(__name__)


def work_once(service: Service) -> tuple[int, bool]:
    """Do all that is due now; return how much was done and whether everything answered.

    A task gives how much it did, None where it was not its time.
    """
    done, well = 0, True
    for task in (publish_the_rest, deliver, archive_all, renew_due, remind_due, forget_attempts):
        some, answered = _told(service, task.__name__, functools.partial(task, service))
        done, well = done + (some or 0), well and answered
    return done, well


def _told(service: Service, name: str, work: Callable[[], T | None]) -> tuple[T | None, bool]:
    """What ``work`` gives, and whether it answered; what goes on failing in one way is told of once, and its end."""
    subject = f"work of {name}"  # what the work itself finds wrong has other ones
    try:
        given = work()
    except SigningServiceError as error:
        if service.complaints.begins(subject, error.message):
            _log.warning("%s: %s", name, error.message)
        return None, False
    except Exception as error:
        if service.complaints.begins(subject, repr(error)):
            _log.exception("%s met an unexpected error and is tried again; all else goes on", name)
        return None, False
    if given is not None and service.complaints.ends(subject):
        _log.info("%s: all is well again", name)
    return given, True


def publish_the_rest(service: Service) -> int | None:
    """Publish what was recorded and could not be published then: the guard's disk refused, or the process died.

    Who just records something publishes it, too; whoever comes second finds the first one's checkpoint.
    """
    if not service.schedule.is_due("publication", service.clock(), UNPUBLISHED):
        return None
    with service.database.ask() as driver:
        if unpublished_since(driver) is None:
            return 0
    service.publish()
    return 1


def forget_attempts(service: Service) -> int | None:
    """Sweep away the limits' counts of addresses that are over (docs/privacy.md): no work that anybody waits for."""
    if not service.schedule.is_due("limits", service.clock(), SWEEP):
        return None
    DatabaseStorage(database=service.database, clock=service.clock).forget_expired()
    return 0


def witness_once(service: Service) -> tuple[int, bool]:
    """Ask the log witnesses that are due; each has its own pauses, so that all is well with the loop."""
    return ask_witnesses(service), True


def bounces_once(service: Service) -> tuple[int, bool]:
    """Read the mailbox of mail servers' reports; one that does not answer is asked again after growing pauses."""
    return take_bounces(service), True


def make_workers(service: Service) -> list[Worker]:
    """The threads that this service needs: one for mails and archiving, one each for what else there is.

    That is the clock, standbys, witnesses, and bounces.
    """
    workers = [Worker(service), *make_watchers(service)]
    if service.witnesses:
        workers.append(Worker(service, work=witness_once, name="witnesses"))
    if service.settings.bounce_mailbox is not None:
        workers.append(Worker(service, work=bounces_once, name="bounces", pause=BOUNCES_PAUSE))
    return workers


def make_watchers(service: Service) -> list[Worker]:
    """The threads that every process needs which records something: where another clock can be asked, or a standby."""
    watchers = []
    if authorities_of(service) or service.database.dialect == "postgresql":
        watchers.append(Worker(service, work=clock_once, name="clock", pause=CLOCK_PAUSE))
    if service.database.dialect == "postgresql":
        watchers.append(Worker(service, work=watch_standby, name="standby", pause=STANDBY_PAUSE))
    return watchers


def retry_pause(failures: int, chance: float) -> float:
    """Seconds to wait after so many looks in a row that failed; ``chance`` is drawn from 0 to 1."""
    longest = min(FIRST_RETRY * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE)
    return longest * (1 - JITTER * chance)


class Worker:
    """A thread that works until it is stopped; a step in progress is finished first."""

    def __init__(
        self, service: Service, *, work: Work = work_once, name: str = "worker", pause: float = PAUSE
    ) -> None:
        """``pause`` is the time in seconds between two looks when there is nothing to do."""
        self._work = work
        self._service = service
        self._pause = pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """End after the step in progress; ``timeout`` in seconds."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def run(self) -> None:
        """Work in this thread until :meth:`stop` is called from another one or from a signal handler."""
        failures = 0
        while not self._stopped.is_set():
            given, _ = _told(self._service, self._thread.name, functools.partial(self._work, self._service))
            done, well = given or (0, False)
            failures = 0 if well else failures + 1
            if not well:
                self._stopped.wait(retry_pause(failures, random.random()))
            elif done < CLAIM_SIZE:  # with a whole batch there is probably more
                self._stopped.wait(min(BREATH, self._pause) if done else self._pause)
