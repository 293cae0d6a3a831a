"""The worker: what happens by itself. Mails go out, interrupted archiving is resumed, log witnesses are asked.

It runs as a thread of the server by default, or as a process of its own (``signing-service worker``)::

    workers = make_workers(service)
    for worker in workers:
        worker.start()
    ...
    for worker in workers:
        worker.stop()

Witnesses have a thread of their own: one that hangs holds up no mail and no archive timestamp.

Work is found in the database, never handed over in memory, so that nothing is forgotten when a process dies, and
two workers beside each other do no harm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from signing_service.errors import SigningServiceError
from signing_service.workflow.archiving import archive_all
from signing_service.workflow.delivery import deliver
from signing_service.workflow.reminders import remind_due
from signing_service.workflow.renewal import renew_due
from signing_service.workflow.witnessing import ask_witnesses

if TYPE_CHECKING:
    from signing_service.workflow.service import Service

PAUSE = 2.0  # seconds between two looks at the database
LONGEST_PAUSE = 60.0  # seconds, while something does not answer

Work = Callable[["Service"], tuple[int, bool]]

_log = logging.getLogger(__name__)


def work_once(service: Service) -> tuple[int, bool]:
    """Do all that is due now; return how much was done and whether everything answered."""
    done, well = 0, True
    for task in (deliver, archive_all, renew_due, remind_due):
        try:
            done += task(service)
        except SigningServiceError as error:
            _log.warning("%s: %s", task.__name__, error.message)
            well = False
    return done, well


def witness_once(service: Service) -> tuple[int, bool]:
    """Ask the log witnesses that are due; each has its own pauses, so that all is well with the loop."""
    return ask_witnesses(service), True


def make_workers(service: Service) -> list[Worker]:
    """The threads that this service needs: one for mails and archiving, and one for log witnesses if it has any."""
    workers = [Worker(service)]
    if service.witnesses:
        workers.append(Worker(service, work=witness_once, name="witnesses"))
    return workers


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
        pause = self._pause
        while not self._stopped.is_set():
            done, well = self._guarded(lambda: self._work(self._service))
            pause = self._pause if well else min(2 * pause, LONGEST_PAUSE)
            if not done:
                self._stopped.wait(pause)

    @staticmethod
    def _guarded(work: Callable[[], tuple[int, bool]]) -> tuple[int, bool]:
        try:
            return work()
        except Exception:
            _log.exception("the worker met an unexpected error and goes on")
            return 0, False
