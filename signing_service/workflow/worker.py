"""The worker: what happens by itself. Mails go out, interrupted archiving is resumed, log witnesses are asked.

It runs as a thread of the server by default, or as a process of its own (``signing-service worker``)::

    workers = make_workers(service)
    for worker in workers:
        worker.start()
    ...
    for worker in workers:
        worker.stop()

Witnesses, the mailbox of bounces and the clock have threads of their own: what hangs there holds up no mail and no
timestamp.

Work is found in the database, never handed over in memory, so that nothing is forgotten when a process dies, and
two workers beside each other do no harm.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

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

Work = Callable[["Service"], tuple[int, bool]]

_log = logging.getLogger(__name__)


def work_once(service: Service) -> tuple[int, bool]:
    """Do all that is due now; return how much was done and whether everything answered."""
    done, well = 0, True
    for task in (publish_the_rest, deliver, archive_all, renew_due, remind_due, forget_attempts):
        try:
            done += task(service)
        except SigningServiceError as error:
            _log.warning("%s: %s", task.__name__, error.message)
            well = False
        except Exception:
            _log.exception("%s met an unexpected error; the other tasks go on", task.__name__)
            well = False
    return done, well


def publish_the_rest(service: Service) -> int:
    """Publish what was recorded and could not be published then: the guard's disk refused, or the process died.

    Who just records something publishes it, too; whoever comes second finds the first one's checkpoint.
    """
    if not service.schedule.is_due("publication", service.clock(), UNPUBLISHED):
        return 0
    with service.database.ask() as driver:
        if unpublished_since(driver) is None:
            return 0
    service.publish()
    return 1


def forget_attempts(service: Service) -> int:
    """Sweep away the limits' counts of addresses that are over (docs/privacy.md): no work that anybody waits for."""
    if service.schedule.is_due("limits", service.clock(), SWEEP):
        DatabaseStorage(database=service.database, clock=service.clock).forget_expired()
    return 0


def witness_once(service: Service) -> tuple[int, bool]:
    """Ask the log witnesses that are due; each has its own pauses, so that all is well with the loop."""
    return ask_witnesses(service), True


def bounces_once(service: Service) -> tuple[int, bool]:
    """Read the mailbox of mail servers' reports; one that does not answer is asked again after growing pauses."""
    try:
        return take_bounces(service), True
    except SigningServiceError as error:
        _log.warning("bounces: %s", error.message)
        return 0, False


def make_workers(service: Service) -> list[Worker]:
    """The threads that this service needs: one for mails and archiving, one each for what else there is.

    That is the clock, witnesses, and bounces.
    """
    workers = [Worker(service), *make_clock_worker(service)]
    if service.witnesses:
        workers.append(Worker(service, work=witness_once, name="witnesses"))
    if service.settings.bounce_mailbox is not None:
        workers.append(Worker(service, work=bounces_once, name="bounces", pause=BOUNCES_PAUSE))
    return workers


def make_clock_worker(service: Service) -> list[Worker]:
    """The thread that every process needs which records something, where another clock can be asked."""
    if authorities_of(service) or service.database.dialect == "postgresql":
        return [Worker(service, work=clock_once, name="clock", pause=CLOCK_PAUSE)]
    return []


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
            done, well = self._guarded(lambda: self._work(self._service))
            failures = 0 if well else failures + 1
            if not well:
                self._stopped.wait(retry_pause(failures, random.random()))
            elif done < CLAIM_SIZE:  # with a whole batch there is probably more
                self._stopped.wait(min(BREATH, self._pause) if done else self._pause)

    @staticmethod
    def _guarded(work: Callable[[], tuple[int, bool]]) -> tuple[int, bool]:
        try:
            return work()
        except Exception:
            _log.exception("the worker met an unexpected error and goes on")
            return 0, False
