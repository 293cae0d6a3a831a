"""``signing-service worker``: hand over mails, resume interrupted archiving and ask log witnesses, in its own process.

``--once`` does what is due now and ends. Several workers beside each other do no harm.
"""

from __future__ import annotations

import signal

from signing_service.commands.logs import log_to_terminal, never_show_settings
from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.workflow.clock_check import open_to_write
from signing_service.workflow.rotation import tell_of_outdated_keys
from signing_service.workflow.worker import make_workers, witness_once, work_once


def main(arguments: list[str]) -> int:
    """Work until a signal ends it."""
    parser = make_parser("worker", __doc__)
    parser.add_argument("--once", action="store_true", help="do what is due now, then end")
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    log_to_terminal(settings.log_format)
    never_show_settings(settings)
    service = open_to_write(settings)
    tell_of_outdated_keys(service)
    if options.once:
        done, well = work_once(service)
        done += witness_once(service)[0]
        print(f"{done} done")
        return 0 if well else 1
    main_worker, *others = make_workers(service)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda _number, _frame: main_worker.stop(timeout=0))
    for worker in others:
        worker.start()
    print(f"working for {settings.public_url}", flush=True)
    main_worker.run()
    for worker in others:
        worker.stop()
    return 0
